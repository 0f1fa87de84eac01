package tail

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxDepth bounds the directories that ** stands for.
const maxDepth = 16

// under is an absolute path below a root.
func under(root, path string) string {
	return filepath.Join(root, filepath.Clean("/"+path))
}

// expand calls found for each name that a glob matches, and dir for each
// directory that was looked into. A directory that can't be read has no names.
func expand(glob string, dir func(path string), found func(path string)) {
	parts := strings.Split(strings.Trim(filepath.Clean(glob), "/"), "/")
	expandParts("/", parts, 0, dir, found)
}

func expandParts(at string, parts []string, depth int, dir, found func(path string)) {
	for len(parts) > 1 && !wild(parts[0]) {
		at, parts = filepath.Join(at, parts[0]), parts[1:]
	}
	dir(at)
	if !wild(parts[0]) {
		if _, err := os.Lstat(filepath.Join(at, parts[0])); err == nil {
			found(filepath.Join(at, parts[0]))
		}
		return
	}
	names, err := readNames(at)
	if err != nil {
		return
	}
	if parts[0] == "**" {
		expandDeep(at, parts, depth, names, dir, found)
		return
	}
	for _, n := range names {
		if ok, _ := filepath.Match(parts[0], n.name); !ok {
			continue
		}
		path := filepath.Join(at, n.name)
		if len(parts) == 1 {
			found(path)
		} else if n.dir || n.link {
			expandParts(path, parts[1:], depth, dir, found)
		}
	}
}

func expandDeep(at string, parts []string, depth int, names []name, dir, found func(path string)) {
	rest := parts[1:]
	if len(rest) == 0 {
		rest = []string{"*"}
	}
	expandParts(at, rest, depth, dir, found)
	for _, n := range names {
		if n.dir && depth < maxDepth { // links could lead in circles
			expandParts(filepath.Join(at, n.name), parts, depth+1, dir, found)
		}
	}
}

type name struct {
	name      string
	dir, link bool
}

// readNames is what a directory holds, in order of name.
func readNames(dir string) ([]name, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	all, err := f.ReadDir(-1)
	names := make([]name, len(all))
	for i, e := range all {
		names[i] = name{e.Name(), e.IsDir(), e.Type()&os.ModeSymlink != 0}
	}
	slices.SortFunc(names, func(a, b name) int { return strings.Compare(a.name, b.name) })
	return names, err
}

func wild(part string) bool { return strings.ContainsAny(part, `*?[\`) }

// matches reports whether a path is one that a glob names.
func matches(glob, path string) bool {
	if !strings.Contains(glob, "**") {
		ok, _ := filepath.Match(glob, path)
		return ok
	}
	return matchParts(strings.Split(glob, "/"), strings.Split(path, "/"))
}

func matchParts(glob, path []string) bool {
	if len(glob) == 0 || len(path) == 0 {
		return len(glob) == len(path)
	}
	if glob[0] == "**" {
		rest := glob[1:]
		if len(rest) == 0 {
			rest = []string{"*"}
		}
		return matchParts(rest, path) || matchParts(glob, path[1:])
	}
	ok, _ := filepath.Match(glob[0], path[0])
	return ok && matchParts(glob[1:], path[1:])
}
