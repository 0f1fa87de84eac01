package httpapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"patou/internal/entry"
	"patou/internal/query/logs"
)

// entryAnswer describes an entry to the OpenAPI document; logs.AppendEntry
// writes it.
type entryAnswer struct {
	Time      string            `json:"time" format:"date-time" doc:"RFC 3339 with nanoseconds, UTC."`
	Component string            `json:"component"`
	Host      string            `json:"host"`
	Level     string            `json:"level" enum:"none,trace,debug,info,notice,warn,error,critical,alert,emergency"`
	Message   string            `json:"message"`
	Fields    map[string]string `json:"fields" doc:"What was found beside the message, in the order found."`
	ID        string            `json:"id"`
}

// entryJSON is an entry that writes itself in the form of entryAnswer.
type entryJSON struct{ e *entry.Entry }

// Schema tells huma that it looks like an entryAnswer.
func (entryJSON) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[entryAnswer](), true, "")
}

// MarshalJSON is logs.AppendEntry.
func (j entryJSON) MarshalJSON() ([]byte, error) { return logs.AppendEntry(nil, j.e), nil }
