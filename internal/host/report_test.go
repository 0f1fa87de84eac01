package host

import (
	"encoding/json"
	"testing"
)

func TestNothingIsToldAndSilenceIsNot(t *testing.T) {
	text, err := json.Marshal(Report{Units: []Unit{}, Connections: []Connection{}})
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.Units == nil || r.Connections == nil || r.Listeners != nil || r.Processes != nil || r.Full != nil || r.FileSystems != nil {
		t.Errorf("%s reads back as %+v", text, r)
	}
}
