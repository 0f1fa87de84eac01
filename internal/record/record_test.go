package record

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patou/internal/entry"
	"patou/internal/metric"
)

func batches() *rapid.Generator[*Batch] {
	text := rapid.StringN(0, 20, -1)
	field := rapid.Custom(func(t *rapid.T) entry.Field {
		return entry.Field{Key: rapid.SampledFrom([]string{"status", "path", "ms"}).Draw(t, "key"), Value: text.Draw(t, "value")}
	})
	entries := rapid.Custom(func(t *rapid.T) entry.Entry {
		e := entry.Entry{
			Time: rapid.Int64().Draw(t, "time"), Level: entry.Level(rapid.IntRange(0, entry.Levels-1).Draw(t, "level")),
			Component: rapid.SampledFrom([]string{"web.nginx", "webapp.backend.git"}).Draw(t, "component"),
			Host:      rapid.SampledFrom([]string{"", "web01"}).Draw(t, "host"), Message: text.Draw(t, "message"),
		}
		if fields := rapid.SliceOfN(field, 0, 3).Draw(t, "fields"); len(fields) > 0 {
			e.Fields = fields
		}
		return e
	})
	value := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 12.34, -0.01, 1e308, math.MaxInt64, 3.14159, 0.0001}))
	points := rapid.Custom(func(t *rapid.T) metric.Point {
		return metric.Point{Series: metric.ID(rapid.Uint32().Draw(t, "series")), Time: rapid.Int64().Draw(t, "time"), Value: value.Draw(t, "value")}
	})
	return rapid.Custom(func(t *rapid.T) *Batch {
		b := &Batch{Entries: rapid.SliceOf(entries).Draw(t, "entries"), Points: rapid.SliceOf(points).Draw(t, "points")}
		if rapid.Bool().Draw(t, "defined") {
			b.Defs = []metric.Def{{ID: 7, Kind: metric.Distribution, Name: "logs.web.request_time"}}
		}
		if b.Key = text.Draw(t, "key"); b.Key != "" {
			b.Received, b.Answer = rapid.Int64().Draw(t, "received"), []byte(`{"accepted":1}`)
		}
		return b
	})
}

func TestDecodeGivesBackWhatWasAppended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := batches().Draw(t, "batch")
		got, err := Decode(want.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		// NaN never occurs and zeros keep their sign, so bits are compared.
		bits := cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
		for name, pair := range map[string][2]any{
			"key":     {want.Key, got.Key},
			"answer":  {string(want.Answer), string(got.Answer)},
			"defs":    {want.Defs, got.Defs},
			"points":  {orNil(want.Points), orNil(got.Points)},
			"entries": {orNil(want.Entries), orNil(got.Entries)},
		} {
			if diff := cmp.Diff(pair[0], pair[1], bits); diff != "" {
				t.Errorf("%s differ (-want +got):\n%s", name, diff)
			}
		}
	})
}

func orNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

func TestNumberGivesEachEntryItsPlace(t *testing.T) {
	b := &Batch{Entries: make([]entry.Entry, 3)}
	b.Number(42)
	if got, want := b.Entries[2].ID, (entry.ID{Batch: 42, Row: 2}); got != want {
		t.Errorf("ID = %v, want %v", got, want)
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	whole := sampleBatch().Append(nil)
	f := func(what string, data []byte) {
		t.Helper()
		if _, err := Decode(data); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", what, err)
		}
	}
	f("no bytes", nil)
	f("a newer version", append([]byte{9}, whole[1:]...))
	f("an unknown section", []byte{Version, 77, 0})
	f("a section longer than the record", []byte{Version, tagPoints, 200})
	f("more points than bytes", []byte{Version, tagPoints, 2, 200, 1})
	for n := 2; n < len(whole); n++ {
		if _, err := Decode(whole[:n]); err == nil && n != sectionEnds(whole, n) {
			t.Errorf("the first %d of %d bytes decode without an error", n, len(whole))
		}
	}
}

// sectionEnds returns n when the record cut at n still ends with a section.
func sectionEnds(data []byte, n int) int {
	r := reader{data: data[1:]}
	for len(r.data) > 0 {
		r.byte()
		r.bytes(r.length())
		if len(data)-len(r.data) == n {
			return n
		}
	}
	return -1
}

func sampleBatch() *Batch {
	return &Batch{
		Key: "agent-7", Answer: []byte(`{"accepted":2}`), Received: 1_795_183_506_000_000_000,
		Defs:   []metric.Def{{ID: 1, Name: "a.b"}},
		Points: []metric.Point{{Series: 1, Time: 1_795_183_506_000, Value: 12.34}, {Series: 2, Time: 1_795_183_506_000, Value: math.Pi}},
		Entries: []entry.Entry{
			{Time: 5, Component: "web.nginx", Host: "web01", Level: entry.Info, Message: "GET /", Fields: []entry.Field{{Key: "status", Value: "200"}}},
			{Time: 4, Component: "web.nginx", Host: "web01", Level: entry.Error, Message: "upstream timed out"},
		},
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sampleBatch().Append(nil))
	f.Add([]byte{Version})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Decode(data)
		if err != nil {
			return
		}
		if _, err := Decode(b.Append(nil)); err != nil {
			t.Errorf("what decoded does not decode again: %v", err)
		}
	})
}

func BenchmarkAppendPoints(b *testing.B) {
	batch := &Batch{}
	for i := range 10000 {
		batch.Points = append(batch.Points, metric.Point{Series: metric.ID(i), Time: 1_795_183_506_000, Value: float64(i%9000) / 100})
	}
	var dst []byte
	for b.Loop() {
		dst = batch.Append(dst[:0])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e4, "ns/point")
	b.ReportMetric(float64(len(dst))/1e4, "B/point")
}

func BenchmarkDecodePoints(b *testing.B) {
	batch := &Batch{}
	for i := range 10000 {
		batch.Points = append(batch.Points, metric.Point{Series: metric.ID(i), Time: 1_795_183_506_000, Value: float64(i%9000) / 100})
	}
	data := batch.Append(nil)
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e4, "ns/point")
}

func TestPackingEntriesAgainTakesNoMemory(t *testing.T) {
	batch, _ := manyEntries()
	dst := batch.Append(nil)
	if n := testing.AllocsPerRun(10, func() { dst = batch.Append(dst[:0]) }); n > 3 { // the map of names
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendEntries(b *testing.B) {
	batch, raw := manyEntries()
	b.SetBytes(int64(raw))
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		dst = batch.Append(dst[:0])
	}
}

// manyEntries are those of a request, and how long their messages are.
func manyEntries() (batch *Batch, raw int) {
	batch = &Batch{}
	for i := range 2000 {
		e := entry.Entry{Time: int64(i) * 1e6, Component: "web.nginx", Host: "web01", Level: entry.Info,
			Message: `203.0.113.7 - - [20/Nov/2026:14:05:06 +0000] "GET /alder/monorepo/info/refs HTTP/1.1" 200 5316 "-" "git/2.39.5"`,
			Fields:  []entry.Field{{Key: "status", Value: "200"}, {Key: "path", Value: "/alder/monorepo/info/refs"}}}
		raw += len(e.Message)
		batch.Entries = append(batch.Entries, e)
	}
	return batch, raw
}
