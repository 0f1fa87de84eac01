package scope

import (
	"fmt"
	"slices"
	"strings"

	"patou/internal/component"
)

// Template says where the paths of a layout hold their host and component:
// servers.{host}.*, {component}.*, apps.{component}.on.{host}.*.
type Template struct {
	text  string
	nodes []string
}

const (
	hostMark      = "{host}"
	componentMark = "{component}"
	maxTemplate   = 32 // nodes
)

// ParseTemplate reads a template: nodes with dots between them, each a text in
// which * and ? stand for others, {host} for one node, or {component} for one
// or more; a * at the end stands for all that follows.
func ParseTemplate(s string) (Template, error) {
	nodes := strings.Split(s, ".")
	marks := 0
	for _, node := range nodes {
		switch {
		case node == hostMark || node == componentMark:
			marks++
		case node == "":
			return Template{}, fmt.Errorf("template %q: a node is empty: want nodes with one dot between them", s)
		case strings.ContainsAny(node, "{}"):
			return Template{}, fmt.Errorf("template %q: %q is not known: want {host} or {component} as a whole node", s, node)
		}
	}
	switch {
	case marks == 0:
		return Template{}, fmt.Errorf("template %q names nothing: want {host} or {component} in it", s)
	case count(nodes, hostMark) > 1 || count(nodes, componentMark) > 1:
		return Template{}, fmt.Errorf("template %q names the same twice: want {host} and {component} once each at most", s)
	case len(nodes) > maxTemplate:
		return Template{}, fmt.Errorf("template %q has more than %d nodes", s, maxTemplate)
	}
	return Template{s, nodes}, nil
}

func count(nodes []string, mark string) int {
	n := 0
	for _, node := range nodes {
		if node == mark {
			n++
		}
	}
	return n
}

// marked is what a template finds in a path; rest is what its last * stands for.
type marked struct {
	host, component string
	rest            []string
}

// match reads a path by the template. A component is as long as one that is
// known, else as long as the template allows.
func (t Template) match(path []string, known map[string]bool) (marked, bool) {
	at := slices.Index(t.nodes, componentMark)
	if at < 0 {
		return matchNodes(t.nodes, path, 0)
	}
	var best marked
	found := false
	for n := 1; n <= min(component.MaxNodes, len(path)); n++ {
		m, ok := matchNodes(t.nodes, path, n)
		if !ok || found && known[component.Clean(best.component)] && !known[component.Clean(m.component)] {
			continue
		}
		best, found = m, true
	}
	return best, found
}

// matchNodes matches with a component of n nodes.
func matchNodes(pattern, path []string, n int) (m marked, ok bool) {
	for i, p := range pattern {
		switch {
		case len(path) == 0 || p == componentMark && len(path) < n:
			return m, false
		case p == componentMark:
			m.component, path = strings.Join(path[:n], "."), path[n:]
			continue
		case p == hostMark:
			m.host = path[0]
		case p == "*" && i == len(pattern)-1:
			m.rest = path
			return m, true
		case !globNode(p, path[0]):
			return m, false
		}
		path = path[1:]
	}
	return m, len(path) == 0
}

// globNode matches one node against a text with * and ?.
func globNode(p, s string) bool {
	star, from := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, from = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}
