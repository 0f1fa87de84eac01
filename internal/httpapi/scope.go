package httpapi

import (
	"context"
	"net/http"

	"patou/internal/query/scope"
)

type scopeInput struct {
	Span
	Targets []string `query:"target,explode" required:"true" minItems:"1" maxItems:"500" doc:"Graphite targets, as in a graph."`
}

// routeScope registers the question what a graph is about.
func (s *server) routeScope() {
	ask(s, describe("scope", http.MethodGet, "/api/scope", "What a graph is about",
		"The stored series behind each target, the component and host of each, and how they were found; the query that shows their entries, and the order to look at them in.",
		querying()), s.scope)
}

func (s *server) scope(ctx context.Context, in *scopeInput) (*scope.Scope, error) {
	if s.engine == nil {
		return nil, missing("a store of series")
	}
	now := s.Clock.Now().UTC()
	r, err := in.read(now)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	origins, err := s.engine.Origins(ctx, in.Targets, r, now)
	if err != nil {
		return nil, err
	}
	var drawn []scope.Drawn
	for _, o := range origins {
		drawn = append(drawn, scope.Drawn{Target: o.Target, Series: o.Sources})
	}
	known := scope.Known{Components: names(s.Components), Hosts: s.hostNames()}
	return scope.Find(drawn, known, s.Templates, r), nil
}

// hostNames are the hosts that agents tell of and those that entries name.
func (s *server) hostNames() []string {
	all := names(s.SentBy)
	if s.Herd != nil {
		for _, h := range s.Herd.Hosts() {
			all = append(all, h.Name)
		}
	}
	return all
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
