package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

func discard(res *http.Response) (int64, error) { return io.Copy(io.Discard, res.Body) }

func (s *server) getJSON(ctx context.Context, path string, query url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addrs["http"]+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(into)
}

// counter reads one of the server's own numbers from its exposition.
func (s *server) counter(ctx context.Context, name string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addrs["http"]+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		metric, value, ok := strings.Cut(lines.Text(), " ")
		if ok && strings.Contains(metric, name) && !strings.HasPrefix(metric, "#") {
			n, err := strconv.ParseFloat(value, 64)
			return int64(n), err
		}
	}
	return 0, lines.Err()
}
