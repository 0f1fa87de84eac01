package chunk

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patou/internal/entry"
	"patou/internal/host"
	"patou/internal/metric"
	"patou/internal/record"
)

func sample() *Chunk {
	return &Chunk{
		Host:     host.Identity{Machine: "m", Boot: "b", Instance: "i", Name: "web-1"},
		Sequence: 7,
		Zone:     &Zone{Offset: -18000, Name: "America/New_York"},
		Report: &host.Report{
			Full: []host.Resource{{Name: "cpu", Percent: 41}}, Leaving: host.Shutdown,
			Connections: []host.Connection{{Group: "nginx.service", Remote: "10.0.0.7", Port: 5432, Sockets: 3, RTT: 0.4}},
		},
		Batch: record.Batch{
			Defs:    []metric.Def{{ID: 1, Name: "cpu.user"}},
			Points:  []metric.Point{{Series: 1, Time: 1_795_000_000_000, Value: 12.5}},
			Entries: []entry.Entry{{Time: 1, Component: "nginx", Message: "all is well"}},
		},
	}
}

func encode(t testing.TB, c *Chunk) []byte {
	t.Helper()
	e, err := NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	data, err := e.Encode(nil, c)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestChunksReadBack(t *testing.T) {
	d, err := NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Chunk{sample(), {Sequence: 1}} {
		got, err := d.Decode(encode(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAChunkThatNamesAKeyIsRefused(t *testing.T) {
	c := sample()
	c.Batch.Key = "someone else's"
	d, _ := NewDecoder()
	if _, err := d.Decode(encode(t, c)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "key") {
		t.Errorf("got %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := NewDecoder()
		if err != nil {
			t.Fatal(err)
		}
		c, err := d.Decode(data)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		again, err := d.Decode(encode(t, c))
		if err != nil || !bytes.Equal([]byte(c.Key()), []byte(again.Key())) {
			t.Fatalf("%v", err)
		}
	})
}
