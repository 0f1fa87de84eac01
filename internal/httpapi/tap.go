package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"patou/internal/ingest"
	"patou/internal/token"
)

// arrivalAnswer is something that a receiver took or refused.
type arrivalAnswer struct {
	Time     string `json:"time" format:"date-time"`
	Protocol string `json:"protocol"`
	Source   string `json:"source"`
	Raw      string `json:"raw" doc:"The line as it came, cut to 1 KiB."`
	Reason   string `json:"reason,omitempty" doc:"Why it was refused; absent when it was taken."`
	Kept     string `json:"kept,omitempty" doc:"What it became."`
}

type tapInput struct {
	Rejected bool   `query:"rejected" doc:"Only what was refused, beginning with what is kept of it."`
	Follow   bool   `query:"follow" doc:"Go on with what arrives; without it the answer ends after what is kept."`
	Match    string `query:"match" doc:"Only what contains this text."`
	Accept   string `header:"Accept"`
}

// routeTap registers the view of what arrives. It shows what the pipeline has
// not masked yet, so it is for admins alone.
func (s *server) routeTap() {
	follow(s, describe("tap", http.MethodGet, "/api/tap", "Watch what arrives",
		`Server-sent events "arrival", or one object a line where the request accepts application/x-ndjson.`,
		access{scope: token.Admin, stream: true}), "text/event-stream", reflect.TypeFor[arrivalAnswer](), s.watch)
}

func (s *server) watch(ctx context.Context, in *tapInput) (func(*stream) error, error) {
	if s.Tap == nil {
		return nil, missing("a tap")
	}
	return func(w *stream) error {
		if w.plain = strings.Contains(in.Accept, "ndjson"); w.plain {
			w.header.Set("Content-Type", "application/x-ndjson")
		}
		send := func(a arrivalAnswer) error { return w.value("arrival", a) }
		if !in.Follow {
			return s.sendKept(in, send)
		}
		return s.sendArrivals(ctx, in, w, send)
	}, nil
}

// sendKept sends what is kept of the refused.
func (s *server) sendKept(in *tapInput, send func(arrivalAnswer) error) error {
	for _, a := range s.Tap.Rejected() {
		if err := sendMatching(in, a, send); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) sendArrivals(ctx context.Context, in *tapInput, w *stream, send func(arrivalAnswer) error) error {
	arrivals, stop := s.Tap.Watch(in.Rejected) // before what is kept, so that nothing falls between
	defer stop()
	ticks := s.Clock.NewTicker(heartbeat)
	defer ticks.Stop()
	if in.Rejected {
		if err := s.sendKept(in, send); err != nil {
			return err
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Stopping:
			return nil
		case a := <-arrivals:
			err = sendMatching(in, a, send)
		case <-ticks.C():
			err = w.comment("alive")
		}
		if err != nil {
			return err
		}
	}
}

func sendMatching(in *tapInput, a ingest.Arrival, send func(arrivalAnswer) error) error {
	if in.Match != "" && !strings.Contains(a.Raw, in.Match) && !strings.Contains(a.Kept, in.Match) && !strings.Contains(a.Reason, in.Match) {
		return nil
	}
	return send(arrivalAnswer{Time: stamp(a.Time), Protocol: a.Protocol, Source: a.Source, Raw: a.Raw, Reason: a.Reason, Kept: a.Kept})
}
