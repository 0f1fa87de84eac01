package herd

import "strings"

// stem is what a host's name says of its function: "web" of web-eu1a-03; "" when
// it says nothing.
func stem(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	var kept []string
	for _, token := range strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' }) {
		token = strings.TrimRight(token, "0123456789")
		if token != "" {
			kept = append(kept, token)
		}
	}
	return strings.Join(kept, "-")
}
