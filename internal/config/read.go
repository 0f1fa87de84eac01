package config

import (
	"encoding"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// MaxFile is the size in bytes beyond which a file is no configuration.
const MaxFile = 1 << 20

// maxErrors is how many mistakes are told at once.
const maxErrors = 20

// Error is one mistake in a file.
type Error struct {
	// File is its name as it was given; Line and Column count from 1.
	File         string
	Line, Column int
	// What says what is wrong and what would be right.
	What string
}

// Error is the mistake as editors and people read it: file:line:column: what.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.What)
}

// Read reads a file's text over what c holds. On error, which joins an *Error
// for each mistake, the result is not to be used.
func Read(c Sourced, file string, src []byte) (Sourced, error) {
	r := &reader{file: file, origins: c.origins.clone()}
	root, err := r.parse(src)
	if err != nil {
		return c, err
	}
	if root != nil {
		r.value(root, reflect.ValueOf(&c.Config).Elem(), "")
	}
	c.origins = r.origins
	if len(r.errs) == 0 {
		for _, p := range c.check() {
			o := c.origins[p.key]
			r.errs = append(r.errs, &Error{o.File, max(o.Line, 1), max(o.Column, 1), p.what})
		}
	}
	if len(r.errs) > maxErrors {
		r.errs = append(r.errs[:maxErrors], errors.New("and more"))
	}
	return c, errors.Join(r.errs...)
}

// reader fills a Config from a file's nodes and gathers mistakes on the way.
type reader struct {
	file    string
	origins origins
	errs    []error
}

// parse is the file's root node, nil for an empty file. The YAML library may
// panic on bytes that nobody writes; that is a mistake in the file, not ours.
func (r *reader) parse(src []byte) (root ast.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{r.file, 1, 1, fmt.Sprintf("this is not YAML: %v", p)}
		}
	}()
	if len(src) > MaxFile {
		return nil, &Error{r.file, 1, 1, fmt.Sprintf("the file has %d bytes; a configuration has at most %d", len(src), MaxFile)}
	}
	f, err := parser.ParseBytes(src, 0)
	if err != nil {
		return nil, r.syntax(err)
	}
	if len(f.Docs) > 1 && f.Docs[1].Body != nil {
		return nil, r.mistake(f.Docs[1].Body, "a second document: write everything in one")
	}
	if len(f.Docs) == 0 || f.Docs[0].Body == nil || f.Docs[0].Body.Type() == ast.NullType {
		return nil, nil
	}
	if f.Docs[0].Body.Type() == ast.CommentType {
		return nil, nil
	}
	return f.Docs[0].Body, nil
}

func (r *reader) syntax(err error) error {
	var at yaml.Error
	if !errors.As(err, &at) {
		return &Error{r.file, 1, 1, err.Error()}
	}
	line, column := position(at.GetToken())
	return &Error{r.file, line, column, at.GetMessage()}
}

func (r *reader) mistake(at ast.Node, format string, args ...any) error {
	line, column := position(at.GetToken())
	return &Error{r.file, line, column, fmt.Sprintf(format, args...)}
}

func (r *reader) fail(at ast.Node, format string, args ...any) {
	r.errs = append(r.errs, r.mistake(at, format, args...))
}

func position(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(t.Position.Line, 1), max(t.Position.Column, 1)
}

// value reads a node into v, which key names in messages. Kinds of Go are kinds
// of YAML here: a struct is a mapping with fixed keys, a slice is a sequence,
// all else is one scalar.
func (r *reader) value(n ast.Node, v reflect.Value, key string) {
	switch {
	case isScalar(v):
		r.scalar(n, v, key)
	case v.Kind() == reflect.Struct:
		r.mapping(n, v, key)
	case v.Type() == reflect.TypeFor[Labels]():
		r.labels(n, v, key)
	default:
		r.sequence(n, v, key)
	}
}

