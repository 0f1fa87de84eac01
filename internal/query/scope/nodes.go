package scope

import (
	"fmt"
	"strings"

	"patou/internal/component"
)

// maxHostNodes bounds how many nodes a host with dots is looked for in.
const maxHostNodes = 5

// byNode looks for a known host among the nodes and gives the others: first as
// a whole name, its dots kept or turned to _, then by its first label.
func (f *finder) byNode(nodes []string, o *origin) []string {
	for i := range nodes {
		for n := min(maxHostNodes, len(nodes)-i); n > 0; n-- {
			name := strings.ToLower(strings.Join(nodes[i:i+n], "."))
			host := f.hosts[name]
			if host == "" {
				host = f.hosts[component.Node(name)]
			}
			if host == "" {
				continue
			}
			o.host = host
			o.hostHow = fmt.Sprintf("The node %s is the host %s.", strings.Join(nodes[i:i+n], "."), host)
			return cut(nodes, i, n)
		}
	}
	for i, node := range nodes {
		if host, how := f.loosely(node); host != "" {
			o.host, o.hostHow = host, how
			return cut(nodes, i, 1)
		}
	}
	return nodes
}

// loosely finds a host that a node names in part: web01 for web01.example.org
// and the other way round, where only one host can be meant.
func (f *finder) loosely(node string) (host, how string) {
	node = component.Node(node)
	if host = f.short[node]; host != "" {
		return host, fmt.Sprintf("The node %s is the first part of the host %s.", node, host)
	}
	label, _, ok := strings.Cut(node, "_")
	if host = f.hosts[label]; ok && host != "" && !strings.Contains(host, ".") && looksQualified(node) {
		return host, fmt.Sprintf("The node %s begins with the host %s.", node, host)
	}
	return "", ""
}

// looksQualified reports whether a node reads like host_domain_tld: at least
// three parts, the last of letters.
func looksQualified(node string) bool {
	parts := strings.Split(node, "_")
	last := parts[len(parts)-1]
	return len(parts) >= 3 && len(last) >= 2 && strings.Trim(last, "abcdefghijklmnopqrstuvwxyz") == ""
}

// without is the nodes but those that name a host found elsewhere.
func without(nodes []string, host string) []string {
	for i := range nodes {
		for n := min(maxHostNodes, len(nodes)-i); n > 0; n-- {
			if component.Node(strings.Join(nodes[i:i+n], ".")) == component.Node(host) {
				return cut(nodes, i, n)
			}
		}
	}
	return nodes
}

func cut(nodes []string, at, n int) []string {
	return append(append([]string{}, nodes[:at]...), nodes[at+n:]...)
}

// collectors are the prefixes that programs put before what they measure.
func collectors() []string {
	return []string{
		"stats.timers", "stats.gauges", "stats.counters", "stats.sets", "stats_counts", "stats", "statsd",
		"collectd", "servers", "hosts", "telegraf", "netdata", "diamond", "prometheus", "node_exporter", "carbon.agents", "carbon.relays",
	}
}

// stripCollector cuts a collector's prefix off.
func stripCollector(nodes []string) (prefix string, rest []string) {
	path := strings.Join(nodes, ".")
	for _, c := range collectors() {
		if strings.HasPrefix(strings.ToLower(path), c+".") {
			return c, nodes[strings.Count(c, ".")+1:]
		}
	}
	return "", nodes
}

// byLayout takes the node after a prefix as the host where a collector puts it
// there, for hosts that no entry is known of.
func (f *finder) byLayout(prefix string, rest []string, o *origin) []string {
	switch prefix {
	case "collectd", "servers", "hosts", "telegraf", "netdata", "diamond":
		if f.leads(rest) {
			return rest // it names a component
		}
		o.host = rest[0]
		o.hostHow = fmt.Sprintf("The node after %s is the host by custom; no entry of %s is known.", prefix, rest[0])
		return rest[1:]
	}
	return rest
}

// leads reports whether nodes begin with a known component.
func (f *finder) leads(nodes []string) bool {
	var o origin
	f.byPrefix(nodes, &o)
	return o.component != ""
}

// byPrefix takes the longest known component that the nodes begin with, else
// the longest that has known components below it.
func (f *finder) byPrefix(nodes []string, o *origin) {
	for _, known := range []map[string]bool{f.components, f.above} {
		for n := min(len(nodes), component.MaxNodes); n > 0; n-- {
			name := component.Clean(strings.Join(nodes[:n], "."))
			if !known[name] {
				continue
			}
			o.component, o.quiet = name, false
			o.componentHow = fmt.Sprintf("Its name begins with the component %s.", name)
			if !f.components[name] {
				o.componentHow = fmt.Sprintf("Its name begins with %s, which has components below it.", name)
			}
			return
		}
	}
}
