package httpapi

import (
	"context"
	"net/http"
	"strings"

	"patou/internal/telemetry"
)

// infoAnswer is the answer of /api/info.
type infoAnswer struct {
	Version   string            `json:"version"`
	Now       string            `json:"now" format:"date-time" doc:"The server's time."`
	Started   string            `json:"started" format:"date-time"`
	Listeners map[string]string `json:"listeners" doc:"The addresses listened at, by protocol."`
	Notes     []string          `json:"notes" doc:"Sentences to show to the reader of the page."`
	Demo      bool              `json:"demo" doc:"Whether this is the demo."`
}

// seenAnswer is a known name.
type seenAnswer struct {
	Name string `json:"name"`
	Last string `json:"last" format:"date-time" doc:"When something last came under the name."`
}

type nothing struct{}

// routeInfo registers what is known about the server and its data.
func (s *server) routeInfo() {
	ask(s, describe("info", http.MethodGet, "/api/info", "What this server is", "", reading()), s.info)
	ask(s, describe("components", http.MethodGet, "/api/components", "The components that entries came from", "", reading()),
		func(context.Context, *nothing) ([]seenAnswer, error) { return seenAnswers(s.Components), nil })
}

func (s *server) info(context.Context, *nothing) (infoAnswer, error) {
	a := infoAnswer{
		Version: s.Info.Version, Now: stamp(s.Clock.Now()), Started: stamp(s.Info.Started),
		Listeners: map[string]string{}, Notes: []string{}, Demo: s.Info.Demo,
	}
	if s.Info.Listeners != nil {
		a.Listeners = s.Info.Listeners()
	}
	if s.Info.Notes != nil {
		a.Notes = append(a.Notes, s.Info.Notes()...)
	}
	return a, nil
}

func seenAnswers(list func() []Seen) []seenAnswer {
	out := []seenAnswer{}
	if list == nil {
		return out
	}
	for _, seen := range list() {
		out = append(out, seenAnswer{seen.Name, stamp(seen.Last)})
	}
	return out
}

// ownMetrics is /metrics.
func (s *server) ownMetrics(w http.ResponseWriter) error {
	return writeText(w, "text/plain; version=0.0.4; charset=utf-8", exposition(s.Telemetry.Read()))
}

// exposition is Patou's own counters as Prometheus reads them.
func exposition(readings []telemetry.Reading) string {
	var b strings.Builder
	for _, r := range readings {
		name, kind := "patou_"+strings.Map(metricRune, r.Name), "gauge"
		if r.Counter {
			name, kind = name+"_total", "counter"
		}
		b.WriteString("# TYPE " + name + " " + kind + "\n" + name + " " + formatFloat(r.Value) + "\n")
	}
	return b.String()
}

func metricRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return '_'
}
