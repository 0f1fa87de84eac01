// Package scope finds what a graph is about: the components and hosts behind
// its series, how each was found, and the log query that shows their entries.
//
// Invariant: it is a pure function of its input; every host and component it
// names comes with the reason as a sentence, and the first rule that finds one
// wins. It cannot fail: where nothing is found the scope is everything, and
// says so.
package scope

import (
	"slices"
	"time"

	"patou/internal/timerange"
)

// Drawn is one target of a graph and the stored series behind what it draws.
type Drawn struct {
	Target string
	Series []string
}

// Known is what entries were seen of.
type Known struct {
	Components []string
	Hosts      []string
}

// Scope is what a graph is about, as the API gives it.
type Scope struct {
	// From and Until are RFC 3339 with nanoseconds, UTC.
	From  string `json:"from"`
	Until string `json:"until"`
	// Series are the stored series behind the graph, each once a target, at
	// most 1,000.
	Series     []Series `json:"series"`
	Components []Found  `json:"components"`
	Hosts      []Found  `json:"hosts"`
	// Query selects the entries, in the log query language; "" for all.
	Query string `json:"query"`
	// Order is "slowest" or "newest"; Slowest is the field to sort by when it
	// is "slowest".
	Order   string `json:"order"`
	Slowest string `json:"slowest,omitempty"`
}

// Series is one stored series and what its name says.
type Series struct {
	Target    string `json:"target"`
	Series    string `json:"series"`
	Component string `json:"component"`
	Host      string `json:"host"`
	// How says how they were found, as one or two sentences.
	How string `json:"how"`
	// Query selects the entries behind this series alone.
	Query string `json:"query"`
}

// Found is a component or a host and how it was found.
type Found struct {
	Name string `json:"name"`
	How  string `json:"how"`
}

// The orders that entries are best looked at in.
const (
	Newest  = "newest"
	Slowest = "slowest"
)

// maxSeries bounds the answer; a graph of more shows nothing of each.
const maxSeries = 1000

// Find looks at each drawn series and gathers what they are about.
func Find(drawn []Drawn, known Known, templates []Template, r timerange.Range) *Scope {
	f := newFinder(known, templates)
	s := &Scope{
		From: stamp(r.From), Until: stamp(r.Until), Order: Newest,
		Series: []Series{}, Components: []Found{}, Hosts: []Found{},
	}
	var all []origin
	for _, d := range drawn {
		for _, name := range slices.Compact(slices.Sorted(slices.Values(d.Series))) {
			if len(s.Series) == maxSeries {
				break
			}
			o := f.origin(name)
			all = append(all, o)
			s.add(d.Target, name, &o)
		}
	}
	s.Query = joinQueries(all)
	if field, ok := slowest(all); ok {
		s.Order, s.Slowest = Slowest, field
	}
	return s
}

func (s *Scope) add(target, name string, o *origin) {
	s.Series = append(s.Series, Series{
		Target: target, Series: name, Component: o.component, Host: o.host, How: o.how(), Query: o.query(),
	})
	s.Components = addFound(s.Components, o.component, o.componentHow)
	s.Hosts = addFound(s.Hosts, o.host, o.hostHow)
}

func addFound(list []Found, name, how string) []Found {
	if name == "" || slices.ContainsFunc(list, func(f Found) bool { return f.Name == name }) {
		return list
	}
	return append(list, Found{name, how})
}

// slowest is the field that all series take a time from.
func slowest(all []origin) (field string, ok bool) {
	for i, o := range all {
		if o.slowest == "" || i > 0 && o.slowest != field {
			return "", false
		}
		field = o.slowest
	}
	return field, len(all) > 0
}

func stamp(ns int64) string {
	return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// Namer tells of many series what each is about. It never changes and may be
// used by several goroutines.
type Namer struct{ finder *finder }

// NewNamer makes a namer of what is known.
func NewNamer(known Known, templates []Template) *Namer {
	return &Namer{newFinder(known, templates)}
}

// Of is the component and the host that a series is about, "" for none found.
func (n *Namer) Of(series string) (component, host string) {
	o := n.finder.origin(series)
	return o.component, o.host
}

// Query selects the entries behind a series; "" for all.
func (n *Namer) Query(series string) string {
	o := n.finder.origin(series)
	return o.query()
}
