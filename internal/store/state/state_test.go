package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patou/internal/clock"
	"patou/internal/event"
	"patou/internal/token"
)

func open(t *testing.T, path string, c clock.Clock) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, Options{Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if damage := Check(context.Background(), path); len(damage) > 0 { // the test's context has ended
			t.Errorf("after closing: %v", damage)
		}
	})
	return s
}

func fresh(t *testing.T) (*Store, *clock.Manual) {
	t.Helper()
	c := clock.NewManual(time.Date(2026, 11, 20, 14, 5, 0, 0, time.UTC))
	return open(t, filepath.Join(t.TempDir(), "state #1?.db"), c), c
}

func add(t *testing.T, s *Store, time int64, what, key string, tags ...string) int64 {
	t.Helper()
	id, err := s.AddEvent(t.Context(), event.Event{Time: time, What: what, Tags: tags, Data: "about " + what}, key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestEventsAreFoundByTimeAndTags(t *testing.T) {
	s, _ := fresh(t)
	add(t, s, 30, "c", "", "deploy", "host:web01")
	add(t, s, 10, "a", "", "deploy", "deploy")
	add(t, s, 20, "b", "", "reboot", "host:web01")
	add(t, s, 20, "B", "")
	f := func(q event.Query, want string) {
		t.Helper()
		if q.Until == 0 {
			q.Until = 100
		}
		events, err := s.Events(t.Context(), q)
		got := ""
		for _, e := range events {
			got += e.What
		}
		if got != want || err != nil {
			t.Errorf("%+v gives %q, %v, want %q", q, got, err, want)
		}
	}
	f(event.Query{}, "abBc")
	f(event.Query{From: 10, Until: 20}, "a")
	f(event.Query{From: 11, Until: 31}, "bBc")
	f(event.Query{Tags: []string{"deploy"}}, "ac")
	f(event.Query{Tags: []string{"deploy", "host:web01"}}, "c")
	f(event.Query{Tags: []string{"deploy", "deploy"}}, "ac")
	f(event.Query{Tags: []string{"deploy", "host:web01"}, Any: true}, "abc")
	f(event.Query{Tags: []string{"' OR 1=1 --"}}, "")
	f(event.Query{Limit: 2}, "Bc")
}

func TestAnEventComesBackAsItWas(t *testing.T) {
	s, _ := fresh(t)
	want := event.Event{Time: 1479650706123456789, What: "déploy", Tags: []string{"b", "a", "b"}, Data: "x\ny"}
	id, err := s.AddEvent(t.Context(), want, "")
	if err != nil {
		t.Fatal(err)
	}
	want.ID = id
	got, err := s.Event(t.Context(), id)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := s.Event(t.Context(), id+1); !errors.Is(err, event.ErrUnknown) {
		t.Errorf("an event that is not there: %v", err)
	}
}

func TestAKeyIsTakenOnce(t *testing.T) {
	s, _ := fresh(t)
	first := add(t, s, 1, "a", "agent/7")
	if again := add(t, s, 2, "b", "agent/7"); again != first {
		t.Errorf("the repeat got %d, the first %d", again, first)
	}
	if events, _ := s.Events(t.Context(), event.Query{Until: 9}); len(events) != 1 || events[0].What != "a" {
		t.Errorf("kept %v", events)
	}
}

func TestTokensLiveUntilRevoked(t *testing.T) {
	s, c := fresh(t)
	has, _ := s.HasTokens(t.Context())
	tok, secret, err := s.CreateToken(t.Context(), "agent", []token.Scope{token.Write, token.Read, token.Write})
	if err != nil || has {
		t.Fatal(has, err)
	}
	c.Advance(90 * time.Second)
	got, err := s.VerifyToken(t.Context(), secret)
	want := tok
	want.Used = tok.Created.Add(90 * time.Second)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	c.Advance(59 * time.Second)
	_, _ = s.VerifyToken(t.Context(), secret)
	list, err := s.Tokens(t.Context())
	if diff := cmp.Diff([]token.Token{want}, list); diff != "" || err != nil {
		t.Errorf("the use within a minute was written: %v %s", err, diff)
	}
	if err := s.RevokeToken(t.Context(), "agent"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.VerifyToken(t.Context(), secret); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("a revoked token: %v", err)
	}
	if err := s.RevokeToken(t.Context(), "agent"); !errors.Is(err, token.ErrUnknown) {
		t.Errorf("revoking twice: %v", err)
	}
}

func TestWrongTokensAreRefused(t *testing.T) {
	s, _ := fresh(t)
	_, secret, err := s.CreateToken(t.Context(), "a", []token.Scope{token.Admin})
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "patou_", secret[:len(secret)-1], secret + "x", strings.ToLower(secret), "patou_" + strings.Repeat("A", 43)} {
		if _, err := s.VerifyToken(t.Context(), wrong); !errors.Is(err, token.ErrUnknown) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, _, err := s.CreateToken(t.Context(), "a", []token.Scope{token.Read}); !errors.Is(err, token.ErrTaken) {
		t.Errorf("a second token of the name: %v", err)
	}
	if _, _, err := s.CreateToken(t.Context(), "b", nil); err == nil {
		t.Error("a token without a scope was made")
	}
	if _, _, err := s.CreateToken(t.Context(), "b c", []token.Scope{token.Read}); err == nil {
		t.Error("a token with a bad name was made")
	}
}

func TestTheSecretIsNotInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, path, nil)
	_, secret, err := s.CreateToken(t.Context(), "a", []token.Scope{token.Admin})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, path + "-wal"} {
		if b, err := os.ReadFile(file); err != nil || bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds the secret or cannot be read: %v", file, err)
		}
	}
}

