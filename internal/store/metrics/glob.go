package metrics

import (
	"fmt"
	"strings"
)

// maxAlternatives bounds what braces of one node may expand to.
const maxAlternatives = 4096

// nodeGlob matches one node of a path: any of some alternatives.
type nodeGlob struct {
	exact []string // those without wildcards
	globs []string
}

// splitPattern parts a pattern at dots that are not in braces and compiles the
// nodes.
func splitPattern(pattern string) ([]nodeGlob, error) {
	var out []nodeGlob
	depth, from := 0, 0
	for i := 0; i <= len(pattern); i++ {
		switch {
		case i == len(pattern) || pattern[i] == '.' && depth == 0:
			g, err := compileNode(pattern[from:i])
			if err != nil {
				return nil, err
			}
			out, from = append(out, g), i+1
		case pattern[i] == '{':
			depth++
		case pattern[i] == '}' && depth > 0:
			depth--
		}
	}
	return out, nil
}

func compileNode(pattern string) (nodeGlob, error) {
	all, err := expandBraces(nil, pattern)
	if err != nil {
		return nodeGlob{}, err
	}
	var g nodeGlob
	for _, p := range all {
		if strings.ContainsAny(p, "*?[") {
			g.globs = append(g.globs, p)
		} else {
			g.exact = append(g.exact, p)
		}
	}
	return g, nil
}

// expandBraces appends the pattern with each combination of its alternatives;
// braces nest, and one that is not closed stands for itself.
func expandBraces(dst []string, pattern string) ([]string, error) {
	open := strings.IndexByte(pattern, '{')
	end := closing(pattern, open)
	if open < 0 || end < 0 {
		if len(dst) >= maxAlternatives {
			return nil, fmt.Errorf("pattern %.80q has more than %d alternatives: use *", pattern, maxAlternatives)
		}
		return append(dst, pattern), nil
	}
	var err error
	for _, alternative := range splitCommas(pattern[open+1 : end]) {
		if dst, err = expandBraces(dst, pattern[:open]+alternative+pattern[end+1:]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// closing is where the brace at open is closed; -1 when it is not.
func closing(s string, open int) int {
	depth := 0
	for i := max(open, 0); i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func splitCommas(s string) []string {
	var out []string
	depth, from := 0, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '{':
			depth++
		case s[i] == '}':
			depth--
		case s[i] == ',' && depth == 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

func (g *nodeGlob) match(name string) bool {
	for _, e := range g.exact {
		if e == name {
			return true
		}
	}
	for _, p := range g.globs {
		if matchGlob(p, name) {
			return true
		}
	}
	return false
}

// matchGlob matches as fnmatch does: *, ?, [a-z], [!a]. On a mismatch it goes
// back to the last star alone, so that it takes at most len(p)*len(s) steps.
func matchGlob(p, s string) bool {
	star, resume := -1, 0
	i, j := 0, 0
	for j < len(s) {
		if i < len(p) && p[i] == '*' {
			star, resume = i, j
			i++
			continue
		}
		if n, ok := matchOne(p[i:], s[j]); ok {
			i, j = i+n, j+1
			continue
		}
		if star < 0 {
			return false
		}
		resume++
		i, j = star+1, resume
	}
	return strings.Trim(p[i:], "*") == ""
}

// matchOne matches one byte with the head of a pattern and returns the head's
// length.
func matchOne(p string, c byte) (int, bool) {
	if p == "" {
		return 0, false
	}
	switch p[0] {
	case '?':
		return 1, true
	case '[':
		if end := strings.IndexByte(p[1:], ']'); end > 0 {
			return end + 2, matchClass(p[1:end+1], c)
		}
	}
	return 1, p[0] == c
}

func matchClass(class string, c byte) bool {
	not := class[0] == '!'
	if not {
		class = class[1:]
	}
	for i := 0; i < len(class); i++ {
		low, high := class[i], class[i]
		if i+2 < len(class) && class[i+1] == '-' {
			high = class[i+2]
			i += 2
		}
		if low <= c && c <= high {
			return !not
		}
	}
	return not
}
