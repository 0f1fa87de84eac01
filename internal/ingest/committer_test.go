package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"patou/internal/entry"
	"patou/internal/metric"
	"patou/internal/record"
	"patou/internal/wal"
)

// fakeLog keeps records in memory; what is not synced is lost by crash.
type fakeLog struct {
	mu      sync.Mutex
	records [][]byte
	synced  int
	syncs   int
	first   uint64 // number of records[0]
	fail    error
	// failSync makes Sync withdraw what was written since the last one.
	failSync error
}

func (l *fakeLog) Write(records ...[]byte) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return 0, l.fail
	}
	lsn := l.first + uint64(len(l.records))
	for _, r := range records {
		l.records = append(l.records, append([]byte(nil), r...))
	}
	return lsn, nil
}

// Sync makes what was written durable, or withdraws it when it fails.
func (l *fakeLog) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failSync != nil {
		l.first += uint64(len(l.records) - l.synced) // no number is used twice
		l.records = l.records[:l.synced]
		return l.failSync
	}
	l.synced = len(l.records)
	l.syncs++
	return l.fail
}

func (l *fakeLog) Truncate(uint64) error { return nil }

func (l *fakeLog) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(len(l.records))
}

func (l *fakeLog) Replay(_ context.Context, fn func(uint64, []byte) error) (wal.Report, error) {
	for i, r := range l.records {
		if err := fn(l.first+uint64(i), r); err != nil {
			return wal.Report{}, err
		}
	}
	return wal.Report{}, nil
}

func (l *fakeLog) setFailure(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = err
}

// fakeStore remembers what it was told, in order.
type fakeStore struct {
	mu      sync.Mutex
	lsns    []uint64
	entries []string
	points  int
	keys    map[string][]byte
	defs    []metric.Def
	frozen  uint64
	flushed uint64
	heap    int64
	fail    error
	// perBatch is what a batch adds to the heap.
	perBatch int64
}

func (s *fakeStore) Apply(lsn uint64, b *record.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lsns = append(s.lsns, lsn)
	s.heap += s.perBatch
	for i := range b.Entries {
		s.entries = append(s.entries, b.Entries[i].ID.String()+" "+b.Entries[i].Message)
	}
	s.points += len(b.Points)
	if b.Key != "" {
		if s.keys == nil {
			s.keys = map[string][]byte{}
		}
		s.keys[b.Key] = b.Answer
	}
}

func (s *fakeStore) Freeze(lsn uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = lsn
}

func (s *fakeStore) Flush(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil {
		s.flushed, s.heap = max(s.flushed, s.frozen), 0
	}
	return s.fail
}

func (s *fakeStore) Flushed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flushed
}

func (s *fakeStore) HeadBytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heap
}

func (s *fakeStore) Maintain(context.Context) error { return nil }

func (s *fakeStore) TakeDefs() []metric.Def {
	s.mu.Lock()
	defer s.mu.Unlock()
	defs := s.defs
	s.defs = nil
	return defs
}

func (s *fakeStore) Answer(key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.keys[key]
	return a, ok
}

func (s *fakeStore) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.entries...)
}

type rig struct {
	log           *fakeLog
	metrics, logs *fakeStore
	c             *Committer
}

// run gives a committer whose goroutine runs until the test ends.
func run(t *testing.T, o Options, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{log: &fakeLog{first: 1}, metrics: &fakeStore{}, logs: &fakeStore{}}
		r.c = NewCommitter(r.log, r.metrics, r.logs, o)
		ctx, cancel := context.WithCancel(context.Background())
		var parts sync.WaitGroup
		parts.Go(func() { _ = r.c.Run(ctx) })
		parts.Go(func() { _ = r.c.Maintain(ctx) })
		test(r)
		cancel()
		parts.Wait()
	})
}

func say(messages ...string) *record.Batch {
	b := &record.Batch{}
	for _, m := range messages {
		b.Entries = append(b.Entries, entry.Entry{Time: 1, Component: "a", Message: m})
	}
	return b
}

func TestCommitAppliesInTheOrderOfTheLog(t *testing.T) {
	run(t, Options{}, func(r *rig) {
		var senders sync.WaitGroup
		for i := range 100 {
			senders.Go(func() {
				if _, _, err := r.c.Commit(context.Background(), say(fmt.Sprint(i)), true); err != nil {
					t.Error(err)
				}
			})
		}
		senders.Wait()
		for i, lsn := range r.logs.lsns {
			if lsn != uint64(i)+1 {
				t.Fatalf("batch %d was applied as %d", i+1, lsn)
			}
		}
		if diff := cmp.Diff(r.metrics.lsns, r.logs.lsns); diff != "" {
			t.Errorf("the stores saw different orders:\n%s", diff)
		}
		if r.log.synced != 100 {
			t.Errorf("%d of 100 acknowledged records are synced", r.log.synced)
		}
	})
}

