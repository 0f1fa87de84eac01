package pattern

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"patou/test/shared"
)

func TestNumbersAndNamesOfThingsBecomeHoles(t *testing.T) {
	f := func(message, want string) {
		t.Helper()
		var m masker
		if got := string(m.mask(message)); got != want {
			t.Errorf("%q\n got %q\nwant %q", message, got, want)
		}
	}
	f("memory limit 512 MiB reached, spilling to disk", "memory limit <*> MiB reached, spilling to disk")
	f("took 1.5ms for -3 of 10%", "took <*> for <*> of <*>")
	f("took 1h2m3.5s, wrote 12MiB/s", "took <*>, wrote <*>")
	f("Accepted publickey for root from 10.0.0.7 port 50022 ssh2", "Accepted publickey for root from <*> port <*> ssh<*>")
	f("2024-05-07T11:59:43.954655670Z started", "<*> started")
	f("at Sat Jul 9 22:53:22 2005", "at <*>")
	f("request 7f3c1d2e-1111-4222-8333-0123456789ab done", "request <*> done")
	f("commit 9f4ef63 by 0xdeadbeef", "commit <*> by <*>")
	f("open /etc/httpd/conf/x.properties: no such file", "open <*>: no such file")
	f(`GET /a?b=c&d=1,2 HTTP/1.1"`, `GET <*> HTTP/<*>"`)
	f("see https://example.org/a?b=1 or mail root@example.org.", "see <*> or mail <*>.")
	f("TCP/IP and/or IPv4, SHA256", "TCP/IP and/or IPv4, SHA256")
	f("added blk_-1608999687919862906 to worker17", "added blk_<*> to worker<*>")
	f("deleting blk_1 blk_2 blk_3", "deleting blk_<*>")
	f("ids 1, 2, 3 and 4,5,6", "ids <*> and <*>")
	f("web-7d4b9c6f5-x2x9z is ready", "web-<*> is ready")
	f("don't say it's 'over'", "don't say it's '<*>'")
	f(`unit "nginx.service" failed`, `unit "<*>" failed`)
	f(`pod="" err="secret \"dockerhub\" not found in 3 places"`, `pod="" err="secret \"dockerhub\" not found in <*> places"`)
	f(`{"level":"info","msg":"done in 3s","id":"abc","n":4}`, `{"level":"info","msg":"done in <*>","id":"<*>","n":<*>}`)
	f(`"GET /a HTTP/1.1" 200 "-" "Mozilla/5.0 (X11; Linux x86_64)"`, `"GET <*> HTTP/<*>" <*> "<*>" "<*>"`)
	f(`203.0.113.7 - ana [20/Nov/2026:14:05:06 +0000] "GET / HTTP/2.0" 200 5 "-" "curl/8.9" 0.1`, `<*> - <*> [<*>] "GET / HTTP/<*>" <*> "<*>" "<*>" <*>`)
	f("level=info user=bob n=3", "level=info user=bob n=<*>")
	f("  a\t\tb  \nsecond line", "a b")
	f("lifetime <1 sec", "lifetime <*> sec")
	f("<13>Nov 20 14:05:06 web1 up", "<<*>>Nov <*> web<*> up")
	f("", "")
}

// mine gives the templates of messages, most frequent first.
func mine(messages ...string) []string {
	m := New(Options{})
	for _, one := range messages {
		m.Add(one)
	}
	var texts []string
	for _, one := range m.Result().Templates {
		texts = append(texts, one.Text)
	}
	slices.Sort(texts)
	return texts
}

