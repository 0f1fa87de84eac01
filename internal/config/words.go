package config

import (
	"fmt"
	"strings"
)

// Path names a file or directory. One that is read from a file is relative to
// that file's directory.
type Path string

// Switch is on or off.
type Switch bool

// UnmarshalText reads on, off, and what YAML's dialects call so.
func (s *Switch) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "on", "true", "yes":
		*s = true
	case "off", "false", "no":
		*s = false
	default:
		return fmt.Errorf("%q is neither on nor off", text)
	}
	return nil
}

// MarshalText writes on or off.
func (s Switch) MarshalText() ([]byte, error) {
	if s {
		return []byte("on"), nil
	}
	return []byte("off"), nil
}

// TokenRule says which requests need a token.
type TokenRule string

const (
	// TokenRemote asks for one wherever the server listens beyond loopback.
	TokenRemote TokenRule = "remote"
	// TokenAlways asks for one on loopback too, as behind a proxy.
	TokenAlways TokenRule = "always"
)

// UnmarshalText reads a rule's name.
func (r *TokenRule) UnmarshalText(text []byte) error {
	switch rule := TokenRule(text); rule {
	case TokenRemote, TokenAlways:
		*r = rule
		return nil
	}
	return fmt.Errorf(`%q is not when to ask for a token: write "remote" (where the server listens beyond this machine) or "always"`, text)
}

// Host is a name that the page may be reached by: lower case, without a port.
type Host string

// UnmarshalText reads a name; a leading "*." stands for any names below it.
func (h *Host) UnmarshalText(text []byte) error {
	s := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(string(text)), "."))
	name := strings.TrimPrefix(s, "*.")
	if name == "" || strings.ContainsAny(name, "*/:@ ") {
		return fmt.Errorf("%q is not a host's name: write it without scheme and port, as in patou.example.org", text)
	}
	*h = Host(s)
	return nil
}

// Archive is one step at which values are kept, and for how long.
type Archive struct{ Step, Keep Duration }

// Archives are the steps of a series from the finest to the coarsest.
type Archives []Archive

// UnmarshalText reads Graphite's notation, "10s:2d,1m:30d".
func (a *Archives) UnmarshalText(text []byte) error {
	var out Archives
	for part := range strings.SplitSeq(string(text), ",") {
		step, keep, ok := strings.Cut(part, ":")
		var r Archive
		if !ok || r.Step.UnmarshalText([]byte(step)) != nil || r.Keep.UnmarshalText([]byte(keep)) != nil {
			return fmt.Errorf("%q is not a retention: write step:time pairs, as in 10s:2d,1m:30d", text)
		}
		out = append(out, r)
	}
	if err := out.check(); err != nil {
		return err
	}
	*a = out
	return nil
}

// check holds archives to whisper's rules, so that the values of one step roll
// up exactly into those of the next.
func (a Archives) check() error {
	for i, r := range a {
		if r.Step < Second || r.Step%Second != 0 || r.Keep < r.Step || r.Keep%Second != 0 {
			return fmt.Errorf("retention %v:%v: a step is one or more whole seconds and is kept for at least one step", r.Step, r.Keep)
		}
		if i == 0 {
			continue
		}
		if finer := a[i-1]; r.Step <= finer.Step || r.Step%finer.Step != 0 || r.Keep <= finer.Keep {
			return fmt.Errorf("retention %v:%v after %v:%v: each step must be a multiple of the one before it and be kept longer",
				r.Step, r.Keep, finer.Step, finer.Keep)
		}
	}
	return nil
}

// MarshalText writes Graphite's notation.
func (a Archives) MarshalText() ([]byte, error) {
	parts := make([]string, len(a))
	for i, r := range a {
		parts[i] = r.Step.String() + ":" + r.Keep.String()
	}
	return []byte(strings.Join(parts, ",")), nil
}

// Template tells a component and a host from a series' name, node by node:
// "apps.{component}.on.{host}.*" where a node is a text in which * and ? stand
// for others, "{host}" for one node or "{component}" for one or more; a * at the
// end stands for all that follows.
type Template string

// UnmarshalText checks the template's nodes.
func (t *Template) UnmarshalText(text []byte) error {
	found := map[string]bool{}
	for node := range strings.SplitSeq(string(text), ".") {
		switch {
		case found[node]:
			return fmt.Errorf("template %q names %s twice", text, node)
		case node == "{component}" || node == "{host}":
			found[node] = true
		case node == "" || strings.ContainsAny(node, "{}<> \t"):
			return fmt.Errorf("template %q: a node is a text, *, {component} or {host}, and %q is none", text, node)
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("template %q finds nothing: put {component} or {host} in the place of a node", text)
	}
	*t = Template(text)
	return nil
}