func TestCommitAnswersARepeatedKeyWithItsFirstAnswer(t *testing.T) {
	run(t, Options{}, func(r *rig) {
		send := func(answer string) (string, bool) {
			b := say("once")
			b.Key, b.Answer = "agent-7", []byte(answer)
			got, repeated, err := r.c.Commit(context.Background(), b, true)
			if err != nil {
				t.Error(err)
			}
			return string(got), repeated
		}
		var senders sync.WaitGroup
		for range 10 {
			senders.Go(func() { send("first") })
		}
		senders.Wait()
		if got, repeated := send("second"); got != "first" || !repeated {
			t.Errorf("repeat answered %q, repeated %t", got, repeated)
		}
		if n := len(r.logs.seen()); n != 1 {
			t.Errorf("the entry is there %d times", n)
		}
	})
}

func TestCommitWritesDefinitionsBeforeTheirUse(t *testing.T) {
	run(t, Options{}, func(r *rig) {
		r.metrics.defs = []metric.Def{{ID: 1, Name: "a.b"}}
		b := &record.Batch{Points: []metric.Point{{Series: 1, Value: 2}}}
		if _, _, err := r.c.Commit(context.Background(), b, false); err != nil {
			t.Fatal(err)
		}
		first, err := record.Decode(r.log.records[0])
		if err != nil || len(first.Defs) != 1 {
			t.Fatalf("first record %+v, %v: want the definition", first, err)
		}
		if len(r.log.records) != 2 {
			t.Errorf("%d records, want 2", len(r.log.records))
		}
	})
}

func TestCommitRefusesWhatTheLogDoesNotTake(t *testing.T) {
	run(t, Options{}, func(r *rig) {
		r.metrics.defs = []metric.Def{{ID: 1, Name: "a.b"}}
		r.log.setFailure(errors.New("no space left"))
		_, _, err := r.c.Commit(context.Background(), say("lost"), true)
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v, want ErrUnavailable", err)
		}
		if len(r.logs.seen()) != 0 {
			t.Error("what was refused is visible")
		}
		r.log.setFailure(nil)
		if _, _, err := r.c.Commit(context.Background(), say("kept"), true); err != nil {
			t.Fatal(err)
		}
		if b, err := record.Decode(r.log.records[0]); err != nil || len(b.Defs) != 1 {
			t.Errorf("the definition was lost with the refused write: %+v, %v", b, err)
		}
	})
}

func TestSamplesAreSyncedWithinTheInterval(t *testing.T) {
	run(t, Options{SyncEvery: 250 * time.Millisecond}, func(r *rig) {
		if _, _, err := r.c.Commit(context.Background(), &record.Batch{Points: []metric.Point{{}}}, false); err != nil {
			t.Fatal(err)
		}
		<-time.After(300 * time.Millisecond)
		synctest.Wait()
		r.log.mu.Lock()
		defer r.log.mu.Unlock()
		if r.log.synced != 1 {
			t.Error("a sample is not durable after the interval")
		}
	})
}

func TestAHeavyHeadIsFrozenAndFlushed(t *testing.T) {
	run(t, Options{HeadBytes: 100}, func(r *rig) {
		r.logs.heap = 150
		if _, _, err := r.c.Commit(context.Background(), say("x"), true); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if r.logs.Flushed() != 1 || r.metrics.Flushed() != 1 {
			t.Errorf("flushed through %d and %d, want 1", r.metrics.Flushed(), r.logs.Flushed())
		}
	})
}

func TestAFullDiskRefusesAndRecovers(t *testing.T) {
	run(t, Options{HeadBytes: 100}, func(r *rig) {
		r.logs.mu.Lock()
		r.logs.heap, r.logs.fail = 500, errors.New("no space left")
		r.logs.mu.Unlock()
		_, _, _ = r.c.Commit(context.Background(), say("first"), true)
		synctest.Wait()
		if _, _, err := r.c.Commit(context.Background(), say("second"), true); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v, want ErrUnavailable while memory is full", err)
		}
		r.logs.mu.Lock()
		r.logs.fail = nil
		r.logs.mu.Unlock()
		<-time.After(2 * maintainEvery)
		if _, _, err := r.c.Commit(context.Background(), say("third"), true); err != nil {
			t.Errorf("after space came back: %v", err)
		}
	})
}

