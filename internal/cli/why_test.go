package cli

import (
	"errors"
	"strings"
	"testing"
)

const whyAnswer = `{"from":"2026-11-20T14:05:00Z","until":"2026-11-20T14:07:00Z","onset":"2026-11-20T14:05:00Z","onset_how":"It is where p99 parts best.",
"compared":{"series":34,"entries":812,"events":1,"took_ms":7},"rows":[{"rank":1,"kind":"event","sentence":"deploy git-backend 4.18.2, right when it began (by jonas).","chance_text":"1 in 200",
"evidence":[{"kind":"pattern","sentence":"git says something new."}]},
{"rank":2,"kind":"series","sentence":"git: workers.busy rose from 0.2 to 5.","chance_text":"1 in 60 000","spark":{"values":[0,0,null,5,10]},"evidence":[]}],
"ruled_out":["traffic of git (5/s to 5/s)"],"quiet":false,"note":"","suffers":["edge.nginx"]}`

func TestWhyIsWrittenForPeopleAndForPipes(t *testing.T) {
	s := server(t)
	out, _, err := run(t, s.URL, "why", "a.b", "--from", "14:05", "-o", "table")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		" 1 deploy git-backend 4.18.2, right when it began (by jonas).\n   by chance 1 in 200\n   · git says something new.\n",
		" 2 git: workers.busy rose from 0.2 to 5.\n   ▁▁ ▅█  by chance 1 in 60 000\n",
		"Suffers: edge.nginx\n", "Ruled out: traffic of git (5/s to 5/s)\n", "Compared 34 series, 812 entries and 1 events in 7 ms.",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the table has not %q:\n%s", want, out)
		}
	}
	out, _, err = run(t, s.URL, "why", "a.b", "-o", "raw")
	if want := "1\tevent\t1 in 200\tdeploy git-backend 4.18.2, right when it began (by jonas).\n"; err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, _, err = run(t, s.URL, "why", "a.b", "-o", "json"); err != nil || !strings.HasPrefix(out, `{"from"`) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWhyNothingStandsOutIsTheAnswerNo(t *testing.T) {
	var exit *Exit
	_, _, err := run(t, server(t).URL, "why", "--component", "calm")
	if !errors.As(err, &exit) || exit.Code != CodeNo || exit.Error() != "Nothing stands out in these 2 min." {
		t.Errorf("%v", err)
	}
	if _, _, err := run(t, server(t).URL, "why", "a.b", "-o", "csv"); !errors.As(err, &exit) || exit.Code != CodeUsage {
		t.Errorf("%v", err)
	}
}

func TestSentencesBreakAtWords(t *testing.T) {
	lines := wrap("one two three four five six seven", 20)
	if strings.Join(lines, "|") != "one two three four|five six seven" {
		t.Errorf("%q", lines)
	}
	if got := blocks(nil, 40); got != "" {
		t.Errorf("a curve of nothing is %q", got)
	}
}
