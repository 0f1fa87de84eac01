package scope

import (
	"slices"
	"strings"
)

// origin is what one series is about.
type origin struct {
	component, componentHow string
	host, hostHow           string
	// exact asks for the component without its children.
	exact bool
	// filter is what selects the entries that a derived series counts.
	filter string
	// slowest is the field of entries that the series takes a time from.
	slowest string
	// quiet leaves the component out of the query: no entry is known of it.
	quiet bool
}

// how is both reasons, one sentence where they are the same.
func (o *origin) how() string {
	switch {
	case o.component == "" && o.host == "":
		return "Nothing in its name is a known component or host."
	case o.componentHow == o.hostHow || o.hostHow == "":
		return o.componentHow
	case o.componentHow == "":
		return o.hostHow
	}
	return o.componentHow + " " + o.hostHow
}

// query selects the entries behind the series; "" for all.
func (o *origin) query() string {
	var parts []string
	if o.component != "" && (!o.quiet || o.host == "") {
		parts = append(parts, o.componentTerm())
	}
	if o.host != "" {
		parts = append(parts, "host:"+quote(o.host))
	}
	if o.filter != "" {
		parts = append(parts, o.filter)
	}
	return strings.Join(parts, " ")
}

func (o *origin) componentTerm() string {
	if o.exact {
		return "component:=" + quote(o.component)
	}
	return "component:" + quote(o.component)
}

// Bounds of what is joined by OR: values of one key, and whole queries. A graph
// of more is about everything.
const (
	maxValues  = 200
	maxQueries = 32
)

// joinQueries selects the entries of any of the series. A series that nothing
// is known of takes no part, unless none is known of any.
func joinQueries(all []origin) string {
	var queries, components, hosts []string
	plain := true
	for i := range all {
		o := &all[i]
		q := o.query()
		if q == "" || slices.Contains(queries, q) {
			continue
		}
		queries = append(queries, q)
		switch q {
		case "component:" + quote(o.component):
			components = append(components, quote(o.component))
		case "host:" + quote(o.host):
			hosts = append(hosts, quote(o.host))
		default:
			plain = false
		}
	}
	switch {
	case len(queries) <= 1:
		return strings.Join(queries, "")
	case len(queries) > maxValues || !plain && len(queries) > maxQueries:
		return ""
	case plain && len(hosts) == 0:
		return alternatives("component", components)
	case plain && len(components) == 0:
		return alternatives("host", hosts)
	case plain:
		return alternatives("component", components) + " OR " + alternatives("host", hosts)
	}
	return grouped(queries)
}

func alternatives(key string, values []string) string {
	if len(values) == 1 {
		return key + ":" + values[0]
	}
	return key + ":(" + strings.Join(values, " OR ") + ")"
}

// grouped joins queries by OR, each in parentheses where it has several parts.
func grouped(queries []string) string {
	var b strings.Builder
	for i, q := range queries {
		if i > 0 {
			b.WriteString(" OR ")
		}
		if strings.Contains(q, " ") {
			q = "(" + q + ")"
		}
		b.WriteString(q)
	}
	return b.String()
}

// quote writes a value as the query language reads it back.
func quote(s string) string {
	plain := s != "" && s[0] != '-' && s[0] != '.' && !strings.Contains(s, "..") && s != "AND" && s != "OR" && s != "NOT"
	for i := 0; i < len(s) && plain; i++ {
		c := s[i]
		plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
	}
	if plain {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(strings.ToValidUTF8(s, "\uFFFD")) + `"`
}
