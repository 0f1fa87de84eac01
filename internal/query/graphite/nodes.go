package graphite

import (
	"strings"
)

// node addresses a part of a series' name by its place, or a tag by its name.
type node struct {
	index int
	tag   string
	isTag bool
}

func (n node) String() string {
	if n.isTag {
		return n.tag
	}
	return pyInt(float64(n.index))
}

// nodeKey is what the nodes say of a series, joined by dots. A place that does
// not exist is looked up as a tag, as Graphite does, and is empty then.
func nodeKey(s *Series, nodes []node) string {
	parts := strings.Split(pathWithin(s.Name), ".")
	key := make([]string, len(nodes))
	for i, n := range nodes {
		key[i] = nodeOf(s, parts, n)
	}
	return strings.Join(key, ".")
}

// nodeOf is one node's part of a key.
func nodeOf(s *Series, parts []string, n node) string {
	if !n.isTag {
		if part, ok := at(parts, n.index); ok {
			return part
		}
	}
	return s.Tags[n.String()]
}

// at is a list's element; negative places count from its end.
func at(parts []string, i int) (string, bool) {
	if i < 0 {
		i += len(parts)
	}
	if i < 0 || i >= len(parts) {
		return "", false
	}
	return parts[i], true
}

// pathWithin is the path that a name's nodes are counted in: the first path
// inside of function calls, without tags.
func pathWithin(name string) string {
	path := name
	if strings.HasSuffix(name, ")") {
		if x, err := Parse(name); err == nil {
			if first := firstPath(x); first != "" {
				path = first
			}
		} else {
			path = textWithin(name)
		}
	}
	path, _, _ = strings.Cut(path, ";")
	return path
}

// firstPath looks through the arguments in order, depth first.
func firstPath(x *Expr) string {
	if x.Kind == Path {
		return x.Text
	}
	for _, a := range x.Args {
		if p := firstPath(a); p != "" {
			return p
		}
	}
	return ""
}

// textWithin is what stands between the last ( and the first ) after it, up to
// a comma: the path of a name that is no expression.
func textWithin(name string) string {
	name = name[strings.LastIndexByte(name, '(')+1:]
	if i := strings.IndexByte(name, ')'); i >= 0 {
		name = name[:i]
	}
	if i := strings.IndexByte(name, ','); i >= 0 && !strings.Contains(name[:i], "{") {
		name = name[:i]
	}
	return strings.TrimSpace(name)
}

// without removes the nodes at these places from a name.
func without(name string, places []int) string {
	parts := strings.Split(name, ".")
	drop := make(map[int]bool, len(places))
	for _, p := range places {
		drop[p] = true
	}
	kept := parts[:0]
	for i, p := range parts {
		if !drop[i] {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ".")
}

// groups parts series by a key, in order of the keys' first appearance.
type groups struct {
	keys []string
	list map[string][]*Series
}

// groupBy keeps the series' order within each group.
func groupBy(list []*Series, key func(*Series) string) groups {
	g := groups{list: map[string][]*Series{}}
	for _, s := range list {
		k := key(s)
		if _, ok := g.list[k]; !ok {
			g.keys = append(g.keys, k)
		}
		g.list[k] = append(g.list[k], s)
	}
	return g
}
