package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"patou/internal/ingest"
)

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(b, nil)
}

func TestLogsReachTheSinkAsSent(t *testing.T) {
	body := []byte("{\"message\":\"a\"}\n{\"message\":\"b\"}\n")
	f := func(encoding string, sent []byte) {
		t.Helper()
		g := newRig(t, nil)
		g.sink.answer = ingest.Answer{Accepted: 2}
		r := g.do(t, http.MethodPost, "/api/logs", sent, header("Content-Type", "application/x-ndjson"),
			header("Content-Encoding", encoding), header("Idempotency-Key", "agent/7"))
		r.want(t, http.StatusOK, `{"accepted":2,"rejected":[]}`)
		if diff := cmp.Diff([]string{string(body), "agent/7", "192.0.2.1"}, []string{string(g.sink.body), g.sink.key, g.sink.source}); diff != "" {
			t.Errorf("%q: %s", encoding, diff)
		}
		if used := g.server().bodies.used.Load(); used != 0 {
			t.Errorf("%q: %d bytes were not given back", encoding, used)
		}
	}
	f("", body)
	f("identity", body)
	f("gzip", gzipped(t, body))
	f("GZIP", gzipped(t, body))
	f("zstd", zstded(t, body))
}

func (g *rig) server() *server { return g.Handler.(*server) }

func TestLogsThatAreNotKeptAreAnsweredSo(t *testing.T) {
	f := func(answer ingest.Answer, err error, status int, text, retry string) {
		t.Helper()
		g := newRig(t, nil)
		g.sink.answer, g.sink.err = answer, err
		r := g.do(t, http.MethodPost, "/api/logs", []byte("x\n"))
		r.want(t, status, text)
		if r.header.Get("Retry-After") != retry {
			t.Errorf("Retry-After %q, want %q", r.header.Get("Retry-After"), retry)
		}
	}
	f(ingest.Answer{Rejected: []ingest.Rejected{{Line: 1, Reason: "not JSON"}}}, nil, http.StatusBadRequest,
		`"accepted":0,"rejected":[{"line":1,"reason":"not JSON"}]`, "")
	f(ingest.Answer{Accepted: 1, Rejected: []ingest.Rejected{{Line: 1, Reason: "not JSON"}}}, nil, http.StatusOK, `{"accepted":1,"rejected":[{"line":1`, "")
	f(ingest.Answer{}, ingest.ErrBusy, http.StatusTooManyRequests, "try again", "1")
	f(ingest.Answer{}, fmt.Errorf("%w: no space left on device", ingest.ErrUnavailable), http.StatusServiceUnavailable, "cannot write", "10")
	f(ingest.Answer{}, errors.New("/secret/path: broken"), http.StatusInternalServerError, "its log says what", "")
}

func TestInternalErrorsStayInside(t *testing.T) {
	g := newRig(t, nil)
	g.sink.err = errors.New("/secret/path: broken")
	if r := g.do(t, http.MethodPost, "/api/logs", []byte("x\n")); strings.Contains(r.body, "secret") {
		t.Errorf("the client is told %s", r.body)
	}
}

// smallBodies lowers the bounds, so that tests need not fill them.
func (g *rig) smallBodies() int {
	const most = 1 << 20
	g.server().logBody, g.server().bodies.most = most, 6*(most+1)
	return most
}

func TestTheBoundsOfBodies(t *testing.T) {
	s := newRig(t, nil).server()
	if s.logBody != 32<<20 || s.bodies.most != 192<<20 {
		t.Errorf("a body has at most %d bytes, all have %d", s.logBody, s.bodies.most)
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	g := newRig(t, nil)
	limit := g.smallBodies()
	g.sink.answer = ingest.Answer{Accepted: 1}
	f := func(encoding string, sent []byte, status int, text string) {
		t.Helper()
		r := g.do(t, http.MethodPost, "/api/logs", sent, header("Content-Encoding", encoding))
		r.want(t, status, text)
		if used := g.server().bodies.used.Load(); used != 0 {
			t.Errorf("%d bytes were not given back", used)
		}
	}
	most := bytes.Repeat([]byte("x"), limit)
	over := bytes.Repeat([]byte("x"), limit+1)
	bomb := make([]byte, 16<<20)
	f("", most, http.StatusOK, "")
	f("", over, http.StatusRequestEntityTooLarge, "1048576")
	f("gzip", gzipped(t, most), http.StatusOK, "")
	f("gzip", gzipped(t, over), http.StatusRequestEntityTooLarge, "1048576")
	f("gzip", gzipped(t, bomb), http.StatusRequestEntityTooLarge, "1048576")
	f("zstd", zstded(t, bomb), http.StatusRequestEntityTooLarge, "1048576")
	f("gzip", []byte("not gzip"), http.StatusBadRequest, "does not unpack")
	f("gzip", gzipped(t, most)[:2000], http.StatusBadRequest, "does not unpack")
	f("zstd", []byte("not zstd"), http.StatusBadRequest, "body")
	f("br", []byte("x"), http.StatusUnsupportedMediaType, "gzip, zstd")
	f("gzip, gzip", []byte("x"), http.StatusUnsupportedMediaType, "gzip, zstd")
	g.do(t, http.MethodPost, "/events/", append([]byte(`{"what":"x","data":"`), bytes.Repeat([]byte("x"), maxSmallBody)...)).
		want(t, http.StatusRequestEntityTooLarge, "1048576")
}

func TestAKeyIsBounded(t *testing.T) {
	g := newRig(t, nil)
	g.do(t, http.MethodPost, "/api/logs", []byte("x"), header("Idempotency-Key", strings.Repeat("k", maxKey+1))).
		want(t, http.StatusBadRequest, "Idempotency-Key")
}

// blockedSink keeps each request until it is told to go on.
type blockedSink struct{ entered, leave chan struct{} }

func (b blockedSink) Accept(ctx context.Context, _, _ string, _ []byte) (ingest.Answer, error) {
	b.entered <- struct{}{}
	select {
	case <-b.leave:
	case <-ctx.Done():
	}
	return ingest.Answer{Accepted: 1}, nil
}

func TestBodiesTogetherAreBounded(t *testing.T) {
	sink := blockedSink{make(chan struct{}), make(chan struct{})}
	g := newRig(t, func(o *Options) { o.Sink = sink })
	limit := g.smallBodies()
	body := bytes.Repeat([]byte("x"), limit)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { g.do(t, http.MethodPost, "/api/logs", body) })
		<-sink.entered
	}
	r := g.do(t, http.MethodPost, "/api/logs", body)
	r.want(t, http.StatusTooManyRequests, "too much is being sent")
	close(sink.leave)
	wg.Wait()
	if used := g.server().bodies.used.Load(); used != 0 {
		t.Errorf("%d bytes were not given back", used)
	}
}

func TestHalfABodyIsNeverKept(t *testing.T) {
	g := newRig(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	pr, pw := io.Pipe()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/logs", pr)
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/json")
	go func() { cancel(); pw.CloseWithError(io.ErrUnexpectedEOF) }()
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	if g.sink.body != nil || w.Code != http.StatusBadRequest {
		t.Errorf("kept %q, answered %d %q", g.sink.body, w.Code, w.Body)
	}
}
