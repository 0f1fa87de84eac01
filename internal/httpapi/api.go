package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"patou/internal/token"
)

// newAPI is the part of the routes that the OpenAPI document describes. The
// document is served by routeOwn, and nothing else of huma's own routes.
func (s *server) newAPI() huma.API {
	c := huma.DefaultConfig("Patou", s.Info.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Info.Description = "Metrics, logs and events of one herd of machines. Times are Graphite's (-1h, now, 14:05_20161120, epoch seconds), RFC 3339, or durations (5m, -5m)."
	c.CreateHooks = nil // no $schema in answers
	c.Transformers = []huma.Transformer{sayInOneSentence}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	api := huma.NewAPI(c, adapter{s})
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) { next(plainStatus{ctx}) })
	return api
}

// adapter registers huma's operations like all other routes.
type adapter struct{ s *server }

// Handle registers an operation under the access rule in its metadata.
func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	rule, _ := op.Metadata["access"].(access)
	a.s.handle(op.Method+" "+op.Path, rule, func(w http.ResponseWriter, r *http.Request) error {
		handler(humago.NewContext(op, r, w))
		return nil
	})
}

// ServeHTTP serves like the server.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.s.ServeHTTP(w, r) }

// humaContext names huma.Context so that it can be embedded beside its method
// Context.
type humaContext = huma.Context

// plainStatus makes huma's 422 a 400: a bad request is a bad request.
type plainStatus struct{ humaContext }

// SetStatus sends the status.
func (c plainStatus) SetStatus(status int) {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	c.humaContext.SetStatus(status)
}

// Unwrap lets humago find its own context.
func (c plainStatus) Unwrap() huma.Context { return c.humaContext }

// sayInOneSentence makes huma's errors ours.
func sayInOneSentence(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	var parts []string
	for _, d := range m.Errors {
		where := strings.TrimPrefix(strings.TrimPrefix(d.Location, "query."), "path.")
		parts = append(parts, fmt.Sprintf("%s: %s", where, d.Message))
	}
	if len(parts) == 0 {
		parts = []string{m.Detail}
	}
	return &failure{Status: m.Status, Text: strings.Join(parts, "; ")}, nil
}

// document is the OpenAPI document of all routes that were registered.
func (s *server) document() ([]byte, error) {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // huma's own form of errors, which is never sent
	delete(schemas, "ErrorDetail")
	for _, schema := range schemas {
		for _, property := range schema.Properties {
			property.Nullable = property.Nullable && property.Type != huma.TypeArray // no list of ours is null
		}
	}
	text, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	return text, nil
}

// describe is an operation of the document.
func describe(id, method, path, summary, description string, a access) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, Description: description,
		Metadata:  map[string]any{"access": a},
		Responses: map[string]*huma.Response{},
	}
	if a.scope != "" {
		op.Security = []map[string][]string{{"token": {string(a.scope)}}}
	}
	return op
}

// answer is a JSON body to huma.
type answer[T any] struct{ Body T }

// ask registers an operation that answers with one JSON value.
func ask[In, Out any](s *server, op huma.Operation, f func(ctx context.Context, in *In) (Out, error)) {
	s.describeErrors(&op)
	huma.Register(s.api, op, func(ctx context.Context, in *In) (*answer[Out], error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, s.humaError(err)
		}
		return &answer[Out]{out}, nil
	})
}

// follow registers an operation whose answer is written piece by piece. What f
// returns writes it; an error of f itself is answered as JSON. Item is the type
// of one piece in the document.
func follow[In any](s *server, op huma.Operation, contentType string, item reflect.Type, f func(ctx context.Context, in *In) (func(w *stream) error, error)) {
	s.describeErrors(&op)
	schema := s.api.OpenAPI().Components.Schemas.Schema(item, true, "")
	op.Responses["200"] = &huma.Response{Description: "A stream of these.", Content: map[string]*huma.MediaType{contentType: {Schema: schema}}}
	huma.Register(s.api, op, func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		write, err := f(ctx, in)
		if err != nil {
			return nil, s.humaError(err)
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			r, w := humago.Unwrap(c)
			t := s.newStream(w, contentType)
			t.end(w, r, write(t))
		}}, nil
	})
}

// humaError maps an error before huma sees it. Where the client is gone nothing
// is read, so anything may be answered.
func (s *server) humaError(err error) error {
	f := s.failureOf(err)
	if f.why != "" {
		s.counter(f.why).Inc()
	}
	if h := f.GetHeaders(); h != nil {
		return huma.ErrorWithHeaders(f, h)
	}
	return f
}

// describeErrors adds the one form of errors to an operation's answers.
func (s *server) describeErrors(op *huma.Operation) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[failure](), true, "Error")
	op.Responses["default"] = &huma.Response{
		Description: "What is wrong, and what would be right.",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}
}

// reading is the access of questions that cost little, querying of those that
// may cost much.
func reading() access  { return access{scope: token.Read} }
func querying() access { return access{scope: token.Read, query: true, form: true} }

// stamp is a time as the API writes it: RFC 3339 with nanoseconds, in UTC.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z07:00") }

// missing is answered by routes whose door nobody gave.
func missing(what string) error {
	return refuse(http.StatusServiceUnavailable, "this server runs without %s", what)
}

// isCancelled reports whether an error only says that the client left.
func isCancelled(err error) bool { return errors.Is(err, context.Canceled) || errors.Is(err, errGone) }
