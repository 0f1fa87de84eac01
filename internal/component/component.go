// Package component is the grammar of component names: the dotted name of a
// part of the system, webapp.backend.git, under which everything is filed.
//
// Invariant: a Name returned by Clean has 1 to 8 nodes of [a-z0-9_-], no empty
// node, and at most 128 bytes; cleaning it again changes nothing. It cannot
// fail: what is not allowed becomes "_", and nothing at all becomes "unknown".
package component

import "strings"

// Limits of a name.
const (
	MaxNodes = 8
	MaxBytes = 128
)

// Unknown is the component of an entry whose sender named none.
const Unknown = "unknown"

// Clean makes a name of what a sender wrote, keeping its dots: upper case
// becomes lower, other characters become "_", empty nodes vanish, nodes past
// the eighth are joined to it with "_".
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	nodes := make([]string, 0, MaxNodes)
	for node := range strings.SplitSeq(s, ".") {
		if node = cleanNode(node); node == "" {
			continue
		}
		if len(nodes) == MaxNodes {
			nodes[MaxNodes-1] += "_" + node
			continue
		}
		nodes = append(nodes, node)
	}
	name := strings.Join(nodes, ".")
	if len(name) > MaxBytes {
		name = strings.TrimRight(name[:MaxBytes], ".")
	}
	if name == "" {
		return Unknown
	}
	return name
}

// Node makes one node of a name that is not dotted by meaning, such as a host,
// a unit or a program: its dots become "_" too.
func Node(s string) string {
	if len(s) > MaxBytes {
		s = s[:MaxBytes]
	}
	if s = cleanNode(strings.ReplaceAll(s, ".", "_")); s == "" {
		return Unknown
	}
	return s
}

// Within reports whether name is root or below it. Every name is within "".
func Within(name, root string) bool {
	if root == "" || name == root {
		return true
	}
	return len(name) > len(root) && name[len(root)] == '.' && name[:len(root)] == root
}

// Match reports whether a pattern selects a name: without "*" and "?" the
// subtree of the pattern, else node by node, where the nodes of the name past
// the pattern's last belong to it too.
func Match(pattern, name string) bool {
	if !strings.ContainsAny(pattern, "*?") {
		return Within(name, pattern)
	}
	for {
		p, prest, pmore := strings.Cut(pattern, ".")
		n, nrest, nmore := strings.Cut(name, ".")
		if !matchNode(p, n) {
			return false
		}
		if !pmore {
			return true
		}
		if !nmore {
			return false
		}
		pattern, name = prest, nrest
	}
}

func matchNode(p, n string) bool {
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] == '*':
			rest := p[i+1:]
			for j := 0; j <= len(n); j++ {
				if matchNode(rest, n[j:]) {
					return true
				}
			}
			return false
		case n == "" || p[i] != '?' && p[i] != n[0]:
			return false
		}
		n = n[1:]
	}
	return n == ""
}

func isClean(s string) bool {
	if s == "" || len(s) > MaxBytes || s[0] == '.' || s[len(s)-1] == '.' {
		return false
	}
	nodes := 1
	for i := 0; i < len(s); i++ {
		if s[i] != '.' {
			if !allowed(s[i]) {
				return false
			}
			continue
		}
		if nodes++; s[i-1] == '.' || nodes > MaxNodes {
			return false
		}
	}
	return true
}

func cleanNode(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		if r < 0x80 && allowed(byte(r)) {
			return r
		}
		return '_'
	}, s)
}

func allowed(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
