package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
)

// maxFormParts bounds the parts of a multipart form.
const maxFormParts = 1000

// postedForm reads a body that holds parameters: a form in either of HTML's
// encodings, or one JSON object of texts, numbers and lists of them.
func (s *server) postedForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	b, release, err := s.body(w, r, maxSmallBody)
	defer release()
	if err != nil || len(b) == 0 {
		return nil, err
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var q url.Values
	switch {
	case kind == "multipart/form-data":
		q, err = multipartForm(b, params["boundary"])
	case isJSON(kind):
		q, err = jsonForm(b)
	default:
		q, err = url.ParseQuery(string(b))
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body's parameters cannot be read: %v", err)
	}
	return q, nil
}

func multipartForm(b []byte, boundary string) (url.Values, error) {
	q, parts := url.Values{}, multipart.NewReader(bytes.NewReader(b), boundary)
	for range maxFormParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return q, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(part) // bounded by b
		if err != nil {
			return nil, err
		}
		q.Add(part.FormName(), string(value))
	}
	return nil, fmt.Errorf("a form has at most %d parts", maxFormParts)
}

func jsonForm(b []byte) (url.Values, error) {
	var object map[string]any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&object); err != nil {
		return nil, err
	}
	q := url.Values{}
	for name, value := range object {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, one := range list {
			text, err := plainText(one)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			q.Add(name, text)
		}
	}
	return q, nil
}

func plainText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", fmt.Errorf("want a text, a number or a list of them")
}

// formatFloat is a number as Prometheus and Graphite read it.
func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
