package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"patou/test/apptest"
)

// crashes is how often the server is killed under load, batches how many
// requests a sender makes at most before that.
const crashes, batches = 20, 60

// TestKillNineLosesNothing kills the server under load, over and over: every
// entry that was acknowledged is there exactly once, every sample older than a
// second is there, and no file is damaged.
func TestKillNineLosesNothing(t *testing.T) {
	data := t.TempDir()
	w := &writer{acked: map[string]bool{}, sent: map[int64]float64{}, senders: map[string]bool{}}
	for round := range crashes {
		s := start(t, data)
		w.check(t, s, round)
		w.load(t, s, round)
		s.Kill()
		fsck(t, data)
	}
	s := start(t, data)
	w.check(t, s, crashes)
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM\n%s", code, s.Stderr())
	}
	fsck(t, data)
	t.Logf("%d entries and %d samples over %d crashes", len(w.acked), len(w.sent), crashes)
}

// writer remembers what must be there.
type writer struct {
	mu    sync.Mutex
	acked map[string]bool
	sent  map[int64]float64 // slot to value
	next  int
	// senders are the components written to, one a sender and round, so that no
	// answer has more entries than a query gives.
	senders map[string]bool
}

// load writes for a moment, with retries by key, and returns while requests are
// under way.
func (w *writer) load(t *testing.T, s *apptest.Server, round int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.samples(t, s)
	var senders sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprintf("r%d-s%d", round, i)
		w.senders[name] = true
		senders.Go(func() { w.post(ctx, s, name) })
	}
	<-time.After(time.Duration(5+round*7%60) * time.Millisecond)
	s.Kill()
	cancel()
	senders.Wait()
}

func (w *writer) post(ctx context.Context, s *apptest.Server, name string) {
	for n := 0; n < batches && ctx.Err() == nil; n++ {
		var body bytes.Buffer
		ids := make([]string, 50)
		for i := range ids {
			ids[i] = fmt.Sprintf("%s-b%d-%d", name, n, i)
			fmt.Fprintf(&body, "{\"component\":\"crash.%s\",\"level\":\"info\",\"message\":\"entry %s\",\"n\":%d}\n", name, ids[i], i)
		}
		key := fmt.Sprintf("%s-b%d", name, n)
		for range 2 { // the second is a retry, which must double nothing
			if !send(ctx, s.URL("/api/logs"), key, body.Bytes()) {
				return
			}
		}
		w.mu.Lock()
		for _, id := range ids {
			w.acked[id] = true
		}
		w.mu.Unlock()
	}
}

func send(ctx context.Context, url, key string, body []byte) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Idempotency-Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return err == nil && res.StatusCode == http.StatusOK && strings.Contains(string(answer), `"accepted":50`)
}

// samples sends values for slots of the last hours, and waits the second after
// which they must survive.
func (w *writer) samples(t *testing.T, s *apptest.Server) {
	c, err := net.Dial("tcp", s.Addr("graphite"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	now := time.Now().Unix() / 10 * 10
	var lines bytes.Buffer
	for range 200 {
		w.next++
		slot := now - 7200 + int64(w.next%700)*10
		value := float64(w.next) + 0.25
		fmt.Fprintf(&lines, "crash.samples %g %d\n", value, slot)
		w.sent[slot] = value
	}
	if _, err := c.Write(lines.Bytes()); err != nil {
		t.Fatal(err)
	}
	<-time.After(1100 * time.Millisecond)
}

func (w *writer) check(t *testing.T, s *apptest.Server, round int) {
	t.Helper()
	got := map[string]int{}
	for sender := range w.senders {
		for _, e := range s.Logs("component:crash."+sender, "from", "-1d", "limit", "100000") {
			got[strings.TrimPrefix(e.Message, "entry ")]++
		}
	}
	lost, doubled := 0, 0
	for id := range w.acked {
		if got[id] == 0 {
			lost++
		}
	}
	for _, n := range got {
		if n > 1 {
			doubled++
		}
	}
	if lost > 0 || doubled > 0 {
		t.Fatalf("after crash %d: of %d acknowledged entries %d are lost, %d are there more than once", round, len(w.acked), lost, doubled)
	}
	w.checkSamples(t, s, round)
}

func (w *writer) checkSamples(t *testing.T, s *apptest.Server, round int) {
	t.Helper()
	if len(w.sent) == 0 {
		return
	}
	got := map[int64]float64{}
	for _, series := range s.Render("crash.samples", "from", "-4h") {
		for _, p := range series.Datapoints {
			if p[0] != nil {
				got[int64(*p[1])] = *p[0]
			}
		}
	}
	missing := 0
	for slot, want := range w.sent {
		if got[slot] != want {
			missing++
		}
	}
	if missing > 0 {
		t.Fatalf("after crash %d: %d of %d slots are missing or wrong", round, missing, len(w.sent))
	}
}

func fsck(t *testing.T, data string) {
	t.Helper()
	if out, err := exec.Command(binary, "fsck", "--data", data).CombinedOutput(); err != nil {
		t.Fatalf("fsck: %v\n%s", err, out)
	}
}

func TestASecondServerIsRefused(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	_, err := apptest.TryStart(t, binary, data, "--config", configFile(t, quiet))
	if err == nil {
		t.Fatal("two servers share a data directory")
	}
	if want := fmt.Sprintf("in use by process %d", s.PID()); !strings.Contains(err.Error(), want) {
		t.Errorf("refusal %q does not say %q", err, want)
	}
}

func TestDamagedFilesAreNamedAndTheRestIsServed(t *testing.T) {
	data := t.TempDir()
	s := start(t, data)
	for i := range 5 {
		s.Post("/api/logs", "application/x-ndjson", fmt.Sprintf("{\"component\":\"c%d\",\"message\":\"hello %d\"}\n", i, i))
	}
	if code := s.Stop(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, s.Stderr())
	}
	flipBytesInEachSegment(t, data)
	out, err := exec.Command(binary, "fsck", "--data", data).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "at byte") {
		t.Errorf("fsck does not name the damage: %v\n%s", err, out)
	}
	s = start(t, data)
	if status, body := s.Get("/-/ready"); status != http.StatusOK {
		t.Errorf("a damaged segment keeps the server from being ready: %d %s", status, body)
	}
	if status, _ := s.Post("/api/logs", "application/x-ndjson", "{\"component\":\"c9\",\"message\":\"after\"}\n"); status != http.StatusOK {
		t.Errorf("a damaged segment keeps new entries out: %d", status)
	}
	if got := s.Logs("component:c9"); len(got) != 1 {
		t.Errorf("%d entries after the damage, want 1", len(got))
	}
}

// flipBytesInEachSegment damages every segment file in many places.
func flipBytesInEachSegment(t *testing.T, data string) {
	t.Helper()
	flipped := 0
	err := walkFiles(data, func(path string) error {
		if !strings.HasSuffix(path, ".seg") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := 24; i < len(text)*3/4; i += 16 {
			text[i] ^= 0x40
		}
		flipped++
		return os.WriteFile(path, text, 0o600)
	})
	if err != nil || flipped == 0 {
		t.Fatalf("%d segments flipped: %v", flipped, err)
	}
}
