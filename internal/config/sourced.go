package config

import (
	"encoding"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Sourced is a configuration that knows where each value came from.
type Sourced struct {
	Config
	origins origins
}

// Origin is where a value was written. The zero Origin is Default.
type Origin struct {
	// File is a file's name, or a flag's, which then has no line.
	File         string
	Line, Column int
}

// String is the origin in a word: "default", "--http" or "patou.yaml:3".
func (o Origin) String() string {
	switch {
	case o.File == "":
		return "default"
	case o.Line == 0:
		return o.File
	}
	return fmt.Sprintf("%s:%d", o.File, o.Line)
}

type origins map[string]Origin

func (o origins) clone() origins {
	if o == nil {
		return origins{}
	}
	return maps.Clone(o)
}

// FromDefault is the default configuration of a machine with this much memory.
func FromDefault(machineMemory int64) Sourced { return Sourced{Config: Default(machineMemory)} }

// Origin is where the value of a key such as "listen.http" came from.
func (c *Sourced) Origin(key string) Origin { return c.origins[key] }

// Set reads one value that a flag gives, such as "--http", over what c holds.
func (c *Sourced) Set(key, value, flag string) error {
	v := reflect.ValueOf(&c.Config).Elem()
	for name := range strings.SplitSeq(key, ".") {
		field, ok := reflect.Value{}, false
		if !isScalar(v) && v.Kind() == reflect.Struct {
			field, ok = fieldOf(v, name)
		}
		if !ok {
			return fmt.Errorf("%s sets %q, which is no key of the configuration", flag, key)
		}
		v = field
	}
	if !isScalar(v) {
		return fmt.Errorf("%s sets %q, which is not one value", flag, key)
	}
	if err := setText(v, value); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	c.origins = c.origins.clone()
	c.origins[key] = Origin{File: flag}
	return nil
}

// Validate checks what Read checks, for a configuration that flags changed.
func (c *Sourced) Validate() error {
	for _, p := range c.check() {
		return fmt.Errorf("%s: %s", c.Origin(p.key), p.what)
	}
	return nil
}

// problem is a value that is right by itself and wrong for the server.
type problem struct{ key, what string }

func (c *Config) check() []problem {
	var out []problem
	must := func(ok bool, key, format string, args ...any) {
		if !ok {
			out = append(out, problem{key, key + ": " + fmt.Sprintf(format, args...)})
		}
	}
	must(c.Version == Version, "version", "this program reads version %d, not %d", Version, c.Version)
	must(c.Data != "", "data", "name a directory, as in ./patou-data")
	must(c.Memory >= MinMemory, "memory", "%v is too little: give at least %v", c.Memory, Size(MinMemory))
	must(c.Logs.Retention >= Hour, "logs.retention", "%v is too short: keep at least 1h", c.Logs.Retention)
	must(c.Logs.Size >= MinSize, "logs.size", "%v is too little: give at least %v", c.Logs.Size, Size(MinSize))
	must(c.Metrics.Size == 0 || c.Metrics.Size >= MinSize, "metrics.size",
		"%v is too little: give at least %v, or 0 for no bound", c.Metrics.Size, Size(MinSize))
	c.checkFollow(must)
	must(len(c.Metrics.Retention) > 0, "metrics.retention", "name at least one step:time pair, as in 10s:2d")
	return out
}

// Show writes the configuration as a file that could be read again, with the
// origin of each value behind it.
func (c *Sourced) Show(w io.Writer) error {
	var lines [][2]string
	c.show(reflect.ValueOf(&c.Config).Elem(), "", "", &lines)
	width := 0
	for _, l := range lines {
		width = max(width, len(l[0]))
	}
	for _, l := range lines {
		text := l[0]
		if l[1] != "" {
			text = fmt.Sprintf("%-*s  # %s", width, l[0], l[1])
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
	return nil
}

func (c *Sourced) show(v reflect.Value, key, indent string, lines *[][2]string) {
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Tag.Get("yaml"), v.Field(i)
		full := join(key, name)
		if !isScalar(field) && field.Kind() == reflect.Struct {
			*lines = append(*lines, [2]string{indent + name + ":", ""})
			c.show(field, full, indent+"  ", lines)
			continue
		}
		*lines = append(*lines, [2]string{indent + name + ": " + literal(field), c.origins[full].String()})
	}
}

// literal is a value as YAML writes it on one line.
func literal(v reflect.Value) string {
	if !isScalar(v) && v.Kind() == reflect.Struct {
		var pairs []string
		for i := range v.NumField() {
			if field := v.Field(i); !field.IsZero() {
				pairs = append(pairs, v.Type().Field(i).Tag.Get("yaml")+": "+literal(field))
			}
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	}
	if !isScalar(v) {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = literal(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	text := fmt.Sprint(v.Interface())
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		b, _ := m.MarshalText() // those of this package cannot fail
		text = string(b)
	}
	if needsQuotes(text) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(text) + `"`
	}
	return text
}

func needsQuotes(text string) bool {
	words := []string{"", "null", "~"} // on, off and numbers are words to Read
	return slices.Contains(words, strings.ToLower(text)) || strings.ContainsAny(text, "#{}[],&*!|>'\"%@`\\\n\t") ||
		strings.Contains(text, ": ") || text != strings.TrimSpace(text) || strings.HasPrefix(text, "- ")
}
