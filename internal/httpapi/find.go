package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"patou/internal/metric"
	"patou/internal/query/graphite"
	"patou/internal/timerange"
)

// maxDepth is how many nodes of a name /metrics/index.json goes down.
const maxDepth = 64

// metricsOrFind is /metrics: Graphite's find when it carries a query, else
// Patou's own counters for Prometheus.
func (s *server) metricsOrFind(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost || r.URL.Query().Has("query") || strings.HasPrefix(r.URL.Path, "/graphite") {
		return s.inTurn(w, r, s.find)
	}
	return s.ownMetrics(w)
}

// find is /metrics/find.
func (s *server) find(w http.ResponseWriter, r *http.Request) error {
	p, err := s.graphiteQuestion(w, r)
	if err != nil {
		return err
	}
	query := p.Get("query")
	if query == "" {
		return refuse(http.StatusBadRequest, "query: it is missing: ask for the nodes below another with %q, at the top with %q", "a.b.*", "*")
	}
	o := graphite.FindOptions{Query: query, Wildcards: p.flag("wildcards")}
	if o.Range, err = p.findRange(); err != nil {
		return err
	}
	pattern := query
	if p.Get("format") == "completer" {
		pattern = graphite.CompleterPattern(query)
	}
	nodes, err := s.Series.Find(r.Context(), pattern, o.Range)
	if err != nil {
		return err
	}
	if p.flag("leavesOnly") {
		nodes = slices.DeleteFunc(slices.Clone(nodes), func(n metric.Node) bool { return !n.Leaf })
	}
	text, err := p.findText(nodes, o)
	if err != nil {
		return err
	}
	return writeText(w, "application/json", string(text))
}

func (p *parameters) findText(nodes []metric.Node, o graphite.FindOptions) ([]byte, error) {
	switch format := p.Get("format"); format {
	case "", "treejson":
		return graphite.TreeJSON(nodes, o)
	case "json":
		return graphite.PathsJSON(nodes, o)
	case "completer":
		return graphite.CompleterJSON(nodes, o)
	case "nodelist":
		return graphite.NodeListJSON(nodes)
	default:
		return nil, refuse(http.StatusBadRequest, "format: %.40q is not served: ask for treejson, json, completer or nodelist", format)
	}
}

// findRange is when a series must have data to be found: ever, unless from says
// otherwise.
func (p *parameters) findRange() (timerange.Range, error) {
	r := timerange.Range{Until: p.now.UnixNano()}
	for name, end := range map[string]*int64{"from": &r.From, "until": &r.Until} {
		if text := p.Get(name); text != "" && text != "-1" && text != "0" {
			t, err := timerange.Parse(text, p.now, p.now.Location())
			if err != nil {
				return r, badParameter(name, err)
			}
			*end = t.UnixNano()
		}
	}
	if r.From > r.Until {
		r.From, r.Until = r.Until, r.From
	}
	return r, nil
}

// expand is /metrics/expand: the full names that patterns stand for.
func (s *server) expand(w http.ResponseWriter, r *http.Request) error {
	p, err := s.graphiteQuestion(w, r)
	if err != nil {
		return err
	}
	queries := p.Values["query"]
	if len(queries) == 0 || len(queries) > maxTargets {
		return refuse(http.StatusBadRequest, "query: there are %d: give 1 to %d", len(queries), maxTargets)
	}
	when, err := p.findRange()
	if err != nil {
		return err
	}
	var all []metric.Node
	byQuery := map[string][]metric.Node{}
	for _, query := range queries {
		nodes, err := s.Series.Find(r.Context(), query, when)
		if err != nil {
			return err
		}
		all, byQuery[query] = append(all, nodes...), nodes
	}
	text, err := graphite.ExpandJSON(all, p.flag("leavesOnly"))
	if p.flag("groupByExpr") {
		text, err = graphite.ExpandGroupsJSON(byQuery, p.flag("leavesOnly"))
	}
	if err != nil {
		return err
	}
	return writeText(w, "application/json", string(text))
}

// index is /metrics/index.json: the names of all series.
func (s *server) index(w http.ResponseWriter, r *http.Request) error {
	p, err := s.graphiteQuestion(w, r)
	if err != nil {
		return err
	}
	var leaves []metric.Node
	pattern := "*"
	for range maxDepth {
		nodes, err := s.Series.Find(r.Context(), pattern, timerange.Range{Until: p.now.UnixNano()})
		if err != nil {
			return err
		}
		deeper := false
		for _, n := range nodes {
			deeper = deeper || n.Branch
			if n.Leaf {
				leaves = append(leaves, n)
			}
		}
		if !deeper {
			break
		}
		pattern += ".*"
	}
	text, err := graphite.IndexJSON(leaves)
	if err != nil {
		return err
	}
	return writeText(w, "application/json", string(text))
}