func TestWordsThatFewTakeTurnsAtAreKeptApart(t *testing.T) {
	got := mine("interface eth0 is up now", "interface eth1 is down now", "interface eth0 is down now")
	want := []string{"interface eth<*> is down now", "interface eth<*> is up now"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestWordsThatAreManyBecomeAHole(t *testing.T) {
	var all []string
	for _, name := range []string{"ann", "bob", "carl", "dora", "eve", "fritz", "gus"} {
		all = append(all, "the account of "+name+", who was away, is locked")
	}
	if got := mine(all...); !slices.Equal(got, []string{"the account of <*>, who was away, is locked"}) {
		t.Errorf("got %q", got)
	}
}

func TestValuesOfKeysBecomeAHole(t *testing.T) {
	got := mine("lock held name=backup, since=1s", "lock held name=restore, since=2s")
	if !slices.Equal(got, []string{"lock held name=<*>, since=<*>"}) {
		t.Errorf("got %q", got)
	}
}

func TestMessagesWithinJSONAreKeptApart(t *testing.T) {
	got := mine(`{"time":"1","level":"INFO","message":"shaving yaks","target":"a","thread":4}`, `{"time":"2","level":"INFO","message":"shaving sheep","target":"b","thread":5}`)
	want := []string{`{"time":"<*>","level":"INFO","message":"shaving sheep","target":"<*>","thread":<*>}`, `{"time":"<*>","level":"INFO","message":"shaving yaks","target":"<*>","thread":<*>}`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTheOrderOfMessagesDoesNotMatter(t *testing.T) {
	messages, _ := readLabelled(t, "Linux")
	want := mine(messages...)
	r := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		r.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
		if got := mine(messages...); !slices.Equal(got, want) {
			t.Fatal("other templates in another order")
		}
	}
}

func TestCountsAddUpAndReferencesLeadToTheirTemplate(t *testing.T) {
	m := New(Options{})
	counts := map[Ref]uint64{}
	for i := range 3000 {
		counts[m.Add(fmt.Sprintf("job %d ended on host%d.example.org", i, i%7))]++
		counts[m.AddMany("all is well", 2)] += 2
	}
	r := m.Result()
	if len(r.Templates) != 2 || r.Templates[0].Text != "all is well" || r.Templates[0].ID != ID("all is well") {
		t.Fatalf("%+v", r.Templates)
	}
	byTemplate := make([]uint64, 2)
	for ref, n := range counts {
		byTemplate[r.Of(ref)] += n
	}
	for i, one := range r.Templates {
		if one.Count != byTemplate[i] {
			t.Errorf("%q: %d counted, %d by reference", one.Text, one.Count, byTemplate[i])
		}
	}
}

func TestMemoryIsBoundedAndNothingIsLost(t *testing.T) {
	m := New(Options{MaxShapes: 200, MaxTemplates: 20})
	r := rand.New(rand.NewPCG(3, 4))
	word := func() string {
		b := make([]byte, 3+r.IntN(6))
		for i := range b {
			b[i] = byte('a' + r.IntN(26))
		}
		return string(b)
	}
	var refs []Ref
	for range 5000 {
		refs = append(refs, m.Add(word()+" "+word()+" "+word()), m.Add("the usual line of "+word()+" comes again"))
	}
	if len(m.shapes) > 202 || len(m.index) > 202 {
		t.Errorf("%d shapes are held", len(m.shapes))
	}
	res := m.Result()
	if len(res.Templates) > 20 {
		t.Errorf("%d templates", len(res.Templates))
	}
	var total, usual uint64
	for _, one := range res.Templates {
		total += one.Count
		if one.Text == "the usual line of <*> comes again" {
			usual = one.Count
		}
	}
	if total != 10_000 {
		t.Errorf("%d of 10000 are counted", total)
	}
	if usual < 4500 {
		t.Errorf("%d of 5000 usual lines are found: %+v", usual, res.Templates[:3])
	}
	settled := map[Ref]bool{}
	for _, ref := range refs {
		if at := res.Of(ref); at >= len(res.Templates) || at != res.Of(m.Settled(ref)) {
			t.Fatalf("reference %d leads nowhere", ref)
		}
		settled[m.Settled(ref)] = true
	}
	if len(settled) > 202 {
		t.Errorf("%d references are left", len(settled))
	}
	for ref, s := range m.forward {
		if m.index[s.text] != s {
			t.Fatalf("reference %d holds %q, which the miner has given up", ref, s.text)
		}
	}
}

func TestAResultDoesNotEndTheMining(t *testing.T) {
	m := New(Options{})
	a := m.Add("one 1")
	m.Result()
	b := m.Add("one 2")
	r := m.Result()
	if a != b || r.Templates[r.Of(a)].Count != 2 {
		t.Errorf("%v %v %+v", a, b, r.Templates)
	}
}

func TestTheRealCorporaShrinkToFewTemplates(t *testing.T) {
	f := func(file string, most int) {
		t.Helper()
		m := New(Options{})
		n := 0
		for line := range strings.Lines(string(shared.Read(t, "logs", "pattern-mining", file))) {
			m.Add(line)
			n++
		}
		r := m.Result()
		t.Logf("%s: %d lines, %d templates", file, n, len(r.Templates))
		for _, one := range r.Templates[:min(5, len(r.Templates))] {
			t.Logf("  %6d %.160s", one.Count, one.Text)
		}
		if len(r.Templates) > most {
			t.Errorf("%s: %d templates, wanted at most %d", file, len(r.Templates), most)
		}
	}
	f("agent-logfmt.txt", 60)
	f("calico.txt", 80)
	f("drone-json.txt", 12)
	f("ingester-logfmt.txt", 5)
	f("journald.txt", 250)
	f("kubernetes.txt", 120)
}

func FuzzAnyBytesAreAMessage(f *testing.F) {
	f.Add("took 3ms", "took 4ms")
	f.Add(`a="b c d" '`, "<*> <*>,<*>")
	f.Add("\xff\x00=|", "- -1 ./ @.")
	f.Fuzz(func(t *testing.T, a, b string) {
		m := New(Options{MaxShapes: 4, MaxTemplates: 3})
		refs := []Ref{m.Add(a), m.Add(b), m.Add(b + a), m.Add(a + " " + b), m.Add(a + "=" + b), m.Add(b + "|" + b), m.Add(a)}
		r := m.Result()
		var total uint64
		for _, one := range r.Templates {
			total += one.Count
		}
		if total != uint64(len(refs)) || len(r.Templates) > 3 {
			t.Errorf("%d counted of %d, %d templates", total, len(refs), len(r.Templates))
		}
		for _, ref := range refs {
			if r.Of(ref) >= len(r.Templates) {
				t.Errorf("reference %d leads nowhere", ref)
			}
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	f := func(name string, messages []string) {
		b.Run(name, func(b *testing.B) {
			m := New(Options{})
			bytes := 0
			for i := range b.N {
				one := messages[i%len(messages)]
				m.Add(one)
				bytes += len(one)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			b.SetBytes(int64(bytes / b.N))
		})
	}
	for _, system := range []string{"HDFS", "Linux", "OpenStack"} {
		messages, _ := readLabelled(b, system)
		f(system, messages)
	}
	f("short", []string{"memory limit 512 reached, spilling to disk", "took 12ms", "connection reset by peer"})
	f("logfmt", strings.Split(string(shared.Read(b, "logs", "pattern-mining", "agent-logfmt.txt")), "\n"))
}

// Lines that have nothing in common are the most work.
func BenchmarkAddOfNoTemplates(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([]string, 60_000)
	for i := range lines {
		words := make([]string, 20)
		for w := range words {
			words[w] = strings.Repeat(string([]byte{byte('a' + r.IntN(26)), byte('a' + r.IntN(26)), byte('a' + r.IntN(26))}), 2)
		}
		lines[i] = strings.Join(words, " ")
	}
	b.ResetTimer()
	m := New(Options{})
	for i := range b.N {
		m.Add(lines[i%len(lines)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkResult(b *testing.B) {
	m := New(Options{})
	for _, system := range labelled() {
		messages, _ := readLabelled(b, system)
		for _, one := range messages {
			m.Add(one)
		}
	}
	b.ResetTimer()
	for range b.N {
		m.Result()
	}
	b.ReportMetric(float64(len(m.shapes)), "shapes")
}
