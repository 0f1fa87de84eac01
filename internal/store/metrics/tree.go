package metrics

import (
	"context"
	"strings"

	"patou/internal/metric"
)

// node is a step of the tree of names. The tree is guarded by index.mu.
type node struct {
	name     string // shares the memory of a series' name
	id       metric.ID
	children []*node
	// byName is made once there are many children, whose order is that of
	// arrival: keeping them sorted would cost their square.
	byName map[string]*node
}

// manyChildren is from where on a map is worth its memory.
const manyChildren = 16

func (n *node) child(name string) *node {
	if n.byName != nil {
		return n.byName[name]
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (n *node) add(c *node) {
	n.children = append(n.children, c)
	if n.byName != nil {
		n.byName[c.name] = c
		return
	}
	if len(n.children) > manyChildren {
		n.byName = make(map[string]*node, 2*manyChildren)
		for _, c := range n.children {
			n.byName[c.name] = c
		}
	}
}

// insert puts a series into the tree below n.
func (n *node) insert(path string, id metric.ID) {
	for {
		name, rest, more := strings.Cut(path, ".")
		c := n.child(name)
		if c == nil {
			c = &node{name: name}
			n.add(c)
		}
		if !more {
			c.id = id
			return
		}
		n, path = c, rest
	}
}

// walk calls found with each node that the pattern matches and its path.
type walk struct {
	ctx     context.Context
	visited int
	found   func(path string, n *node)
	// isDistribution reports whether the node's series has views below it.
	isDistribution func(n *node) bool
	// foundView hears of the views that match below a distribution.
	foundView func(path string)
}

// step is how many nodes are visited between two looks at the context.
const walkStep = 1024

func (w *walk) down(n *node, path string, pattern []nodeGlob) error {
	if w.visited++; w.visited%walkStep == 0 && w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	if len(pattern) == 0 {
		w.found(path, n)
		return nil
	}
	if n.id != 0 && len(pattern) == 1 && w.isDistribution(n) {
		w.views(n, path, &pattern[0])
	}
	g := &pattern[0]
	if len(g.globs) == 0 {
		return w.exact(n, path, g.exact, pattern[1:])
	}
	for _, c := range n.children {
		if !g.match(c.name) {
			continue
		}
		if err := w.down(c, join(path, c.name), pattern[1:]); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) exact(n *node, path string, names []string, rest []nodeGlob) error {
	for i, name := range names {
		c := n.child(name)
		if c == nil || contains(names[:i], name) {
			continue
		}
		if err := w.down(c, join(path, name), rest); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) views(n *node, path string, g *nodeGlob) {
	for _, v := range metric.Views() {
		if g.match(v) && n.child(v) == nil {
			w.foundView(join(path, v))
		}
	}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
