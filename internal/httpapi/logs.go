package httpapi

import (
	"context"
	"net"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"patou/internal/clock"
	"patou/internal/entry"
	"patou/internal/ingest"
	"patou/internal/query/logs"
	"patou/internal/token"
)

// maxKey bounds an idempotency key in bytes.
const maxKey = 200

// heartbeat is how often a quiet stream says that it is alive.
const heartbeat = 15 * time.Second

// acceptAnswer is what a sender of entries is told. Error is set when nothing
// was accepted.
type acceptAnswer struct {
	Error string `json:"error,omitempty" doc:"Set when no line was accepted."`
	ingest.Answer
}

// routeLogs registers what takes, follows and finds entries.
func (s *server) routeLogs() {
	op := describe("sendLogs", http.MethodPost, "/api/logs", "Send entries",
		"Newline-delimited JSON. Keys time (RFC 3339, or a number: seconds, ms, µs or ns by magnitude), component, host, level and message; every other key is a field. "+
			"It is answered when what was accepted would survive a power cut. A repeated Idempotency-Key gets the first answer for 24 hours.",
		access{scope: token.Write})
	s.documentSend(&op)
	s.handle("POST /api/logs", access{scope: token.Write}, s.acceptLogs)
	follow(s, describe("tailLogs", http.MethodGet, "/api/logs/tail", "Follow entries as they arrive",
		`Server-sent events: "entry" with an entry, "dropped" with {"count": n} when the reader was too slow for n entries.`,
		access{scope: token.Read, stream: true}), "text/event-stream", reflect.TypeFor[entryAnswer](), s.tailLogs)
	follow(s, describe("findLogs", http.MethodGet, "/api/logs", "Find entries, or count them",
		"One entry a line, or one row a line where the query ends in an aggregation. An error after the first line is a last line with the key error.",
		access{scope: token.Read, query: true, stream: true}), "application/x-ndjson", reflect.TypeFor[entryAnswer](), s.findLogs)
}

// documentSend describes a route that is not registered through huma, because
// its body is not one JSON value.
func (s *server) documentSend(op *huma.Operation) {
	registry := s.api.OpenAPI().Components.Schemas
	op.Parameters = []*huma.Param{{Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: "string"},
		Description: "Names the body: a repeat is answered like the first and keeps nothing twice."}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/x-ndjson": {}}}
	schema := registry.Schema(reflect.TypeFor[acceptAnswer](), true, "SendAnswer")
	op.Responses["200"] = &huma.Response{Description: "At least one line was accepted.",
		Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	s.describeErrors(op)
	s.api.OpenAPI().AddOperation(op)
}

func (s *server) acceptLogs(w http.ResponseWriter, r *http.Request) error {
	if s.Sink == nil {
		return missing("a store of entries")
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return refuse(http.StatusBadRequest, "Idempotency-Key: it has %d bytes, and %d are the most", len(key), maxKey)
	}
	body, release, err := s.body(w, r, s.logBody)
	defer release()
	if err != nil {
		return err
	}
	told, err := s.Sink.Accept(r.Context(), sourceOf(r), key, body)
	if err != nil {
		return err
	}
	out := acceptAnswer{Answer: told}
	w.Header().Set("Content-Type", "application/json")
	if out.Rejected == nil {
		out.Rejected = []ingest.Rejected{}
	}
	if told.Accepted == 0 {
		out.Error = `no line was accepted: each is a JSON object, as in {"component": "webapp", "level": "info", "message": "hello"}`
		w.WriteHeader(http.StatusBadRequest)
	}
	return writeJSON(w, out)
}

// sourceOf is who sent a request: the address of the other end of the
// connection. What a proxy says of others is not believed.
func sourceOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

type tailInput struct {
	Q string `query:"q" doc:"A query in the log language, without pipes that need all entries first."`
}

func (s *server) tailLogs(ctx context.Context, in *tailInput) (func(*stream) error, error) {
	if s.Hub == nil {
		return nil, missing("a stream of entries")
	}
	q, err := logs.Parse(in.Q)
	if err != nil {
		return nil, badParameter("q", err)
	}
	row, err := q.Live()
	if err != nil {
		return nil, badParameter("q", err)
	}
	return func(w *stream) error {
		f := s.Hub.Follow(q.Match)
		defer f.Close()
		ticks := s.Clock.NewTicker(heartbeat)
		defer ticks.Stop()
		return s.tail(ctx, w, f, row, ticks)
	}, nil
}

// tail sends entries until the client leaves. Those left out are told once there
// is room again.
func (s *server) tail(ctx context.Context, w *stream, f *ingest.Follower, live func(*entry.Entry) *logs.Row, ticks clock.Ticker) error {
	if err := w.comment("following"); err != nil {
		return err
	}
	var buf []byte
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Stopping:
			return nil
		case e := <-f.Entries():
			if row := live(&e); row != nil {
				buf = row.AppendJSON(buf[:0])
				err = w.event("entry", buf, len(f.Entries()) > 0)
			}
		case <-ticks.C():
			err = w.comment("alive")
		}
		if n := f.Dropped(); err == nil && n > 0 {
			s.counter("tail_dropped").Add(int(n))
			err = w.value("dropped", map[string]int64{"count": n})
		}
		if err != nil {
			return err
		}
	}
}
