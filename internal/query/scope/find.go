package scope

import (
	"fmt"
	"slices"
	"strings"

	"patou/internal/component"
)

// finder holds what is known, ready to look names up in.
type finder struct {
	components map[string]bool
	// above are the ancestors of known components.
	above map[string]bool
	// hosts finds a host by its name as one node, or with its dots.
	hosts map[string]string
	// short finds a host by its name up to the first dot, where one has it;
	// "" where several do.
	short     map[string]string
	templates []Template
}

func newFinder(k Known, templates []Template) *finder {
	f := &finder{
		components: map[string]bool{}, above: map[string]bool{},
		hosts: map[string]string{}, short: map[string]string{}, templates: templates,
	}
	for _, c := range k.Components {
		f.components[c] = true
		for i := strings.LastIndexByte(c, '.'); i > 0; i = strings.LastIndexByte(c[:i], '.') {
			f.above[c[:i]] = true
		}
	}
	for _, h := range slices.Sorted(slices.Values(k.Hosts)) {
		if h == "" {
			continue
		}
		f.hosts[component.Node(h)], f.hosts[strings.ToLower(h)] = h, h
		label, _, _ := strings.Cut(h, ".")
		if label = component.Node(label); f.short[label] == "" {
			if _, seen := f.short[label]; !seen {
				f.short[label] = h
			}
		} else if f.short[label] != h {
			f.short[label] = ""
		}
	}
	return f
}

// origin finds what a series is about: the rules in order, each filling what
// those before it left open.
func (f *finder) origin(name string) origin {
	path, tags := splitTags(name)
	var o origin
	if f.own(path, &o) {
		return o
	}
	nodes := strings.Split(path, ".")
	rest := f.byTemplate(nodes, &o)
	f.byTags(tags, &o)
	if o.host == "" {
		rest = f.byNode(rest, &o)
	} else {
		rest = without(rest, o.host)
	}
	prefix, rest := stripCollector(rest)
	if o.host == "" && len(rest) > 1 {
		rest = f.byLayout(prefix, rest, &o)
	}
	if o.component == "" || o.quiet {
		f.byPrefix(rest, &o)
	}
	if o.component == "" && o.host == "" {
		f.byPrefix(nodes, &o)
	}
	return o
}

// splitTags takes a tagged name apart: path;tag=value;…
func splitTags(name string) (path string, tags map[string]string) {
	parts := strings.Split(name, ";")
	for _, part := range parts[1:] {
		if key, value, ok := strings.Cut(part, "="); ok {
			if tags == nil {
				tags = map[string]string{}
			}
			tags[key] = value
		}
	}
	return parts[0], tags
}

// own finds the origin of the series that Patou itself writes.
func (f *finder) own(path string, o *origin) bool {
	root, rest, ok := strings.Cut(path, ".")
	if !ok {
		return false
	}
	switch root {
	case "logs":
		return f.derived(rest, o)
	case "host":
		node, _, _ := strings.Cut(rest, ".")
		o.host, o.hostHow = node, fmt.Sprintf("It is a vital sign of the host %s.", node)
		if host := f.hosts[node]; host != "" {
			o.host, o.hostHow = host, fmt.Sprintf("It is a vital sign of the host %s.", host)
		}
		return true
	case "patou":
		o.component, o.componentHow = "patou", "It is one of Patou's own counters."
		return true
	case "check":
		node, _, _ := strings.Cut(rest, ".")
		o.component = component.Clean("check." + node)
		o.componentHow = fmt.Sprintf("It is a result of the check %s.", node)
		return true
	}
	return false
}

// derived finds the component and the filter of a series made from entries:
// logs.COMPONENT.requests, bytes, status.5xx or request_time.p99.
func (f *finder) derived(rest string, o *origin) bool {
	nodes := strings.Split(rest, ".")
	for i := len(nodes) - 1; i > 0; i-- {
		filter, ok := derivedFilter(nodes[i], nodes[i+1:])
		if !ok {
			continue
		}
		o.component, o.filter = strings.Join(nodes[:i], "."), filter
		o.componentHow = fmt.Sprintf("It is counted from the entries of %s.", o.component)
		if nodes[i] == requestTime {
			o.slowest = requestTime
			o.componentHow = fmt.Sprintf("It is the time that requests took by the entries of %s.", o.component)
		}
		o.exact = f.above[o.component]
		return true
	}
	if len(nodes) > 1 {
		o.component = strings.Join(nodes[:len(nodes)-1], ".")
		o.componentHow = fmt.Sprintf("It is derived from the entries of %s.", o.component)
	}
	return len(nodes) > 1
}

// requestTime is the field and the series of how long requests took.
const requestTime = "request_time"

// request selects what the pipeline counts as a request, so that a spike leads
// to exactly its lines and not to others with a field of that name.
const request = "client:* status:100..599"

// derivedFilter is what selects the entries of a derived series, by the node
// that names it and those after.
func derivedFilter(node string, after []string) (filter string, ok bool) {
	switch {
	case node == "requests" && len(after) == 0:
		return request, true
	case node == "bytes" && len(after) == 0:
		return request + " bytes:*", true
	case node == requestTime && len(after) <= 1:
		return request + " " + requestTime + ":*", true
	case node == "status" && len(after) == 1 && len(after[0]) == 3 && after[0][1:] == "xx":
		class := after[0][:1]
		return "client:* status:" + class + "00.." + class + "99", class >= "1" && class <= "5"
	}
	return "", false
}

// byTemplate gives the nodes in which the other rules may look.
func (f *finder) byTemplate(nodes []string, o *origin) (rest []string) {
	for _, t := range f.templates {
		found, ok := t.match(nodes, f.components)
		if !ok {
			continue
		}
		how := fmt.Sprintf("The template %s says so.", t.text)
		if found.host != "" {
			o.host, o.hostHow = found.host, how
			if host := f.host(found.host); host != "" {
				o.host = host
			}
		}
		if found.component != "" {
			o.component, o.componentHow = component.Clean(found.component), how
		}
		if found.rest != nil {
			return found.rest
		}
		return nodes
	}
	return nodes
}

// byTags looks at the tags that name a component or a host. A service or job
// that no entry is known of is shown but asks for nothing where a host does.
func (f *finder) byTags(tags map[string]string, o *origin) {
	for _, tag := range []string{"component", "service", "job"} {
		value := tags[tag]
		if value == "" || o.component != "" {
			continue
		}
		o.component = component.Clean(value)
		o.componentHow = fmt.Sprintf("Its tag %s is %s.", tag, value)
		o.quiet = !f.components[o.component] && !f.above[o.component]
	}
	for _, tag := range []string{"host", "instance"} {
		value := tags[tag]
		if value == "" || o.host != "" {
			continue
		}
		o.host = withoutPort(value)
		o.hostHow = fmt.Sprintf("Its tag %s is %s.", tag, value)
		if host := f.host(o.host); host != "" {
			o.host = host
		}
	}
}

// withoutPort cuts the port off an instance such as web01:9100 or [::1]:9100.
func withoutPort(s string) string {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 || strings.Trim(s[i+1:], "0123456789") != "" || strings.Count(s, ":") > 1 && s[i-1] != ']' {
		return s
	}
	return strings.Trim(s[:i], "[]")
}

// host is the known host of a name; "" for none.
func (f *finder) host(name string) string {
	if h := f.hosts[component.Node(name)]; h != "" {
		return h
	}
	label, _, _ := strings.Cut(name, ".")
	return f.short[component.Node(label)]
}
