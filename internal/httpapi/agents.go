package httpapi

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"patou/internal/chunk"
	"patou/internal/ingest/agent"
	"patou/internal/token"
)

// AgentSink keeps what agents send.
type AgentSink interface {
	// Busy reports that a chunk should be refused before it is read.
	Busy() bool
	// Accept keeps an encoded chunk and returns when it would survive a power
	// cut; sent is when it was, by the agent's clock, zero where it did not say.
	// The error is chunk.ErrCorrupt, ingest.ErrBusy or ingest.ErrUnavailable.
	Accept(ctx context.Context, source string, sent time.Time, body []byte) (agent.Answer, error)
}

// maxChunkBody bounds a chunk on the wire.
const maxChunkBody = 8 << 20

// routeAgents registers what agents send to.
func (s *server) routeAgents() {
	rule := access{scope: token.Write, body: chunk.ContentType}
	op := describe("sendChunk", http.MethodPost, chunk.Path, "Send what an agent collected",
		"A chunk as internal/chunk/FORMAT.md describes it. It is answered when it would survive a power cut; a repeated chunk is answered like the first.", rule)
	op.Parameters = []*huma.Param{{Name: chunk.SentHeader, In: "header", Schema: &huma.Schema{Type: "string"},
		Description: "When it is sent, by the agent's clock, in nanoseconds since 1970."}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{chunk.ContentType: {}}}
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[agent.Answer](), true, "ChunkAnswer")
	op.Responses["200"] = &huma.Response{Description: "It is kept.", Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	s.describeErrors(&op)
	s.api.OpenAPI().AddOperation(&op)
	s.handle("POST "+chunk.Path, rule, s.acceptChunk)
}

func (s *server) acceptChunk(w http.ResponseWriter, r *http.Request) error {
	switch {
	case s.Agents == nil:
		return missing("a herd")
	case s.Agents.Busy():
		return busy()
	}
	var sent time.Time
	if text := r.Header.Get(chunk.SentHeader); text != "" {
		ns, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return refuse(http.StatusBadRequest, "%s: %.40q is not a time in nanoseconds since 1970", chunk.SentHeader, text)
		}
		sent = time.Unix(0, ns)
	}
	body, release, err := s.body(w, r, maxChunkBody)
	defer release()
	if err != nil {
		return err
	}
	told, err := s.Agents.Accept(r.Context(), sourceOf(r), sent, body)
	if errors.Is(err, chunk.ErrCorrupt) {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, told)
}

// isKind reports whether a Content-Type is of a kind.
func isKind(given, kind string) bool {
	got, _, err := mime.ParseMediaType(given)
	return err == nil && got == kind
}
