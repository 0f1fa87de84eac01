package metric

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxName is the greatest length of a series' canonical name, in bytes.
const MaxName = 1024

// Canonical brings a name that a sender wrote into the one form under which
// the series is kept, and checks it: dots at the ends and doubled ones vanish,
// tags are sorted by key, the last of a repeated key counting. A name that is
// canonical is returned as it is, without allocating.
func Canonical(name string) (string, error) {
	path, tags, tagged := strings.Cut(name, ";")
	path = cleanDots(path)
	if !tagged {
		return path, CheckName(path)
	}
	sorted, err := sortTags(path, tags)
	if err != nil {
		return "", err
	}
	if len(sorted) == len(name) && sorted == name {
		sorted = name
	}
	return sorted, CheckName(sorted)
}

// CheckName refuses, with a sentence, what cannot be the name of a series:
// nothing, too much, spaces, control characters and broken UTF-8.
func CheckName(name string) error {
	switch {
	case name == "" || name[0] == ';':
		return fmt.Errorf("series name %.80q is empty", name)
	case len(name) > MaxName:
		return fmt.Errorf("series name %.80q… has %d bytes, the limit is %d", name, len(name), MaxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("series name %.80q is not UTF-8", name)
	}
	for i := 0; i < len(name); i++ {
		if name[i] <= ' ' || name[i] == 0x7f {
			return fmt.Errorf("series name %.80q has a space or control character at byte %d", name, i+1)
		}
	}
	return nil
}

func cleanDots(path string) string {
	if path = strings.Trim(path, "."); !strings.Contains(path, "..") {
		return path
	}
	nodes := strings.Split(path, ".")
	return strings.Join(slices.DeleteFunc(nodes, func(n string) bool { return n == "" }), ".")
}

func sortTags(path, tags string) (string, error) {
	byKey := map[string]string{}
	for tag := range strings.SplitSeq(tags, ";") {
		key, value, ok := strings.Cut(tag, "=")
		if !ok || key == "" || value == "" || strings.ContainsAny(key, "!^") || value[0] == '~' {
			return "", fmt.Errorf("series name %.80q: tag %.80q: want key=value", path, tag)
		}
		byKey[key] = value
	}
	keys := make([]string, 0, len(byKey))
	for key := range byKey {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var b strings.Builder
	b.WriteString(path)
	for _, key := range keys {
		b.WriteString(";" + key + "=" + byKey[key])
	}
	return b.String(), nil
}
