// Package mask keeps secrets out of what is kept: passwords, tokens, keys and
// what an operator's own rules name, in messages and fields.
//
// Invariant: of a secret that a rule recognises nothing is left; where it ends is
// doubtful, more is masked rather than less. A text without secrets is returned
// as it is, at the cost of a glance and without allocating. Masking again changes
// nothing and counts nothing. Entry cannot fail; New fails with the rule that is
// no regular expression.
package mask

import (
	"fmt"
	"regexp"

	"patou/internal/entry"
)

// Mask stands where a secret was.
const Mask = "***"

// Options say what is masked. The zero Options mask nothing.
type Options struct {
	// Secrets turns on the built-in rules.
	Secrets bool
	// Rules are tried in order, after the built-in ones.
	Rules []Rule
}

// Rule masks all that a regular expression matches.
type Rule struct {
	// Pattern is an expression in the syntax RE2.
	Pattern string
	// Replace stands in the place of a match, $1 for its first group; "" is Mask.
	Replace string
}

// Masker masks. It is safe for use by several goroutines; a nil Masker masks
// nothing.
type Masker struct {
	secrets bool
	rules   []compiled
}

type compiled struct {
	pattern *regexp.Regexp
	replace string
}

// New compiles the rules. The error names the one that can't be.
func New(o Options) (*Masker, error) {
	m := &Masker{secrets: o.Secrets}
	for _, r := range o.Rules {
		re, err := regexp.Compile(r.Pattern)
		if err != nil {
			return nil, fmt.Errorf("masking rule %q: %w", r.Pattern, err)
		}
		if r.Replace == "" {
			r.Replace = Mask
		}
		m.rules = append(m.rules, compiled{re, r.Replace})
	}
	return m, nil
}

// Entry masks an entry's message and the values of its fields in place and
// returns how many texts it masked something in or, for the built-in rules, how
// many secrets. A field whose key names a secret is masked whole.
func (m *Masker) Entry(e *entry.Entry) (masked int) {
	if m == nil {
		return 0
	}
	e.Message, masked = m.Text(e.Message)
	return masked + m.Fields(e.Fields)
}

// Fields masks the values of fields in place; see Entry.
func (m *Masker) Fields(fields []entry.Field) (masked int) {
	if m == nil {
		return 0
	}
	masked = m.Keys(fields)
	for i := range fields {
		var n int
		fields[i].Value, n = m.Text(fields[i].Value)
		masked += n
	}
	return masked
}

// Keys masks the values of those fields whose key names a secret.
func (m *Masker) Keys(fields []entry.Field) (masked int) {
	if m == nil || !m.secrets {
		return 0
	}
	for i := range fields {
		f := &fields[i]
		if k := f.Key; len(k) < 2 || !endsLikeSecret(k[len(k)-2], k[len(k)-1]) {
			continue
		}
		if secretKey(f.Key) != noSecret && !harmless(f.Value) {
			f.Value = Mask
			masked++
		}
	}
	return masked
}

// Text masks one text; see Entry for the count.
func (m *Masker) Text(s string) (text string, masked int) {
	if m == nil || s == "" {
		return s, 0
	}
	if m.secrets {
		s, masked = secrets(s)
	}
	for _, r := range m.rules {
		if !r.pattern.MatchString(s) {
			continue
		}
		if replaced := r.pattern.ReplaceAllString(s, r.replace); replaced != s {
			s = replaced
			masked++
		}
	}
	return s, masked
}

// harmless values tell nothing.
func harmless(value string) bool {
	switch value {
	case "", Mask, "-", "null", "true", "false", `""`:
		return true
	}
	return false
}
