// Package cli holds the commands that ask a server: they know its HTTP API and
// nothing else of it.
//
// Invariant: results go to standard output, everything else to standard error;
// a terminal gets tables and colour, a pipe plain lines. They fail with an Exit
// that carries the exit code: 1 the answer is no, 2 bad usage, 3 the server
// cannot be reached.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// The exit codes of all commands.
const (
	CodeNo          = 1
	CodeUsage       = 2
	CodeUnreachable = 3
)

// Exit is an error with the exit code that it stands for.
type Exit struct {
	// Code is one of the constants above.
	Code int
	// Err is what to tell the user.
	Err error
}

// Error is the sentence for the user.
func (e *Exit) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *Exit) Unwrap() error { return e.Err }

// Client asks one server.
type Client struct {
	// Server is its address, "http://127.0.0.1:8420".
	Server string
	// Token authorises; "" on loopback.
	Token string
	HTTP  *http.Client
}

// get sends a GET and returns the body of a good answer, to be closed by the
// caller.
func (c *Client) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	address := strings.TrimSuffix(c.Server, "/") + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &Exit{CodeUsage, fmt.Errorf("server address %q: %w: write it as http://127.0.0.1:8420", c.Server, err)}
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Exit{CodeUnreachable, fmt.Errorf("no answer from %s: %w: is the server running? set --server or PATOU_SERVER", c.Server, rootCause(err))}
	}
	if res.StatusCode/100 != 2 {
		defer res.Body.Close()
		return nil, refusal(res)
	}
	return res.Body, nil
}

// refusal turns the server's error answer into one of ours.
func refusal(res *http.Response) error {
	// What is not our JSON came from a proxy on the way; its text is shown as
	// it is, up to a bound.
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	var answer struct {
		Error string `json:"error"`
	}
	text := strings.TrimSpace(string(body))
	if json.Unmarshal(body, &answer) == nil && answer.Error != "" {
		text = answer.Error
	}
	switch res.StatusCode {
	// A query that cannot be read is the user's to mend, like a wrong flag.
	case http.StatusBadRequest:
		return &Exit{CodeUsage, errors.New(text)}
	case http.StatusUnauthorized, http.StatusForbidden:
		return &Exit{CodeUsage, fmt.Errorf("%s: set PATOU_TOKEN to a token of `patou token create`", text)}
	case http.StatusNotFound:
		return &Exit{CodeNo, errors.New(text)}
	}
	return &Exit{CodeUnreachable, fmt.Errorf("the server answered %s: %s", res.Status, text)}
}

// rootCause leaves out the method and address that net/http puts before a
// cause: the sentence around it names the server already.
func rootCause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// isTerminal reports whether a writer is a terminal that people look at.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
