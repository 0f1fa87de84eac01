package graphite

import (
	"encoding/json"
	"slices"
	"strings"

	"patou/internal/metric"
	"patou/internal/timerange"
)

// FindOptions shape the answers of /metrics/find.
type FindOptions struct {
	// Query is the pattern that was asked.
	Query string
	// Wildcards puts an entry * before several.
	Wildcards bool
	// Range is what json answers as the interval in which a series has data.
	Range timerange.Range
}

// CompleterPattern is what to find for /metrics/find?format=completer: the
// query with a * at its end, two dots standing for .*.
func CompleterPattern(query string) string {
	query = strings.ReplaceAll(query, "..", "*.")
	if !strings.HasSuffix(query, "*") {
		query += "*"
	}
	return query
}

// lastNode is the node after the last dot, and the path with the dot before it.
func lastNode(path string) (prefix, name string) {
	path, _, _ = strings.Cut(path, ";")
	i := strings.LastIndexByte(path, '.') + 1
	return path[:i], path[i:]
}

// merged has each path once, sorted, branches and leaves of the same path as
// one node.
func merged(nodes []metric.Node) []metric.Node {
	nodes = slices.Clone(nodes)
	slices.SortFunc(nodes, func(a, b metric.Node) int { return strings.Compare(a.Path, b.Path) })
	out := nodes[:0]
	for _, n := range nodes {
		if k := len(out) - 1; k >= 0 && out[k].Path == n.Path {
			out[k].Leaf, out[k].Branch = out[k].Leaf || n.Leaf, out[k].Branch || n.Branch
			continue
		}
		out = append(out, n)
	}
	return out
}

// treeNode is an entry of treejson, as the browsers of dashboards read it.
type treeNode struct {
	Text          string   `json:"text"`
	ID            string   `json:"id"`
	AllowChildren int      `json:"allowChildren"`
	Expandable    int      `json:"expandable"`
	Leaf          int      `json:"leaf"`
	Context       struct{} `json:"context"`
}

// TreeJSON is the answer of format=treejson: the last nodes of the paths, those
// with more below first. A path that is both stands once for each. The ids
// keep the globs of the query's beginning, so that opening a node searches on.
func TreeJSON(nodes []metric.Node, o FindOptions) ([]byte, error) {
	prefix, _ := lastNode(o.Query)
	seen := map[treeNode]bool{}
	list := []treeNode{}
	add := func(name string, branch bool) {
		n := treeNode{Text: name, ID: prefix + name, Leaf: 1}
		if branch {
			n.AllowChildren, n.Expandable, n.Leaf = 1, 1, 0
		}
		if !seen[n] {
			seen[n] = true
			list = append(list, n)
		}
	}
	nodes = merged(nodes)
	for _, branch := range []bool{true, false} {
		for _, n := range nodes {
			if branch && n.Branch || !branch && n.Leaf {
				add(nodeText(n, branch), branch)
			}
		}
	}
	if o.Wildcards && len(list) > 1 {
		any := treeNode{Text: "*", ID: prefix + "*", Leaf: 1}
		if slices.ContainsFunc(nodes, func(n metric.Node) bool { return n.Branch }) {
			any.AllowChildren, any.Expandable, any.Leaf = 1, 1, 0
		}
		list = append([]treeNode{any}, list...)
	}
	return json.Marshal(list)
}

// nodeText is a node's own name; a tagged series is shown with its tags.
func nodeText(n metric.Node, branch bool) string {
	prefix, name := lastNode(n.Path)
	if branch {
		return name
	}
	return n.Path[len(prefix):]
}

// PathsJSON is the answer of format=json: [{"path","is_leaf","intervals"}].
func PathsJSON(nodes []metric.Node, o FindOptions) ([]byte, error) {
	type interval struct {
		Start int64 `json:"start"`
		End   int64 `json:"end"`
	}
	type entry struct {
		Path      string     `json:"path"`
		IsLeaf    bool       `json:"is_leaf"`
		Intervals []interval `json:"intervals"`
	}
	list := []entry{}
	for _, n := range merged(nodes) {
		e := entry{Path: n.Path, IsLeaf: n.Leaf, Intervals: []interval{}}
		if n.Leaf && o.Range.Until > o.Range.From {
			e.Intervals = append(e.Intervals, interval{floorDiv(o.Range.From, 1e9), floorDiv(o.Range.Until, 1e9)})
		}
		list = append(list, e)
	}
	return json.Marshal(list)
}

// CompleterJSON is the answer of format=completer:
// {"metrics":[{"path","name","is_leaf":"0"|"1"}]}, a branch's path ending with a dot.
func CompleterJSON(nodes []metric.Node, o FindOptions) ([]byte, error) {
	type entry struct {
		Path   string `json:"path"`
		Name   string `json:"name"`
		IsLeaf string `json:"is_leaf"`
	}
	list := []entry{}
	prefix, _ := lastNode(o.Query)
	nodes = merged(nodes)
	for _, n := range nodes {
		_, name := lastNode(n.Path)
		if n.Branch {
			list = append(list, entry{n.Path + ".", name, "0"})
		}
		if n.Leaf {
			list = append(list, entry{n.Path, nodeText(n, false), "1"})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	if o.Wildcards && len(list) > 1 {
		list = append([]entry{{prefix + "*", "*", "0"}}, list...)
	}
	return json.Marshal(map[string]any{"metrics": list})
}

// NodeListJSON is the answer of format=nodelist: {"nodes":["last","nodes",…]}.
func NodeListJSON(nodes []metric.Node) ([]byte, error) {
	names := []string{}
	for _, n := range nodes {
		_, name := lastNode(n.Path)
		names = append(names, name)
	}
	slices.Sort(names)
	return json.Marshal(map[string]any{"nodes": slices.Compact(names)})
}

// pathList is the paths alone, sorted; leaves only, or all.
func pathList(nodes []metric.Node, leavesOnly bool) []string {
	paths := []string{}
	for _, n := range merged(nodes) {
		if n.Leaf || !leavesOnly {
			paths = append(paths, n.Path)
		}
	}
	return paths
}

// ExpandJSON is the answer of /metrics/expand: {"results":[paths]} of all
// queries together.
func ExpandJSON(nodes []metric.Node, leavesOnly bool) ([]byte, error) {
	return json.Marshal(map[string]any{"results": pathList(nodes, leavesOnly)})
}

// ExpandGroupsJSON is the answer of /metrics/expand?groupByExpr=1: the paths
// by query.
func ExpandGroupsJSON(byQuery map[string][]metric.Node, leavesOnly bool) ([]byte, error) {
	results := map[string][]string{}
	for q, nodes := range byQuery {
		results[q] = pathList(nodes, leavesOnly)
	}
	return json.Marshal(map[string]any{"results": results})
}

// IndexJSON is the answer of /metrics/index.json: all leaves, sorted.
func IndexJSON(nodes []metric.Node) ([]byte, error) {
	return json.Marshal(pathList(nodes, true))
}
