package logs

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"patou/internal/entry"
	"patou/internal/fsx"
	"patou/internal/record"
)

func maintain(t testing.TB, f *fixture) {
	t.Helper()
	if err := f.store.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) files(t testing.TB) (names []string) {
	t.Helper()
	list, err := f.fs.ReadDir(testDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestSmallSegmentsAreMergedAFewTimes(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{FanIn: 4, BlockBytes: 2 << 10})
	for round := range 80 {
		for i := range 20 {
			f.apply(request(round*20+i), line("app.worker", time.Duration(-round*i)*time.Second, "late"))
		}
		f.flush(t)
		maintain(t, f)
		f.check(t)
	}
	for _, seg := range f.store.segments {
		if seg.level > maxLevel {
			t.Errorf("segment %d was rewritten %d times", seg.number, seg.level)
		}
	}
	if n := len(f.store.segments); n > 4*(maxLevel+1) {
		t.Errorf("%d segments are left of 80", n)
	}
	if n := len(f.files(t)); n != 1+len(f.store.segments) {
		t.Errorf("files %v for %d segments", f.files(t), len(f.store.segments))
	}
	f.reopen(t, f.fs)
}

func TestReadersKeepWhatAMergeReplaces(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{FanIn: 2})
	for i := range 4 {
		f.apply(request(i))
		f.flush(t)
	}
	runs, release, err := f.store.Runs(context.Background(), everything)
	if err != nil {
		t.Fatal(err)
	}
	maintain(t, f)
	var got []entry.Entry
	for _, r := range runs {
		got = append(got, readRun(t, r, everything)...)
	}
	if len(got) != 4 {
		t.Errorf("%d entries while files are replaced, want 4", len(got))
	}
	before := len(f.files(t))
	release()
	if after := len(f.files(t)); after != before-4 {
		t.Errorf("%d files before release, %d after: want 4 fewer", before, after)
	}
	f.check(t)
}

func TestRetentionByAgeSizeAndComponent(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{
		Retention: 72 * time.Hour,
		RetentionOf: func(component string) time.Duration {
			if component == "debug" {
				return 24 * time.Hour
			}
			return 0
		},
	})
	for d := range 6 {
		for i := range 10 {
			ago := -time.Duration(d)*24*time.Hour - time.Duration(i)*time.Second
			f.apply(line("debug", ago, "d"), line("web", ago, "w"))
		}
	}
	f.flush(t)
	f.clock.Advance(12 * time.Hour)
	maintain(t, f)
	counts := map[string]int{}
	for _, e := range read(t, f.store, everything) {
		counts[e.Component]++
	}
	if counts["debug"] != 10 || counts["web"] != 30 {
		t.Errorf("kept %v, want a day of debug and three days of web", counts)
	}
	f.store.opts.Size = 1
	maintain(t, f)
	if n := len(read(t, f.store, everything)); n != 0 {
		t.Errorf("%d entries are left past the size", n)
	}
	if got := f.files(t); !slices.Equal(got, []string{manifestName}) {
		t.Errorf("files left: %v", got)
	}
}

func TestAnswersAreRememberedForADay(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{})
	told := func(key string, want bool) {
		t.Helper()
		answer, ok := f.store.Answer(key)
		if ok != want || ok && string(answer) != "answer to "+key {
			t.Errorf("answer to %q: %q %v", key, answer, ok)
		}
	}
	ask := func(key string) {
		f.applyBatch(&record.Batch{Key: key, Answer: []byte("answer to " + key), Received: f.clock.Now().UnixNano()})
	}
	ask("a")
	told("a", true)
	told("other", false)
	f.flush(t)
	f.clock.Advance(23 * time.Hour)
	ask("b")
	f.flush(t)
	f.reopen(t, f.fs)
	told("a", true)
	told("b", true)
	f.clock.Advance(2 * time.Hour)
	maintain(t, f)
	told("a", false)
	told("b", true)
	f.reopen(t, f.fs)
	told("a", false)
	told("b", true)
	if got := f.files(t); len(got) != 2 {
		t.Errorf("files %v, want the manifest and one of answers", got)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{MaxAnswers: 10})
	for i := range 30 {
		f.applyBatch(&record.Batch{Key: fmt.Sprint(i), Received: f.clock.Now().UnixNano()})
		f.clock.Advance(10 * time.Minute)
	}
	maintain(t, f)
	if _, ok := f.store.Answer("29"); f.store.answers.count > 10 || !ok {
		t.Errorf("%d answers are kept, the newest is %v", f.store.answers.count, ok)
	}
	if n := f.store.opts.Telemetry.Counter("logs.answers_forgotten").Value(); n == 0 {
		t.Error("nothing was counted as forgotten")
	}
}

func TestComponentsAndHostsAreKnown(t *testing.T) {
	f := newFixture(t, fsx.NewMem(), Options{})
	f.apply(line("web.nginx", 0, "a"), entry.Entry{Time: at(time.Minute), Component: "db", Host: "db1", Message: "b"})
	f.flush(t)
	f.apply(line("web.nginx", time.Hour, "c"), entry.Entry{Time: at(0), Component: "db", Host: "", Message: "d"})
	if got, want := f.store.Components(), []Component{{"db", at(time.Minute)}, {"web.nginx", at(time.Hour)}}; !slices.Equal(got, want) {
		t.Errorf("components %v, want %v", got, want)
	}
	if got, want := f.store.Hosts(), []Host{{"db1", at(time.Minute)}, {"web01", at(time.Hour)}}; !slices.Equal(got, want) {
		t.Errorf("hosts %v, want %v", got, want)
	}
}
