package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// get asks a program and returns the whole answer.
func get(ctx context.Context, addr, path string, query url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s?%s answered %s: %.200s", path, query.Encode(), res.Status, body)
	}
	return body, err
}

func (s *server) getJSON(ctx context.Context, path string, query url.Values, into any) error {
	body, err := get(ctx, s.addrs["http"], path, query)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// counter reads one of a program's own numbers from its exposition: the first
// whose name, labels included, begins with this. It is 0 as long as it is not there.
func counter(ctx context.Context, addr, name string) (int64, error) {
	body, err := get(ctx, addr, "/metrics", nil)
	if err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(body))
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, name) {
			n, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
			return int64(n), err
		}
	}
	return 0, lines.Err()
}

// reach waits until a counter has reached n.
func reach(ctx context.Context, addr, name string, n int64) error {
	return until(ctx, name, func() (bool, error) {
		got, err := counter(ctx, addr, name)
		return got >= n, err
	})
}

func post(ctx context.Context, addr string, body []byte) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/api/logs", bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		switch res.StatusCode {
		case http.StatusOK:
			return nil
		case http.StatusTooManyRequests:
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return err
			}
		default:
			return fmt.Errorf("POST /api/logs answered %s", res.Status)
		}
	}
}

// spent is what a question cost.
type spent struct {
	median, worst, cpu time.Duration // cpu is the server's, for one question
}

func (s spent) cells() []string { return []string{milli(s.median), milli(s.worst), milli(s.cpu)} }

// measure asks a question of p up to 41 times, ten seconds at most and thrice at
// least, after a first time that does not count. Rounds are numbered, so that no answer need be the same.
func measure(p *process, ask func(round int) error) (spent, error) {
	if err := ask(0); err != nil {
		return spent{}, err
	}
	var walls []time.Duration
	before, began := p.cpu(), time.Now()
	for i := 1; i <= 41 && (len(walls) < 3 || time.Since(began) < 10*time.Second); i++ {
		asked := time.Now()
		if err := ask(i); err != nil {
			return spent{}, err
		}
		walls = append(walls, time.Since(asked))
	}
	n := len(walls)
	used := (p.cpu() - before) / time.Duration(n)
	slices.Sort(walls)
	return spent{walls[n/2], walls[n-1], used}, nil
}
