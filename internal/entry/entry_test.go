package entry

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLevelsAreReadAsLibrariesWriteThem(t *testing.T) {
	f := func(text string, want Level, ok bool) {
		t.Helper()
		if got, known := ParseLevel(text); got != want || known != ok {
			t.Errorf("ParseLevel(%q) = %v, %t", text, got, known)
		}
	}
	f("WARNING", Warn, true)
	f("crit", Critical, true)
	f("E", Error, true)
	f("fatal", Critical, true)
	f("loud", LevelNone, false)
	f(strings.Repeat("e", 100), LevelNone, false)
	for l := range Level(Levels) {
		f(l.String(), l, true)
	}
}

func TestSyslogSeveritiesKeepTheirOrder(t *testing.T) {
	for s := uint8(1); s < 8; s++ {
		if FromSyslog(s) >= FromSyslog(s-1) {
			t.Errorf("severity %d is not below %d", s, s-1)
		}
	}
	if FromSyslog(8) != LevelNone {
		t.Error("severity 8 has a level")
	}
}

func TestIDsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := ID{Batch: rapid.Uint64().Draw(t, "batch"), Row: rapid.Uint32().Draw(t, "row")}
		if got, err := ParseID(id.String()); err != nil || got != id {
			t.Fatalf("%v reads back as %v, %v", id, got, err)
		}
	})
	for _, bad := range []string{"", "-", "1", "1-", "x y-1", "1-zzzzzzzzzz", "-1-2"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) has no error", bad)
		}
	}
}

func TestIDsOrderAsAccepted(t *testing.T) {
	ids := []ID{{1, 0}, {1, 1}, {2, 0}}
	for i := range ids {
		for j := range ids {
			if got := ids[i].Less(ids[j]); got != (i < j) {
				t.Errorf("%v < %v is %t", ids[i], ids[j], got)
			}
		}
	}
}

func TestCleanCutsAndSaysSo(t *testing.T) {
	e := Entry{Message: strings.Repeat("ä", MaxMessage), Fields: []Field{{"k", strings.Repeat("v", MaxValue+1)}}}
	Clean(&e)
	if len(e.Message) > MaxMessage || !utf8.ValidString(e.Message) {
		t.Errorf("message of %d bytes, valid %t", len(e.Message), utf8.ValidString(e.Message))
	}
	if cut, _ := e.Field(CutField); cut != "message k" {
		t.Errorf("cut %q, want the message and k", cut)
	}
}

func TestCleanMendsBrokenText(t *testing.T) {
	e := Entry{Message: "a\xffb\x00c\r\n", Host: "h\xfe"}
	Clean(&e)
	want := Entry{Message: "a\uFFFDb\u2400c", Host: "h\uFFFD"}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

func TestCleanBoundsTheNumberOfFields(t *testing.T) {
	e := Entry{Message: "m", Fields: make([]Field, MaxFields+10)}
	Clean(&e)
	if len(e.Fields) != MaxFields+1 {
		t.Errorf("%d fields, want %d and the note", len(e.Fields), MaxFields)
	}
}

func TestCleanOfACleanEntryAllocatesNothing(t *testing.T) {
	e := Entry{Message: "all is well", Host: "web01", Fields: []Field{{"status", "200"}}}
	if n := testing.AllocsPerRun(100, func() { Clean(&e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestStringsTellAbsentFromEmpty(t *testing.T) {
	s := Strings{Values: []string{"", "x"}, Codes: []uint32{0, Absent, 1}}
	f := func(row int, want string, present bool) {
		t.Helper()
		if got, ok := s.At(row); got != want || ok != present {
			t.Errorf("row %d: %q, %t", row, got, ok)
		}
	}
	f(0, "", true)
	f(1, "", false)
	f(2, "x", true)
}
