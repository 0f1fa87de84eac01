package scope

import (
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"

	"patou/internal/timerange"
	"patou/test/shared"
)

// allOf checks that every name leads to the host, and logs how many there were.
func allOf(t *testing.T, names []string, host string) {
	t.Helper()
	if len(names) == 0 {
		t.Fatal("no names were found in the file")
	}
	s := Find([]Drawn{{Target: "*", Series: names}}, Known{Hosts: []string{host}, Components: []string{"webapp", "cron"}}, nil, timerange.Range{})
	for _, one := range s.Series {
		if one.Host != host {
			t.Errorf("%s: host %q, want %s (%s)", one.Series, one.Host, host, one.How)
		}
	}
	t.Logf("%d real names", len(s.Series))
}

func TestRealCollectdNamesLeadToTheirHost(t *testing.T) {
	names := graphiteNames(shared.Read(t, "metrics", "collectd/none-00.bin"))
	allOf(t, names, "obs-host-1")
	for i, name := range names {
		names[i] = strings.TrimPrefix(strings.Replace(name, "obs-host-1", "obs-host-1_example_org", 1), "collectd.")
	}
	allOf(t, names, "obs-host-1.example.org")
}

// graphiteNames are the names that collectd's write_graphite gives to the
// values of a network packet.
func graphiteNames(packet []byte) []string {
	parts := map[uint16]string{}
	var names []string
	for len(packet) >= 4 {
		kind, size := binary.BigEndian.Uint16(packet), int(binary.BigEndian.Uint16(packet[2:]))
		if size < 4 || size > len(packet) {
			break
		}
		parts[kind] = strings.TrimRight(string(packet[4:size]), "\x00")
		if packet = packet[size:]; kind != 6 {
			continue
		}
		join := func(a, b uint16) string { return strings.TrimSuffix(parts[a]+"-"+parts[b], "-") }
		names = append(names, strings.Join([]string{"collectd", strings.ReplaceAll(parts[0], ".", "_"), join(2, 3), join(4, 5)}, "."))
	}
	return names
}

func TestRealNetdataNamesLeadToTheirHost(t *testing.T) {
	var charts map[string]struct{ Dimensions map[string]any }
	if err := json.Unmarshal(shared.Read(t, "metrics", "netdata/netdata-allmetrics.json"), &charts); err != nil {
		t.Fatal(err)
	}
	var names []string
	for chart, c := range charts {
		for dimension := range c.Dimensions {
			names = append(names, "netdata.vm."+chart+"."+dimension)
		}
	}
	allOf(t, names, "vm")
}

func TestRealNetdataPrometheusSeriesLeadToTheirHost(t *testing.T) {
	var names []string
	for line := range strings.Lines(string(shared.Read(t, "metrics", "netdata/netdata-allmetrics.prometheus"))) {
		name, tags, ok := strings.Cut(line, "{")
		tags, _, _ = strings.Cut(tags, "}")
		if ok && !strings.HasPrefix(line, "#") && strings.Contains(tags, "instance=") {
			names = append(names, name+";"+strings.NewReplacer(",", ";", `"`, "").Replace(tags))
		}
	}
	if len(names) > 0 {
		allOf(t, names, "vm")
	}
}

func TestRealStatsdNamesLeadToTheirComponent(t *testing.T) {
	data := shared.Read(t, "metrics", "statsd/statsd_payload.txt")
	n := 0
	for line := range strings.Lines(string(data)) {
		name, _, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		n++
		s := Find([]Drawn{{Series: []string{"stats.gauges.webapp." + name}}}, Known{Components: []string{"webapp"}}, nil, timerange.Range{})
		if s.Query != "component:webapp" {
			t.Errorf("%s: %q", name, s.Query)
		}
	}
	t.Logf("%d real names", n)
}
