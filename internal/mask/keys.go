package mask

import "strings"

// The kinds of secrets that a key announces.
type kind uint8

const (
	noSecret   kind = iota
	plain           // one value
	credential      // what follows Authorization: a scheme and what it needs
	cookies         // to the end of the line
)

// secretKey says what the text behind a key is that ends where s does. It looks
// at the last letter first, because that is all that most keys cost.
func secretKey(s string) kind {
	if s == "" {
		return noSecret
	}
	switch s[len(s)-1] | 0x20 {
	case 'd':
		return plainIf(endsIn(s, "password") || endsIn(s, "passwd"))
	case 't':
		return plainIf(endsIn(s, "secret"))
	case 'e':
		if endsIn(s, "cookie") {
			return cookies
		}
		return plainIf(endsIn(s, "passphrase"))
	case 'n':
		if endsIn(s, "authorization") {
			return credential
		}
		return plainIf(endsIn(s, "token"))
	case 'y':
		return plainIf(endsIn(s, "key") && longKey(strings.TrimRight(s[:len(s)-3], "_-")))
	}
	return noSecret
}

// longKey reports whether what stands before "key" makes it one to hide.
func longKey(s string) bool {
	return endsIn(s, "api") || endsIn(s, "access") || endsIn(s, "private") || endsIn(s, "secret")
}

func plainIf(ok bool) kind {
	if ok {
		return plain
	}
	return noSecret
}

// endsIn reports whether s ends in a word in lower case, whatever the case of s.
func endsIn(s, word string) bool {
	return len(s) >= len(word) && strings.EqualFold(s[len(s)-len(word):], word)
}

// secret is a stretch of a text and what is to stand there.
type secret struct {
	from, to int
	with     string
}

// behind finds the secret behind the separator at s[at], "=" or ":", if the key
// before it announces one.
func behind(s string, at int) (secret, bool) {
	key, quoted := keyBefore(s[:at])
	kind := secretKey(key)
	if kind == noSecret {
		return secret{}, false
	}
	from := valueStart(s, at)
	if from == len(s) {
		return secret{}, false
	}
	if open := quoteAt(s[from:]); open != "" {
		from += len(open)
		return secret{from, from + quotedEnd(s[from:], open), Mask}, true
	}
	if s[from] == '[' || s[from] == '{' {
		return secret{from, from + bracketEnd(s[from:]), quoted + Mask + quoted}, true
	}
	if quoted != "" {
		return secret{from, from + scalarEnd(s[from:]), quoted + Mask + quoted}, true
	}
	switch {
	case kind == cookies && s[at] == ':':
		return secret{from, from + lineEnd(s[from:], opening(s[:keyStart(s[:at], key)])), Mask}, true
	case kind == credential:
		from, end := credentials(s, from)
		return secret{from, end, Mask}, true
	}
	return secret{from, from + bareEnd(s[from:]), Mask}, true
}

// keyBefore is the key that ends before a separator, and the quote around it as
// it was written: "", a quote, or a quote with a backslash.
func keyBefore(s string) (key, quoted string) {
	s = strings.TrimRight(s, " ")
	if s == "" {
		return "", ""
	}
	if c := s[len(s)-1]; c == '"' || c == '\'' {
		quoted = s[len(s)-1:]
		if s = s[:len(s)-1]; strings.HasSuffix(s, `\`) {
			quoted, s = `\`+quoted, strings.TrimRight(s, `\`)
		}
	}
	from := len(s)
	for from > 0 && len(s)-from < 64 && keyByte(s[from-1]) {
		from--
	}
	return s[from:], quoted
}

func keyByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

// valueStart skips what stands between a separator and its value: blanks, and
// the rest of := => ==.
func valueStart(s string, at int) int {
	for at++; at < len(s) && (s[at] == ' ' || s[at] == '\t' || s[at] == '=' || s[at] == '>'); at++ {
	}
	return at
}

// quoteAt is the quote that s begins with, with the backslashes before it.
func quoteAt(s string) string {
	i := 0
	for i < len(s) && s[i] == '\\' {
		i++
	}
	if i < len(s) && (s[i] == '"' || s[i] == '\'' || s[i] == '`') {
		return s[:i+1]
	}
	return ""
}

// quotedEnd is where a value ends that open began, or the text. In a text that
// was quoted again quotes have backslashes: as many as open has end the value,
// and so do fewer, which end the text around it; more belong to the value.
func quotedEnd(s, open string) int {
	quote, level, slashes := open[len(open)-1], len(open)-1, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			slashes++
			continue
		case s[i] == quote && (slashes < level || slashes%(2*level+2) == level):
			return i - min(slashes, level)
		}
		slashes = 0
	}
	return len(s)
}

// bracketEnd is the length of a list or object at the start of s.
func bracketEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			i += 1 + quotedEnd(s[i+1:], `"`)
		}
	}
	return len(s)
}

// scalarEnd is the length of a number or word of JSON.
func scalarEnd(s string) int {
	if i := strings.IndexAny(s, ",}] \t\r\n"); i >= 0 {
		return i
	}
	return len(s)
}

// bareEnd is the length of a value without quotes. A comma, semicolon or "&" ends
// it only where another pair follows, because a password may have one too.
func bareEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', '\r', '\n', '"', '\'', '`':
			return i
		case ',', ';', '&':
			if pairFollows(s[i+1:]) {
				return i
			}
		}
	}
	return len(s)
}

func pairFollows(s string) bool {
	i := 0
	for i < len(s) && i < 64 && (keyByte(s[i]) || s[i] == ' ' && i == 0) {
		i++
	}
	return i == len(s) || s[i] == '=' || s[i] == ':'
}

// opening is the quote right before a header that is quoted whole, 'Cookie: a=b'.
func opening(before string) string {
	if before != "" && (before[len(before)-1] == '"' || before[len(before)-1] == '\'') {
		return before[len(before)-1:]
	}
	return ""
}

// lineEnd is where a header's value ends: at the quote that was opened before it,
// else at the end of the line.
func lineEnd(s, quote string) int {
	if quote != "" {
		return quotedEnd(s, quote)
	}
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		return i
	}
	return len(s)
}

// credentials is the stretch of what must not be known of "Bearer abc" or
// "Digest username=…": the scheme stays where it is one that is known.
func credentials(s string, from int) (begin, end int) {
	word := bareEnd(s[from:])
	switch strings.ToLower(s[from : from+min(word, 20)]) {
	case "digest", "aws4-hmac-sha256", "hawk", "oauth":
		next := from + word + blanks(s[from+word:])
		return next, from + lineEnd(s[from:], "")
	case "bearer", "basic", "token", "negotiate", "ntlm", "apikey":
		next := from + word + blanks(s[from+word:])
		return next, next + bareEnd(s[next:])
	}
	next := from + word + blanks(s[from+word:])
	return from, next + bareEnd(s[next:])
}

func blanks(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }

// keyStart is where a key begins that ends before a separator, blanks between.
func keyStart(s, key string) int { return len(strings.TrimRight(s, " ")) - len(key) }
