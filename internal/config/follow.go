package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// Tail is one rule for files to follow.
type Tail struct {
	// Files are the names of files, as shells write them, and ** for any
	// directories between.
	Files []Glob `yaml:"files"`
	// Component is where their entries are filed; "" is ComponentOfFile.
	Component ComponentName `yaml:"component"`
	// Host replaces this host's name; for files that another one wrote.
	Host string `yaml:"host"`
	// Start is where files begin that are there at the first start.
	Start TailStart `yaml:"start"`
	// Compressed is whether gzip'd files are read, once.
	Compressed Switch `yaml:"compressed"`
	// Multiline joins lines to entries.
	Multiline Multiline `yaml:"multiline"`
}

// Multiline says which lines belong together; at most one of both is given.
type Multiline struct {
	// Start matches the first lines of entries.
	Start Pattern `yaml:"start"`
	// Continue matches the lines that belong to the entry before them.
	Continue Pattern `yaml:"continue"`
}

// Mask is one rule for texts that must not be kept.
type Mask struct {
	Pattern Pattern `yaml:"pattern"`
	// Replace stands in the text's place, with $1 for what the pattern's first
	// group took; "" is "***".
	Replace string `yaml:"replace"`
}

// Glob names files. One that is read from a file is relative to that file's
// directory.
type Glob string

// UnmarshalText checks the pattern.
func (g *Glob) UnmarshalText(text []byte) error {
	if _, err := filepath.Match(string(text), ""); err != nil || len(text) == 0 {
		return fmt.Errorf("%q names no files: write a path, with * and ? for others, as in /var/log/nginx/*.log", text)
	}
	*g = Glob(text)
	return nil
}

// ComponentName is a dotted name in which {stem} is a file's name up to its
// first dot, {name} all of it, and {dir} that of its directory.
type ComponentName string

// ComponentOfFile is where a rule files entries that says nothing else.
const ComponentOfFile ComponentName = "{stem}"

// UnmarshalText checks the letters and the names in braces.
func (c *ComponentName) UnmarshalText(text []byte) error {
	plain := strings.NewReplacer("{stem}", "x", "{name}", "x", "{dir}", "x").Replace(string(text))
	if strings.Trim(plain, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || strings.Contains("."+plain+".", "..") {
		return fmt.Errorf("%q is not a component: write a dotted name in lower case, as in web.nginx, with {stem}, {name} or {dir} for parts of the file's path", text)
	}
	*c = ComponentName(text)
	return nil
}

// TailStart is where the reading of a file begins that was never read.
type TailStart string

// The places to begin. The zero TailStart is TailBeginning.
const (
	TailBeginning TailStart = "beginning"
	TailEnd       TailStart = "end"
)

// UnmarshalText reads one of both words.
func (s *TailStart) UnmarshalText(text []byte) error {
	switch start := TailStart(text); start {
	case TailBeginning, TailEnd, "":
		*s = start
		return nil
	}
	return fmt.Errorf(`%q is not where to start: write "beginning", or "end" to leave out what is in the files already`, text)
}

// Pattern is a regular expression in the syntax RE2. The zero Pattern is none.
type Pattern string

// UnmarshalText compiles the expression and refuses one that matches nothing's
// text, and so everything.
func (p *Pattern) UnmarshalText(text []byte) error {
	re, err := regexp.Compile(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a regular expression: %w", text, err)
	}
	if len(text) > 0 && re.MatchString("") {
		return fmt.Errorf("%q matches the empty text, and so every line: name what must be there", text)
	}
	*p = Pattern(text)
	return nil
}

// CheckTail says what is wrong with a rule beyond its words: the key in the rule
// and a sentence; "" and "" when nothing is.
func CheckTail(t *Tail) (key, what string) {
	switch {
	case len(t.Files) == 0:
		return "files", "name at least one file, as in /var/log/nginx/*.log"
	case t.Multiline.Start != "" && t.Multiline.Continue != "":
		return "multiline", "give start or continue, not both"
	}
	return "", ""
}

// checkFollow checks the rules for files and for masks.
func (c *Config) checkFollow(must func(ok bool, key, format string, args ...any)) {
	for i := range c.Tail {
		key, what := CheckTail(&c.Tail[i])
		must(what == "", elementKey("tail", i), "%s: %s", key, what)
	}
	for i := range c.Mask {
		must(c.Mask[i].Pattern != "", elementKey("mask", i), "pattern: name what must not be kept, as in 'iban=(\\S+)'")
	}
}

// elementKey is the key of one element of a list.
func elementKey(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
