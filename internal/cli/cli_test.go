package cli

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

const entryLine = `{"time":"2026-11-20T14:05:06.123Z","component":"web.nginx","host":"web01","level":"error","message":"upstream\u001b[31m timed out","fields":{"path":"/a","status":"504"},"id":"2s-1"}` + "\n"

// server answers as a Patou does.
func server(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/logs", func(w http.ResponseWriter, r *http.Request) {
		switch q := r.URL.Query().Get("q"); {
		case q == "bad |":
			http.Error(w, `{"error":"column 6: a pipe is wanted here"}`, http.StatusBadRequest)
		case q == "nothing":
		case strings.Contains(q, "count"):
			fmt.Fprint(w, `{"component":"web.nginx","count":12}`+"\n"+`{"component":"db","count":3}`+"\n")
		default:
			fmt.Fprint(w, entryLine)
		}
	})
	mux.HandleFunc("GET /api/logs/tail", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "event: entry\ndata: %s\nevent: dropped\ndata: {\"count\":7}\n\n", entryLine)
	})
	mux.HandleFunc("GET /render", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("target") == "none" {
			fmt.Fprint(w, "[]")
			return
		}
		fmt.Fprint(w, `[{"target":"a.b","datapoints":[[1.5,1795183500],[null,1795183510],[3,1795183520]]}]`)
	})
	mux.HandleFunc("GET /api/why", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("component") == "calm" {
			fmt.Fprint(w, `{"rows":[],"quiet":true,"note":"Nothing stands out in these 2 min."}`)
			return
		}
		fmt.Fprint(w, whyAnswer)
	})
	mux.HandleFunc("GET /api/tap", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "data: {\"time\":\"t\",\"protocol\":\"carbon\",\"source\":\"10.0.0.9\",\"raw\":\"x y\",\"reason\":\"want three fields\"}\n\n")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func run(t *testing.T, address string, args ...string) (out, notes string, err error) {
	t.Helper()
	root := &cobra.Command{Use: "patou", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(Commands()...)
	var stdout, stderr bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(append(args, "--server", address))
	err = root.ExecuteContext(t.Context())
	return stdout.String(), stderr.String(), err
}

func TestAnswersInEachForm(t *testing.T) {
	s := server(t)
	f := func(want string, args ...string) {
		t.Helper()
		out, _, err := run(t, s.URL, args...)
		if err != nil {
			t.Errorf("%v: %v", args, err)
		}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("%v (-want +got):\n%s", args, diff)
		}
	}
	f("2026-11-20T14:05:06.123Z error web.nginx web01 upstream\uFFFD[31m timed out\n", "logs", "x")
	f(entryLine, "logs", "x", "-o", "ndjson")
	f("[\n"+strings.TrimSpace(entryLine)+"\n]\n", "logs", "x", "-o", "json")
	f("time,level,component,host,message,id\n2026-11-20T14:05:06.123Z,error,web.nginx,web01,upstream\u001b[31m timed out,2s-1\n", "logs", "x", "-o", "csv")
	f("web.nginx\t12\ndb\t3\n", "logs", "x | count by component")
	f("component  count\nweb.nginx  12\ndb         3\n", "logs", "x | count by component", "-o", "table")
	f("a.b\t1795183500\t1.5\na.b\t1795183510\t\na.b\t1795183520\t3\n", "render", "a.b")
	f("t carbon 10.0.0.9 x y\n    refused: want three fields\n", "tap", "--rejected")
}

func TestATableOfEntriesHasColourAndNoSteering(t *testing.T) {
	out, _, err := run(t, server(t).URL, "logs", "x", "-o", "table")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x1b[31merror", "web.nginx", "timed out", "path=", "504"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q lacks %q", out, want)
		}
	}
	if strings.Contains(out, "upstream\x1b") {
		t.Error("a message steers the terminal")
	}
}

func TestAGraphIsDrawnInDots(t *testing.T) {
	out, _, err := run(t, server(t).URL, "render", "a.b", "-o", "table")
	if err != nil || !strings.Contains(out, "last 3  min 1.5  max 3") || !strings.ContainsAny(out, "⠁⠂⠄⡀⠈⠐⠠⢀⢸⡇") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFollowingTellsWhatWasLeftOut(t *testing.T) {
	out, notes, err := run(t, server(t).URL, "logs", "--follow", "x", "-o", "ndjson")
	if err != nil || out != entryLine || !strings.Contains(notes, "7 entries were left out") {
		t.Errorf("%v %q %q", err, out, notes)
	}
}

func TestExitCodes(t *testing.T) {
	s := server(t)
	f := func(want int, address string, args ...string) {
		t.Helper()
		_, _, err := run(t, address, args...)
		var exit *Exit
		if !errors.As(err, &exit) || exit.Code != want {
			t.Errorf("%v: %v, want exit code %d", args, err, want)
		}
	}
	f(CodeNo, s.URL, "logs", "nothing")
	f(CodeUsage, s.URL, "logs", "bad |")
	f(CodeUsage, s.URL, "logs", "x", "-o", "xml")
	f(CodeNo, s.URL, "render", "none")
	f(CodeUnreachable, "http://127.0.0.1:1", "logs", "x")
}
