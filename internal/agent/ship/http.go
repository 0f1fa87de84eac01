package ship

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"patou/internal/chunk"
)

// Time limits of a request.
const (
	dialTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// HTTPOptions say where a server is.
type HTTPOptions struct {
	// Server is its address, as in https://patou.example.org; a path is kept.
	Server string
	// Token is this agent's secret, "" where the server wants none.
	Token string
	// CA are certificates to trust beside those of the system, in PEM; nil for
	// none.
	CA []byte
	// Agent is sent as User-Agent.
	Agent string
}

// HTTP sends chunks to a server's API.
type HTTP struct {
	url, token, agent string
	client            *http.Client
}

// NewHTTP checks the address; it connects to nothing yet.
func NewHTTP(o HTTPOptions) (*HTTP, error) {
	u, err := url.Parse(o.Server)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("the server's address is %q: write it as in https://patou.example.org or http://10.0.0.7:8420", redact(o.Server))
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the server's address at %s has more than a host and a path: give the token by --token-file", u.Host)
	}
	roots, err := pool(o.CA)
	if err != nil {
		return nil, err
	}
	h := &HTTP{url: strings.TrimSuffix(u.String(), "/") + chunk.Path, token: o.Token, agent: o.Agent}
	h.client = &http.Client{
		Timeout: answerTimeout,
		// A redirect would take the token to whoever it names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:           http.ProxyFromEnvironment,
			DialContext:     (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			MaxIdleConns:    1, MaxConnsPerHost: 1, IdleConnTimeout: 90 * time.Second,
			TLSHandshakeTimeout: dialTimeout, DisableCompression: true,
			WriteBufferSize: 16 << 10, ReadBufferSize: 4 << 10,
		},
	}
	return h, nil
}

// redact shortens an address that is none to what can hold no secret.
func redact(address string) string {
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		return "…" + address[at:]
	}
	return address
}

func pool(pem []byte) (*x509.CertPool, error) {
	if pem == nil {
		return nil, nil //nolint:nilnil // nil is the system's own
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("the file of certificates holds none in PEM")
	}
	return roots, nil
}

// Close closes connections that are idle.
func (h *HTTP) Close() { h.client.CloseIdleConnections() }

// Send posts a chunk.
func (h *HTTP) Send(ctx context.Context, c []byte, sent time.Time) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(c))
	if err != nil {
		return Answer{}, err
	}
	req.Header.Set("Content-Type", chunk.ContentType)
	req.Header.Set(chunk.SentHeader, strconv.FormatInt(sent.UnixNano(), 10))
	req.Header.Set("User-Agent", h.agent)
	if h.token != "" {
		req.Header.Set("Authorization", "Bearer "+h.token)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("sending to the server: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("reading the server's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return Answer{}, refusal(res, body)
	}
	var a Answer
	if err := json.Unmarshal(body, &a); err != nil {
		return Answer{}, fmt.Errorf("the answer from %s is not Patou's: %w", h.url, err)
	}
	return a, nil
}

func refusal(res *http.Response, body []byte) *Refusal {
	r := &Refusal{Status: res.StatusCode, After: retryAfter(res)}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil {
		r.Reason = said.Error
	}
	switch to := res.Header.Get("Location"); {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		r.Reason = "it sends us to " + redact(to) + ", which is not followed: name the right address"
	case res.StatusCode == http.StatusNotFound && r.Reason == "":
		r.Reason = "it takes no chunks at " + res.Request.URL.Path + ": is it Patou, and new enough?"
	}
	return r
}

// retryAfter reads the header's seconds, or its date against the server's own.
func retryAfter(res *http.Response) time.Duration {
	value := res.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(maxAfter/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	now, errNow := http.ParseTime(res.Header.Get("Date"))
	if err != nil || errNow != nil {
		return 0
	}
	return max(0, at.Sub(now))
}
