package logs

import (
	"strings"
)

// needle is a text searched in others. Case is ignored where it was written
// without capitals ("smart case").
type needle struct {
	text string // lower case where fold is set
	fold bool
	// rare is the index of the byte that is looked for first.
	rare   int
	lo, up byte // that byte in both cases
}

// foldsCase reports whether smart case ignores case for texts written so.
func foldsCase(parts []string) bool {
	cased := false
	for _, s := range parts {
		if s != strings.ToLower(s) {
			return false
		}
		cased = cased || s != strings.ToUpper(s)
	}
	return cased
}

// newNeedle picks the rarest byte to look for: most texts do not hold it, and
// are done with in one pass of the fastest search there is.
func newNeedle(s string, fold bool) needle {
	n := needle{text: s, fold: fold && s != strings.ToUpper(s)} // ASCII where folded
	if !n.fold {
		return n
	}
	best := 256
	for i := 0; i < len(s); i++ {
		if f := frequency(s[i]); f < best {
			best, n.rare = f, i
		}
	}
	n.lo, n.up = s[n.rare], s[n.rare]
	if isLetter(n.lo) {
		n.up = n.lo - 'a' + 'A'
	}
	return n
}

// frequency guesses how common a byte is in logs: letters by their order in
// English, digits and signs as rarer ones.
func frequency(c byte) int {
	if i := strings.IndexByte("etaoinsrhldcumfpgwybvkxjqz", c); i >= 0 {
		return 200 - 6*i
	}
	switch {
	case isDigit(c):
		return 110
	case c == ' ':
		return 255
	case c == '.' || c == ':' || c == '-' || c == '/' || c == '=' || c == '_':
		return 150
	}
	return 40
}

// index is where the needle is in s, and where it ends; -1 where it is not.
func (n *needle) index(s string) (from, until int) {
	if n.fold {
		from = n.indexFold(s)
	} else {
		from = strings.Index(s, n.text)
	}
	return from, from + len(n.text)
}

// indexFold compares only where the rare byte stands.
func (n *needle) indexFold(s string) int {
	end := len(s) - len(n.text)
	for from := 0; from <= end; {
		i := indexEither(s[from+n.rare:end+n.rare+1], n.lo, n.up)
		if i < 0 {
			return -1
		}
		if from += i; equalFold(s[from:from+len(n.text)], n.text) {
			return from
		}
		from++
	}
	return -1
}

// eitherWindow bounds how far one byte is looked for past the other, so that
// two searches stay linear.
const eitherWindow = 128

// indexEither is the first place of either byte.
func indexEither(s string, a, b byte) int {
	if a == b {
		return strings.IndexByte(s, a)
	}
	for base := 0; base < len(s); base += eitherWindow {
		window := s[base:min(base+eitherWindow, len(s))]
		i := strings.IndexByte(window, a)
		if i >= 0 {
			window = window[:i]
		}
		if j := strings.IndexByte(window, b); j >= 0 {
			i = j
		}
		if i >= 0 {
			return base + i
		}
	}
	return -1
}

// equalFold compares with a lower-case ASCII text of the same length.
func equalFold(s, lower string) bool {
	for i := 0; i < len(lower); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// textMatcher reports whether texts hold all parts, one after the other. Parts
// that are not all ASCII ignore case by lowering the whole text.
func textMatcher(parts []string) func(string) bool {
	fold := foldsCase(parts)
	if fold && !isASCII(strings.Join(parts, "")) {
		exact := partsMatcher(parts, false)
		return func(s string) bool { return exact(strings.ToLower(s)) }
	}
	return partsMatcher(parts, fold)
}

// partsMatcher looks for each part behind the one before; taking the first
// place of each never misses a match.
func partsMatcher(parts []string, fold bool) func(string) bool {
	needles := make([]needle, len(parts))
	for i, part := range parts {
		needles[i] = newNeedle(part, fold)
	}
	if len(needles) == 1 {
		return func(s string) bool {
			from, _ := needles[0].index(s)
			return from >= 0
		}
	}
	return func(s string) bool {
		for i := range needles {
			from, until := needles[i].index(s)
			if from < 0 {
				return false
			}
			s = s[until:]
		}
		return true
	}
}

// globMatcher matches whole texts against a pattern of lang.OpGlob, byte by byte
// but for "?", which is one character.
func globMatcher(pattern string) func(string) bool {
	return func(s string) bool { return matchGlob(pattern, s) }
}

// matchGlob goes back to the last star only, so it takes at most the product
// of both lengths.
func matchGlob(p, s string) bool {
	starP, starS := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			starP, starS = i, j
			i++
			continue
		case i < len(p) && p[i] == '?':
			i, j = i+1, j+runeLen(s[j:])
			continue
		case i < len(p) && p[i] == '\\' && p[i+1] == s[j]:
			i, j = i+2, j+1
			continue
		case i < len(p) && p[i] != '\\' && p[i] == s[j]:
			i, j = i+1, j+1
			continue
		}
		if starP < 0 {
			return false
		}
		starS++
		i, j = starP+1, starS
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// runeLen is the length of the first character, broken UTF-8 included.
func runeLen(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i]&0xC0 != 0x80 {
			return i
		}
	}
	return len(s)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