// Without a sync nothing may be frozen, and a flush of nothing frees no memory:
// to wait for one would never end, and keep every sender waiting.
func TestADiskThatDoesNotSyncRefusesWhenMemoryIsFull(t *testing.T) {
	run(t, Options{HeadBytes: 100, SyncEvery: time.Hour}, func(r *rig) {
		r.log.mu.Lock()
		r.log.failSync = fmt.Errorf("%w: input/output error", wal.ErrWithdrawn)
		r.log.mu.Unlock()
		r.logs.mu.Lock()
		r.logs.heap = 500
		r.logs.mu.Unlock()
		if _, _, err := r.c.Commit(context.Background(), say("loose"), false); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.c.Commit(context.Background(), say("refused"), true); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v, want ErrUnavailable", err)
		}
		if _, _, err := r.c.Commit(context.Background(), say("loose as well"), false); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v, want ErrUnavailable while memory is full", err)
		}
		r.log.mu.Lock()
		r.log.failSync = nil
		r.log.mu.Unlock()
		if _, _, err := r.c.Commit(context.Background(), say("kept"), true); err != nil {
			t.Errorf("after the disk came back: %v", err)
		}
	})
}

func TestWhatAFailedSyncWithdrewIsWrittenAgain(t *testing.T) {
	run(t, Options{SyncEvery: time.Hour}, func(r *rig) {
		r.metrics.defs = []metric.Def{{ID: 1, Name: "a.b"}}
		if _, _, err := r.c.Commit(context.Background(), &record.Batch{Points: []metric.Point{{Series: 1, Value: 2}}}, false); err != nil {
			t.Fatal(err)
		}
		r.log.mu.Lock()
		r.log.failSync = fmt.Errorf("%w: input/output error", wal.ErrWithdrawn)
		r.log.mu.Unlock()
		if _, _, err := r.c.Commit(context.Background(), say("refused"), true); !errors.Is(err, ErrUnavailable) {
			t.Errorf("error %v, want ErrUnavailable", err)
		}
		r.log.mu.Lock()
		r.log.failSync = nil
		r.log.mu.Unlock()
		if _, _, err := r.c.Commit(context.Background(), say("kept"), true); err != nil {
			t.Fatal(err)
		}
		defs, points := 0, 0
		for _, rec := range r.log.records {
			b, err := record.Decode(rec)
			if err != nil {
				t.Fatal(err)
			}
			defs, points = defs+len(b.Defs), points+len(b.Points)
		}
		if defs != 1 || points != 1 || r.metrics.points != 1 {
			t.Errorf("the log holds %d definitions and %d points, applied were %d: want one of each", defs, points, r.metrics.points)
		}
		if got := r.logs.seen(); len(got) != 1 {
			t.Errorf("entries %v, want the kept one alone", got)
		}
	})
}

func TestReplayPastTheHeadsBoundFlushesOnTheWay(t *testing.T) {
	log := &fakeLog{first: 1}
	for i := range 5 {
		_, _ = log.Write(say(fmt.Sprint(i)).Append(nil))
	}
	metrics, logs := &fakeStore{flushed: 3}, &fakeStore{perBatch: 60}
	if _, err := NewCommitter(log, metrics, logs, Options{HeadBytes: 100}).Replay(t.Context(), log); err != nil {
		t.Fatal(err)
	}
	if logs.flushed == 0 {
		t.Error("nothing was flushed on the way")
	}
	if metrics.flushed < 3 {
		t.Errorf("a store that was ahead went back to %d", metrics.flushed)
	}
	if diff := cmp.Diff([]uint64{4, 5}, metrics.lsns); diff != "" {
		t.Errorf("batches applied to the store that was ahead:\n%s", diff)
	}
}

func TestReplayGivesEachStoreWhatItsFilesLack(t *testing.T) {
	log := &fakeLog{first: 1}
	for _, m := range []string{"one", "two", "three"} {
		_, _ = log.Write(say(m).Append(nil))
	}
	log.records = append(log.records, []byte("not a record"))
	metrics, logs := &fakeStore{flushed: 1}, &fakeStore{flushed: 2}
	report, err := NewCommitter(log, metrics, logs, Options{}).Replay(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint64{2, 3}, metrics.lsns); diff != "" {
		t.Errorf("metrics:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3-0 three"}, logs.entries); diff != "" {
		t.Errorf("logs:\n%s", diff)
	}
	if len(report.Damage) != 1 {
		t.Errorf("report %+v, want the one record that cannot be read", report)
	}
}

func TestHubNeverWaits(t *testing.T) {
	var h Hub
	f := h.Follow(func(e *entry.Entry) bool { return e.Level >= entry.Warn })
	batch := make([]entry.Entry, 2*hubQueue)
	for i := range batch {
		batch[i].Level = entry.Error
	}
	h.Publish(batch)
	if got := f.Dropped(); got != hubQueue {
		t.Errorf("dropped %d, want %d", got, hubQueue)
	}
	f.Close()
	h.Publish(batch)
	if got := f.Dropped(); got != 0 {
		t.Errorf("a closed follower dropped %d", got)
	}
}
