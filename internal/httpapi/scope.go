package httpapi

import (
	"context"
	"net/http"

	"patou/internal/query/scope"
)

// maxTargets bounds the targets of one question.
const maxTargets = 100

type scopeInput struct {
	Span
	Targets []string `query:"target,explode" required:"true" minItems:"1" maxItems:"100" doc:"Graphite targets, as in a graph."`
}

// routeScope registers the question what a graph is about.
func (s *server) routeScope() {
	ask(s, describe("scope", http.MethodGet, "/api/scope", "What a graph is about",
		"The stored series behind each target, the component and host of each, and how they were found; the query that shows their entries, and the order to look at them in.",
		querying()), s.scope)
}

func (s *server) scope(ctx context.Context, in *scopeInput) (*scope.Scope, error) {
	if s.Origins == nil {
		return nil, missing("a store of series")
	}
	now := s.Clock.Now().UTC()
	r, err := in.read(now)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	drawn, err := s.Origins(ctx, in.Targets, r, now)
	if err != nil {
		return nil, err
	}
	known := scope.Known{Components: names(s.Components), Hosts: names(s.SentBy)}
	return scope.Find(drawn, known, s.Templates, r), nil
}

func names(list func() []Seen) []string {
	if list == nil {
		return nil
	}
	var out []string
	for _, seen := range list() {
		out = append(out, seen.Name)
	}
	return out
}