func TestSettingsAreKept(t *testing.T) {
	s, _ := fresh(t)
	if _, err := s.Setting(t.Context(), "k"); !errors.Is(err, ErrUnset) {
		t.Errorf("before it is set: %v", err)
	}
	for _, v := range []string{"one", "two", ""} {
		if err := s.SetSetting(t.Context(), "k", []byte(v)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Setting(t.Context(), "k"); string(got) != v || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, v)
		}
	}
	_ = s.SetSetting(t.Context(), "k", nil)
	if _, err := s.Setting(t.Context(), "k"); !errors.Is(err, ErrUnset) {
		t.Errorf("after it is forgotten: %v", err)
	}
}

// A crash leaves the database and its log as they are at some moment: the copy
// of an open database is one.
func TestCommittedSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	s := open(t, path, nil)
	for i := range 20 {
		add(t, s, int64(i), fmt.Sprintf("e%d", i), "", "deploy")
		after := filepath.Join(dir, fmt.Sprintf("crash%d.db", i))
		copyFile(t, path, after)
		copyFile(t, path+"-wal", after+"-wal")
		crashed := open(t, after, nil)
		events, err := crashed.Events(t.Context(), event.Query{Until: 99, Tags: []string{"deploy"}})
		if len(events) != i+1 || err != nil {
			t.Fatalf("%d events after a crash, want %d: %v", len(events), i+1, err)
		}
		add(t, crashed, 50, "after", "")
	}
}

func TestATornLogLosesOnlyItsTail(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	s := open(t, path, nil)
	add(t, s, 1, "kept", "")
	before := size(t, path+"-wal")
	add(t, s, 2, "torn", "")
	after := filepath.Join(dir, "torn.db")
	copyFile(t, path, after)
	copyFile(t, path+"-wal", after+"-wal")
	if err := os.Truncate(after+"-wal", before+100); err != nil {
		t.Fatal(err)
	}
	events, err := open(t, after, nil).Events(t.Context(), event.Query{Until: 99})
	if len(events) != 1 || events[0].What != "kept" || err != nil {
		t.Errorf("got %v, %v", events, err)
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	i, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return i.Size()
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		add(t, s, int64(i), strings.Repeat("x", 200), "")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if damage := Check(t.Context(), path); len(damage) > 0 {
		t.Fatalf("a sound file: %v", damage)
	}
	b, _ := os.ReadFile(path)
	for i := len(b) / 2; i < len(b)/2+4096; i++ {
		b[i] ^= 0x5a
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if damage := Check(t.Context(), path); len(damage) == 0 || damage[0].File != path {
		t.Errorf("flipped bytes were not found: %v", damage)
	}
	if damage := Check(t.Context(), path+".none"); len(damage) != 1 {
		t.Errorf("a missing file: %v", damage)
	}
}

func TestANewerSchemaIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.write.ExecContext(t.Context(), `PRAGMA user_version = 99`)
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "newer patou") {
		t.Errorf("opening: %v", err)
	}
}

func TestManyWritersAndReadersAgree(t *testing.T) {
	s, _ := fresh(t)
	other := open(t, filepath.Join(t.TempDir(), "other.db"), nil)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 25 {
				add(t, s, int64(i), fmt.Sprintf("%d/%d", w, i), "", "t")
				if _, err := s.Events(t.Context(), event.Query{Until: 99, Limit: 3}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	events, err := s.Events(t.Context(), event.Query{Until: 99})
	if len(events) != 100 || err != nil {
		t.Errorf("%d events, %v", len(events), err)
	}
	if events, _ := other.Events(t.Context(), event.Query{Until: 99}); len(events) != 0 {
		t.Errorf("another database has them too: %v", events)
	}
}

func TestTheSchemaOnDiskIsDurable(t *testing.T) {
	s, _ := fresh(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		if err := s.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", pragma, got, err, want)
		}
	}
}

func BenchmarkVerifyToken(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "state.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var secret string
	for i := range 100 {
		if _, secret, err = s.CreateToken(b.Context(), fmt.Sprintf("t%d", i), []token.Scope{token.Read}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.VerifyToken(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddEvent(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "state.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if _, err := s.AddEvent(b.Context(), event.Event{Time: 1, What: "deploy", Tags: []string{"deploy", "host:web01"}}, ""); err != nil {
			b.Fatal(err)
		}
	}
}
