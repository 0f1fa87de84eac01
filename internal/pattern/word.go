package pattern

import (
	"bytes"
	"strings"
)

// word reads the word at i.
func (m *masker) word(s string, i int) (next int) {
	kinds, j := uint8(0), i
	for ; j < len(s); j++ {
		k := classes[s[j]]
		if k&(isSpace|isDelimiter|isQuote) != 0 {
			break
		}
		kinds |= k
	}
	for ; s[i] == ':' && i+1 < j; i++ { // of JSON
		m.out = append(m.out, ':')
	}
	w := s[i:j]
	if kinds&(isDigit|isJoint) == 0 {
		m.out = append(m.out, w...)
		return j
	}
	end := len(w)
	for end > 0 && strings.IndexByte(".:!?", w[end-1]) >= 0 {
		end--
	}
	tail := w[end:]
	start := len(m.out)
	switch w = w[:end]; {
	case isPlace(w):
		m.hole()
		if tail == "" {
			j = pastPlace(s, j)
		}
	case kinds&isDigit == 0:
		m.out = append(m.out, w...)
	case isQuantity(w):
		m.hole()
	default:
		m.parts(w)
	}
	m.out = append(m.out, tail...)
	m.again(min(start, len(m.out)))
	return j
}

// again drops the word written last where the one before it is the same and
// has a hole: a list of values.
func (m *masker) again(start int) {
	n := len(m.out) - start
	if n < 4 || start < n+1 || m.out[start-1] != ' ' || start > n+1 && m.out[start-n-2] != ' ' {
		return
	}
	if w := m.out[start:]; bytes.Equal(w, m.out[start-1-n:start-1]) && bytes.Contains(w, []byte(Hole)) {
		m.out = m.out[:start-1]
	}
}

// isPlace reports whether a word is a path, an address of the web or of mail.
func isPlace(w string) bool {
	if len(w) < 2 {
		return false
	}
	switch w[0] {
	case '/', '~':
		return w[1] != '/' && strings.IndexByte(w, '/') >= 0
	case '.':
		return strings.HasPrefix(w, "./") || strings.HasPrefix(w, "../")
	}
	if i := strings.IndexByte(w, ':'); i > 0 && (strings.HasPrefix(w[i:], "://") || i == 1 && strings.HasPrefix(w[i:], ":\\")) {
		return true
	}
	i := strings.IndexByte(w, '@')
	return i > 0 && strings.IndexByte(w[i:], '.') > 0
}

// pastPlace is where a path ends whose word ended at j: its query goes on
// behind signs that end words elsewhere.
func pastPlace(s string, j int) int {
	for j < len(s) && (classes[s[j]]&(isSpace|isQuote|isDelimiter) == 0 || s[j] == '=' || s[j] == ';' || s[j] == ',' && j+1 < len(s) && classes[s[j+1]]&isSpace == 0) {
		j++
	}
	return j
}

// isQuantity reports whether a word with digits is a number, with or without a
// unit, a time, an address or one long identifier.
func isQuantity(w string) bool {
	if w[0] == '-' || w[0] == '+' || w[0] == '#' || w[0] == '$' || w[0] == '~' {
		w = w[1:]
	}
	if w == "" {
		return false
	}
	if strings.HasPrefix(w, "0x") || strings.HasPrefix(w, "0X") {
		return true
	}
	letters, hex := 0, true
	for i := 0; i < len(w); i++ {
		switch k := classes[w[i]]; {
		case k&isLetter != 0:
			letters++
			hex = hex && k&isHex != 0
		case k&isJoint != 0 && strings.IndexByte(".:/-+%_", w[i]) < 0:
			return false
		}
	}
	digits := classes[w[0]]&isDigit != 0
	switch {
	case letters == 0:
		return true
	case hex && len(w) >= 6 && (digits || len(w) >= 8):
		return true
	}
	// 1.5ms, 20MiB/s, 1h30m, 2024-05-07T11:59:43Z
	return digits && letters <= 4
}

// parts reads a word of several parts, each by itself.
func (m *masker) parts(w string) {
	for i := 0; i < len(w); {
		if classes[w[i]]&isJoint != 0 {
			if w[i] == '-' && i > 0 && i+1 < len(w) && classes[w[i-1]]&isJoint != 0 && classes[w[i+1]]&isDigit != 0 {
				i++ // a sign
				continue
			}
			m.out = append(m.out, w[i])
			i++
			continue
		}
		j, kinds := i, uint8(0)
		for ; j < len(w) && classes[w[j]]&isJoint == 0; j++ {
			kinds |= classes[w[j]]
		}
		if kinds&isDigit == 0 {
			m.out = append(m.out, w[i:j]...)
		} else {
			m.part(w[i:j])
		}
		i = j
	}
}

// part reads letters and digits.
func (m *masker) part(w string) {
	if isName(w) {
		m.out = append(m.out, w...)
		return
	}
	letters, hex := 0, true
	for letters < len(w) && classes[w[letters]]&isDigit == 0 {
		letters++
	}
	digits := letters
	for i := 0; i < len(w); i++ {
		hex = hex && classes[w[i]]&(isHex|isDigit) != 0
	}
	for digits < len(w) && classes[w[digits]]&isDigit != 0 {
		digits++
	}
	if digits == len(w) && (!hex || len(w) < 6) { // worker17: the name stays
		if letters == 0 {
			m.hole()
			return
		}
		m.out = append(m.out, w[:letters]...)
		m.out = append(m.out, Hole...)
		return
	}
	m.hole()
}

// isName reports whether digits are part of a name that everybody knows.
func isName(w string) bool {
	if len(w) > 8 || len(w) < 2 {
		return false
	}
	var low [8]byte
	for i := 0; i < len(w); i++ {
		low[i] = w[i] | 0x20
	}
	switch string(low[:len(w)]) {
	case "ipv4", "ipv6", "http2", "http3", "h2", "h2c", "utf8", "utf16", "md5", "sha1", "sha256", "sha384", "sha512", "base64", "x509",
		"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "ext2", "ext3", "ext4", "oauth2",
		"s3", "ec2", "k8s", "x86", "amd64", "arm64", "log4j", "dhcpv4", "dhcpv6", "nfs4", "l2", "l3", "utf32", "p2p":
		return true
	}
	return false
}