// labels reads a mapping whose keys are the writer's.
func (r *reader) labels(n ast.Node, v reflect.Value, key string) {
	pairs, ok := mappingPairs(n)
	if !ok {
		r.fail(n, "%smust be a mapping, as in {role: web}", named(key))
		return
	}
	labels := Labels{}
	for _, pair := range pairs {
		name, _ := scalarText(pair.Key)
		value, ok := scalarText(pair.Value)
		if !ok {
			r.fail(pair.Value, "%smust be one value", named(join(key, name)))
		} else if err := labels.set(name, value); err != nil {
			r.fail(pair.Key, "%s%v", named(key), err)
		}
	}
	v.Set(reflect.ValueOf(labels))
	r.from(n, key)
}

// isScalar reports whether a value is written as one word.
func isScalar(v reflect.Value) bool {
	_, text := v.Addr().Interface().(encoding.TextUnmarshaler)
	return text || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice && v.Kind() != reflect.Map
}

func (r *reader) mapping(n ast.Node, v reflect.Value, key string) {
	if n.Type() == ast.NullType {
		return // a key without a value leaves the defaults
	}
	pairs, ok := mappingPairs(n)
	if !ok {
		r.fail(n, "%smust be a mapping of %s", named(key), strings.Join(keysOf(v), ", "))
		return
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		name, _ := scalarText(pair.Key)
		field, known := fieldOf(v, name)
		switch {
		case !known:
			r.unknown(pair.Key, name, keysOf(v), key)
		case seen[name]:
			r.fail(pair.Key, "key %q occurs twice: keep one", join(key, name))
		default:
			r.value(pair.Value, field, join(key, name))
		}
		seen[name] = true
	}
}

func (r *reader) unknown(at ast.Node, name string, known []string, within string) {
	where := ""
	if within != "" {
		where = fmt.Sprintf(" in %q", within)
	}
	if near := nearest(name, known); near != "" {
		r.fail(at, "unknown key %q%s: did you mean %q?", name, where, near)
		return
	}
	r.fail(at, "unknown key %q%s: there are %s", name, where, strings.Join(known, ", "))
}

func (r *reader) sequence(n ast.Node, v reflect.Value, key string) {
	var items []ast.Node
	switch n := n.(type) {
	case *ast.SequenceNode:
		items = n.Values
	case *ast.NullNode:
	default:
		r.fail(n, "%smust be a list, as in [a, b]", named(key))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		within := key
		if v := out.Index(i); v.Kind() == reflect.Struct && !isScalar(v) {
			within = elementKey(key, i)
			r.from(item, within)
		}
		r.value(item, out.Index(i), within)
	}
	v.Set(out)
	r.from(n, key)
}

func (r *reader) scalar(n ast.Node, v reflect.Value, key string) {
	text, ok := scalarText(n)
	if !ok {
		r.fail(n, "%smust be one value, not a %s", named(key), strings.ToLower(n.Type().String()))
		return
	}
	if err := setText(v, text); err != nil {
		r.fail(n, "%s%v", named(key), err)
		return
	}
	if isPath(v) && text != "" && !filepath.IsAbs(text) {
		v.SetString(filepath.Join(filepath.Dir(r.file), text))
	}
	r.from(n, key)
}

// isPath reports whether a value is relative to the directory of its file.
func isPath(v reflect.Value) bool {
	return v.Type() == reflect.TypeFor[Path]() || v.Type() == reflect.TypeFor[Glob]()
}

func (r *reader) from(n ast.Node, key string) {
	line, column := position(n.GetToken())
	r.origins[key] = Origin{File: r.file, Line: line, Column: column}
}

// setText reads text into a scalar of any type that Config has.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Kind() == reflect.Int {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(int64(n))
		return nil
	}
	v.SetString(text)
	return nil
}

func mappingPairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// scalarText is the text of a scalar as it was written, whatever YAML makes of
// it: 127.0.0.1:8420, off and 30d are words here.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case *ast.MappingKeyNode:
		return "?", true
	}
	return "", false
}

func keysOf(v reflect.Value) []string {
	var keys []string
	for i := range v.NumField() {
		keys = append(keys, v.Type().Field(i).Tag.Get("yaml"))
	}
	return keys
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// named begins a message with the key, or with nothing for the whole file.
func named(key string) string {
	if key == "" {
		return "the file "
	}
	return key + ": "
}
