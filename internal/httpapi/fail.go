package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"patou/internal/event"
	"patou/internal/ingest"
	"patou/internal/query/graphite"
	"patou/internal/query/logs"
	"patou/internal/timerange"
)

// failure is an answer that is an error. It is what huma knows as a
// StatusError too.
type failure struct {
	Status int `json:"-"`
	// Text says what is wrong and what would be right.
	Text string `json:"error" doc:"What is wrong, and what would be right."`
	// retry, when not 0, is when to try again.
	retry time.Duration
	// why names the counter of refusals; "" for those of no interest.
	why string
}

// Error is the sentence for the client.
func (f *failure) Error() string { return f.Text }

// GetStatus is the HTTP status.
func (f *failure) GetStatus() int { return f.Status }

// json is the answer's body.
func (f *failure) json() []byte {
	b, err := json.Marshal(f)
	if err != nil {
		return []byte(`{"error":"something went wrong"}`)
	}
	return b
}

// GetHeaders are the headers that tell when to try again.
func (f *failure) GetHeaders() http.Header {
	if f.retry == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(max(1, int(f.retry/time.Second)))}}
}

// refuse makes a failure.
func refuse(status int, format string, args ...any) *failure {
	return &failure{Status: status, Text: fmt.Sprintf(format, args...)}
}

// badParameter names the parameter that cannot be used.
func badParameter(name string, err error) *failure {
	return refuse(http.StatusBadRequest, "%s: %v", name, err)
}

// errGone says that the client is no longer there: nothing is to be answered.
var errGone = errors.New("the client is gone")

// isBadQuestion reports whether an error of a query language says what is wrong
// with the question.
func isBadQuestion(err error) bool {
	var logSyntax *logs.SyntaxError
	var logBudget *logs.BudgetError
	var syntax *graphite.SyntaxError
	var argument *graphite.ArgumentError
	var limit *graphite.LimitError
	return errors.As(err, &logSyntax) || errors.As(err, &logBudget) ||
		errors.As(err, &syntax) || errors.As(err, &argument) || errors.As(err, &limit)
}

// left reports whether the client closed its connection. A query that took too
// long ended for another reason.
func left(r *http.Request) bool { return errors.Is(r.Context().Err(), context.Canceled) }

// gone marks an error of writing to the client.
func gone(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errGone, err)
}

// failureOf maps an error to an answer. It is the one place that knows how.
func (s *server) failureOf(err error) *failure {
	var known *failure
	var tooLarge *http.MaxBytesError
	var badTime *timerange.ParseError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &badTime), isBadQuestion(err):
		return refuse(http.StatusBadRequest, "%v", err)
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes: send less at a time", tooLarge.Limit)
	case errors.Is(err, ingest.ErrBusy):
		return busy()
	case errors.Is(err, ingest.ErrUnavailable):
		s.Log.Error("nothing can be kept", "error", err)
		return &failure{Status: http.StatusServiceUnavailable, retry: 10 * time.Second, Text: ingest.ErrUnavailable.Error(), why: "refused.unavailable"}
	case errors.Is(err, event.ErrUnknown), errors.Is(err, logs.ErrNotFound):
		return refuse(http.StatusNotFound, "%v", err)
	case errors.Is(err, context.Canceled):
		return refuse(http.StatusServiceUnavailable, "the request was given up before its answer was ready")
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{Status: http.StatusServiceUnavailable, why: "queries_too_long",
			Text: fmt.Sprintf("the query took longer than %v and was ended: ask for less time or fewer series", s.QueryTime)}
	}
	s.Log.Error("a request failed", "error", err)
	return refuse(http.StatusInternalServerError, "something went wrong inside the server: its log says what")
}

// busy is the answer while more waits to be written than should.
func busy() *failure {
	return &failure{Status: http.StatusTooManyRequests, retry: time.Second, Text: ingest.ErrBusy.Error(), why: "refused.busy"}
}

// fail answers with an error, unless nobody is there to read it. Where that is
// not certain it answers: no answer would be taken for success.
func (s *server) fail(w http.ResponseWriter, err error) {
	if errors.Is(err, errGone) {
		return
	}
	f := s.failureOf(err)
	if f.why != "" {
		s.counter(f.why).Inc()
	}
	h := w.Header()
	for name, values := range f.GetHeaders() {
		h[name] = values
	}
	if f.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="patou"`)
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(f.Status)
	_, _ = w.Write(append(f.json(), '\n')) // who does not read it has gone
}
