package herd

import "strings"

// A host's name tells of its function by this grammar: the part before the
// first dot is words parted by "-" or "_"; a word is letters, which may end in
// digits and one more letter. Words that are numbers, mixed as hashes are, a
// region, a stage or a word for any machine say nothing of the function.

// stem is what a host's name says of its function: "web" of web-eu1a-03; ""
// when it says nothing.
func stem(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	kept := make([]string, 0, 4)
	for _, token := range strings.FieldsFunc(name, isBreak) {
		if w := functionWord(token); w != "" && len(kept) < 4 {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, "-")
}

func isBreak(r rune) bool { return r == '-' || r == '_' }

// functionWord is a token without its number, "" where it says nothing.
func functionWord(token string) string {
	word := token
	if n := len(word); n > 1 && isLetter(word[n-1]) && isDigit(word[n-2]) {
		word = word[:n-1] // the letter of web01a
	}
	word = strings.TrimRight(word, "0123456789")
	switch {
	case len(word) < 2 || len(word) > 40, isHash(token), meaningless(word):
		return ""
	}
	for i := 0; i < len(word); i++ {
		if !isLetter(word[i]) {
			return "" // digits between letters, or what is no name's character
		}
	}
	return word
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }

// isHash reports whether a token is drawn, not named: four and more hex digits
// with a number among them, or eight without.
func isHash(token string) bool {
	if len(token) < 4 {
		return false
	}
	digit := false
	for i := 0; i < len(token); i++ {
		switch c := token[i]; {
		case isDigit(c):
			digit = true
		case c < 'a' || c > 'f':
			return false
		}
	}
	return digit || len(token) >= 8
}

// meaningless reports words that stand before or behind what a host is for.
func meaningless(word string) bool {
	switch word {
	case "ip", "host", "server", "srv", "vm", "vps", "node", "instance", "machine", "box", "localhost", "local", "localdomain", "internal", "default",
		"debian", "ubuntu", "centos", "fedora", "rocky", "alma", "linux", "raspberrypi", "ec", "compute", "cloud", "droplet", "kvm", "lxc", "docker", "container":
		return true
	case "prod", "production", "prd", "live", "stage", "staging", "stg", "test", "testing", "tst", "dev", "qa", "uat", "sandbox", "preprod":
		return true
	case "eu", "us", "ap", "sa", "af", "me", "ca", "cn", "uk", "de", "fr", "nl", "euw", "use", "usw", "apse", "apne", "east", "west", "north", "south", "central",
		"northeast", "northwest", "southeast", "southwest", "az", "dc", "zone", "rack", "region", "fra", "ams", "lon", "nyc", "sfo", "sgp", "hel", "nbg", "fsn", "par", "dub":
		return true
	}
	return false
}
