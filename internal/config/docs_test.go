package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The user's page shows every key in one file; it must be read without a word,
// and say every default as it is.
func TestTheDocumentedFileIsRead(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(version: .*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page shows no file")
	}
	c := read(t, string(block[1]))
	for _, key := range leaves(reflect.ValueOf(c.Config), "") {
		if c.Origin(key).File == "" {
			t.Errorf("%s is not on the page", key)
		}
	}
	want := Default(memory)
	got := c.Config
	got.Data, got.Memory, got.Allow, got.Hosts, got.Scope = want.Data, want.Memory, want.Allow, want.Hosts, want.Scope
	got.Tail, got.Mask = want.Tail, want.Mask
	if diff := compare(want, got); diff != "" {
		t.Errorf("the page shows other defaults:\n%s", diff)
	}
}

// leaves are the keys that have values, not the mappings above them.
func leaves(v reflect.Value, key string) []string {
	var keys []string
	for i := range v.NumField() {
		field, name := v.Field(i), join(key, v.Type().Field(i).Tag.Get("yaml"))
		if field.Kind() == reflect.Struct && !strings.HasPrefix(field.Type().String(), "netip.") {
			keys = append(keys, leaves(field, name)...)
			continue
		}
		keys = append(keys, name)
	}
	return keys
}
