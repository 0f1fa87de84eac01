package timerange

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// friday is the moment the tests live in: a Friday afternoon.
func friday() time.Time { return time.Date(2026, 11, 20, 15, 4, 5, 0, time.UTC) }

func TestParseReads(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		got, err := Parse(text, friday(), time.UTC)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		} else if s := got.Format("2006-01-02 15:04:05.999"); s != want {
			t.Errorf("Parse(%q) = %s, want %s", text, s, want)
		}
	}
	f("now", "2026-11-20 15:04:05")
	f(" NOW ", "2026-11-20 15:04:05")
	f("-1h", "2026-11-20 14:04:05")
	f("now-1h", "2026-11-20 14:04:05")
	f("now+1h", "2026-11-20 16:04:05")
	f("-1h30min", "2026-11-20 13:34:05")
	f("-1d-1h", "2026-11-19 14:04:05")
	f("-1mon", "2026-10-21 15:04:05")
	f("-2weeks", "2026-11-06 15:04:05")
	f("5m", "2026-11-20 14:59:05")
	f("-5m", "2026-11-20 14:59:05")
	f("90s", "2026-11-20 15:02:35")
	f("1479650706", "2016-11-20 14:05:06")
	f("1479650706.5", "2016-11-20 14:05:06.5")
	f("1479650706123", "2016-11-20 14:05:06.123")
	f("0", "1970-01-01 00:00:00")
	f("20161120", "2016-11-20 00:00:00")
	f("14:05_20161120", "2016-11-20 14:05:00")
	f("14:05", "2026-11-20 14:05:00")
	f("14:05:06_20161120", "2016-11-20 14:05:06")
	f("2:05pm", "2026-11-20 14:05:00")
	f("6am", "2026-11-20 06:00:00")
	f("6pm today", "2026-11-20 18:00:00")
	f("12pm", "2026-11-20 12:00:00")
	f("12am", "2026-11-20 00:00:00")
	f("noon yesterday", "2026-11-19 12:00:00")
	f("teatime", "2026-11-20 16:00:00")
	f("midnight", "2026-11-20 00:00:00")
	f("midnight+1d", "2026-11-21 00:00:00")
	f("tomorrow", "2026-11-21 00:00:00")
	f("11/20/16", "2016-11-20 00:00:00")
	f("14:05_11/20/2016", "2016-11-20 14:05:00")
	f("monday", "2026-11-16 00:00:00")
	f("fri", "2026-11-20 00:00:00")
	f("noon sat", "2026-11-14 12:00:00")
	f("nov 3", "2026-11-03 00:00:00")
	f("november3-1h", "2026-11-02 23:00:00")
	f("2016-11-20T14:05:06Z", "2016-11-20 14:05:06")
	f("2016-11-20t14:05:06.25+00:00", "2016-11-20 14:05:06.25")
	f("2016-11-20 14:05", "2016-11-20 14:05:00")
	f("2016-11-20", "2016-11-20 00:00:00")
}

func TestParseTakesWallClockTimesInTheZone(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	got, err := Parse("14:05_20161120", friday(), berlin)
	if want := time.Date(2016, 11, 20, 13, 5, 0, 0, time.UTC); err != nil || !got.Equal(want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestParseRefusesWithPlaceAndRemedy(t *testing.T) {
	f := func(text string, pos int, want string) {
		t.Helper()
		_, err := Parse(text, friday(), time.UTC)
		var pe *ParseError
		if !errors.As(err, &pe) {
			t.Fatalf("Parse(%q): %v, want a *ParseError", text, err)
		}
		if pe.Pos != pos || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): at %d %q, want at %d with %q", text, pe.Pos, err, pos, want)
		}
	}
	f("", 0, "-1h")
	f("bogus", 0, "14:05")
	f("now-", 4, "a number and a unit")
	f("now-5", 5, "a number and a unit")
	f("now - 5 lightyears", 8, "a number and a unit")
	f("25:00", 0, "00:00 to 23:59")
	f("14:5", 4, "two digits")
	f("13pm", 0, "1 to 12")
	f("nov 33", 6, "day of the month")
	f("-9999y", 1, "250 years")
	f("now now", 4, "offset such as")
	f("99/99/99", 0, "month/day/year")
	f(strings.Repeat("1", 200), 99, "shorter")
}

func TestParseRangeHasDefaultsAndOrder(t *testing.T) {
	f := func(from, until string, wantFrom, wantUntil time.Duration) {
		t.Helper()
		r, err := ParseRange(from, until, friday())
		want := Of(friday().Add(wantFrom), friday().Add(wantUntil))
		if err != nil || r != want {
			t.Errorf("ParseRange(%q, %q) = %v, %v; want %v", from, until, r, err, want)
		}
	}
	f("", "", -24*time.Hour, 0)
	f("-2h", "-1h", -2*time.Hour, -time.Hour)
	f("-1h", "-2h", -2*time.Hour, -time.Hour)
	if _, err := ParseRange("now", "now", friday()); err == nil {
		t.Error("an empty range was taken")
	}
	if _, err := ParseRange("-1h", "x", friday()); err == nil || !strings.HasPrefix(err.Error(), "until: ") {
		t.Errorf("the error does not name the parameter: %v", err)
	}
}

func TestParseInterval(t *testing.T) {
	f := func(text string, want time.Duration) {
		t.Helper()
		if got, err := ParseInterval(text); err != nil || got != want {
			t.Errorf("ParseInterval(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	f("1h", time.Hour)
	f("-1d", -24*time.Hour)
	f("+10min", 10*time.Minute)
	f("1h 30min", 90*time.Minute)
	f("5m", 5*time.Minute)
	for _, bad := range []string{"", "1", "h", "1h-1m", "x", "1.5h"} {
		if d, err := ParseInterval(bad); err == nil {
			t.Errorf("ParseInterval(%q) = %v, want an error", bad, d)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"now", "-1h", "14:05_20161120", "noon yesterday", "2016-11-20T14:05:06Z", "nov3-1h", "11/20/16", "1479650706.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s, friday(), time.UTC)
		var pe *ParseError
		if err != nil && (!errors.As(err, &pe) || pe.Pos > len(s)) {
			t.Fatalf("Parse(%q): %v is no *ParseError within the text", s, err)
		}
		if err == nil && got.Sub(time.Unix(0, got.UnixNano())) != 0 {
			t.Fatalf("Parse(%q) = %v does not fit into nanoseconds", s, got)
		}
	})
}
