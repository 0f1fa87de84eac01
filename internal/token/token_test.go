package token

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

func TestSecretsAreLongAndDistinct(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		s, err := NewSecret(rand.Reader)
		if err != nil || !Plausible(s) || !strings.HasPrefix(s, "patou_") || len(s) != 49 || seen[s] {
			t.Fatalf("secret %q, %v", s, err)
		}
		seen[s] = true
	}
	if _, err := NewSecret(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a secret was made of too few random bytes")
	}
}

func TestAdminMayAll(t *testing.T) {
	f := func(scopes []Scope, want string) {
		t.Helper()
		tok, got := Token{Scopes: scopes}, ""
		for _, s := range []Scope{Write, Read, Admin} {
			if tok.May(s) {
				got += string(s) + " "
			}
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%v may %q, want %q", scopes, got, want)
		}
	}
	f(nil, "")
	f([]Scope{Write}, "write")
	f([]Scope{Read, Write}, "write read")
	f([]Scope{Admin}, "write read admin")
}

func TestNamesAndScopesAreChecked(t *testing.T) {
	for name, ok := range map[string]bool{"web01-agent": true, "a": true, "": false, "a b": false, "ü": false, strings.Repeat("x", 65): false, "a\n": false} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("name %q: %v", name, err)
		}
	}
	if s, err := ParseScope(" read"); s != Read || err != nil {
		t.Errorf("read: %v, %v", s, err)
	}
	if _, err := ParseScope("root"); err == nil {
		t.Error("root was taken for a scope")
	}
}
