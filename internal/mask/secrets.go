package mask

import "strings"

// The shortest texts that can hold a secret: "://:p@", and the name of a key of
// Amazon's, to which all that is looked for by its own begin is equal or longer.
// Most fields are shorter.
const (
	leastPair   = 6
	leastMarked = 20
)

// secrets masks by all built-in rules.
func secrets(s string) (text string, masked int) {
	if len(s) < leastPair {
		return s, 0
	}
	s, n := each(s, '=', behind)
	masked += n
	s, n = each(s, ':', colon)
	masked += n
	if len(s) < leastMarked {
		return s, masked
	}
	s, n = eachText(s, "IA", 0, amazonKey)
	masked += n
	s, n = eachText(s, "eyJ", 2, webToken)
	masked += n
	s, n = eachText(s, "PRIVATE KEY-----", 3, pem)
	return s, masked + n
}

// each masks what find finds at the places of a byte.
func each(s string, c byte, find func(s string, at int) (secret, bool)) (text string, masked int) {
	var b builder
	for at := 0; ; {
		i := strings.IndexByte(s[at:], c)
		if i < 0 {
			return b.rest(s)
		}
		if at += i + 1; !suspect(s, at-1) {
			continue
		}
		at = b.put(s, at-1, at, find)
	}
}

// suspect reports whether a separator at s[at] may have a secret behind it, by
// the two letters before it: they tell most keys apart.
func suspect(s string, at int) bool {
	if s[at] == ':' && at+1 < len(s) && s[at+1] == '/' {
		return true // a URL
	}
	for at--; at > 0 && (s[at] == ' ' || s[at] == '"' || s[at] == '\'' || s[at] == '\\'); at-- {
	}
	if at < 1 {
		return false
	}
	return endsLikeSecret(s[at-1], s[at])
}

// endsLikeSecret reports whether the last two letters of a key may be those of
// one that announces a secret.
func endsLikeSecret(before, last byte) bool {
	switch last | 0x20 {
	case 'd':
		return before|0x20 == 'r' || before|0x20 == 'w' // password, passwd
	case 't', 'y':
		return before|0x20 == 'e' // secret, key
	case 'n':
		return before|0x20 == 'e' || before|0x20 == 'o' // token, authorization
	case 'e':
		return before|0x20 == 'i' || before|0x20 == 's' // cookie, passphrase
	}
	return false
}

// eachText is each for the places of a text. It looks for the byte at rare, the
// one that lines hold least.
func eachText(s, start string, rare int, find func(s string, at int) (secret, bool)) (text string, masked int) {
	var b builder
	for at := 0; ; {
		i := indexRare(s[at:], start, rare)
		if i < 0 {
			return b.rest(s)
		}
		at = b.put(s, at+i, at+i+len(start), find)
	}
}

// indexRare is strings.Index by a byte of the word that is seldom. The first byte,
// by which that looks, may be one of the most frequent.
func indexRare(s, word string, rare int) int {
	for at := rare; at < len(s); at++ {
		i := strings.IndexByte(s[at:], word[rare])
		if i < 0 {
			return -1
		}
		if at += i; strings.HasPrefix(s[at-rare:], word) {
			return at - rare
		}
	}
	return -1
}

// builder makes the masked text; it takes memory with the first secret.
type builder struct {
	out    []byte
	done   int // bytes of the text that out stands for
	masked int
}

// put masks what find finds at a place and returns where to go on.
func (b *builder) put(s string, at, next int, find func(s string, at int) (secret, bool)) int {
	found, ok := find(s, at)
	if !ok || found.from < b.done || harmless(s[found.from:found.to]) || s[found.from:found.to] == found.with {
		return next
	}
	b.out = append(b.out, s[b.done:found.from]...)
	b.out = append(b.out, found.with...)
	b.done = found.to
	b.masked++
	return max(next, found.to)
}

func (b *builder) rest(s string) (text string, masked int) {
	if b.masked == 0 {
		return s, 0
	}
	return string(append(b.out, s[b.done:]...)), b.masked
}

// colon finds what stands behind a key, or the password of a URL.
func colon(s string, at int) (secret, bool) {
	if strings.HasPrefix(s[at:], "://") {
		return urlPassword(s, at+3)
	}
	return behind(s, at)
}

// urlPassword finds the password in "user:password@host", which begins at from.
func urlPassword(s string, from int) (secret, bool) {
	authority := s[from:]
	if strings.IndexByte(authority, '@') < 0 {
		return secret{}, false // most lines: the rest costs more
	}
	if i := strings.IndexAny(authority, "/?# \t\r\n\"'<>\\`"); i >= 0 {
		authority = authority[:i]
	}
	end := strings.LastIndexByte(authority, '@')
	if end < 0 {
		return secret{}, false
	}
	user := strings.IndexByte(authority[:end], ':')
	if user < 0 {
		return secret{}, false
	}
	return secret{from + user + 1, from + end, Mask}, true
}

// amazonKey finds the access key's name, AKIA… or ASIA…, whose third letter is at
// at.
func amazonKey(s string, at int) (secret, bool) {
	if at < 2 || s[at-2] != 'A' || s[at-1] != 'K' && s[at-1] != 'S' {
		return secret{}, false
	}
	at -= 2
	end := at
	for end < len(s) && (s[end] >= 'A' && s[end] <= 'Z' || s[end] >= '0' && s[end] <= '9') {
		end++
	}
	return secret{at, end, Mask}, end-at == leastMarked && (at == 0 || !wordByte(s[at-1]))
}

func wordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

// webToken finds the JSON web token that begins at at: three parts of base64, of
// which the last may be empty.
func webToken(s string, at int) (secret, bool) {
	end, dots := at, 0
	for ; end < len(s); end++ {
		if s[end] == '.' && dots < 2 {
			dots++
		} else if !wordByte(s[end]) && s[end] != '_' && s[end] != '-' {
			break
		}
	}
	return secret{at, end, Mask}, dots == 2 && end-at > 20 && (at == 0 || !wordByte(s[at-1]))
}

// pem finds the private key behind the end of its first line at at. What does
// not end is masked to the end of the text.
func pem(s string, at int) (secret, bool) {
	begin := strings.LastIndex(s[:at], "-----BEGIN ")
	if begin < 0 || at-begin > 40 {
		return secret{}, false
	}
	from := at + len("PRIVATE KEY-----")
	if end := strings.Index(s[from:], "-----END "); end >= 0 {
		return secret{from, from + end, Mask}, true
	}
	return secret{from, len(s), Mask}, true
}
