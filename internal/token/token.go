// Package token is the right to use the API: a secret that a client sends, and
// the scopes that it opens.
//
// Invariant: a secret is 256 random bits and is never kept; what is kept is its
// SHA-256. It fails with a sentence that says what to write.
package token

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// ErrUnknown is returned for a secret or a name that no token has, and ErrTaken
// for the name of a token that exists.
var (
	ErrUnknown = errors.New("there is no such token")
	ErrTaken   = errors.New("there is a token of this name: revoke it first or choose another")
)

// Scope is something that a token may be used for.
type Scope string

const (
	// Write is sending: entries, events, samples.
	Write Scope = "write"
	// Read is asking: render, find, logs, scope, events.
	Read Scope = "read"
	// Admin is all of that, and what shows or changes others' data: tokens,
	// rejected input.
	Admin Scope = "admin"
)

// ParseScope reads a scope's name.
func ParseScope(s string) (Scope, error) {
	switch scope := Scope(strings.TrimSpace(s)); scope {
	case Write, Read, Admin:
		return scope, nil
	}
	return "", fmt.Errorf("%q is not a scope: there are write, read and admin", s)
}

// Token is what is kept of a token.
type Token struct {
	ID   int64
	Name string
	// Scopes is what it may be used for, at least one.
	Scopes []Scope
	// Created and Used are times of its making and last use; Used is the zero
	// time for never and exact to a minute.
	Created, Used time.Time
}

// May reports whether the token opens a scope. Admin opens all.
func (t *Token) May(s Scope) bool {
	return slices.Contains(t.Scopes, s) || slices.Contains(t.Scopes, Admin)
}

// MaxName is the length of a token's name in bytes.
const MaxName = 64

// CheckName says what is wrong with a token's name.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%q is not a name for a token: write 1 to %d letters, digits or signs without spaces, as in web01-agent", name, MaxName)
	}
	return nil
}

// prefix marks our secrets, so that scanners of repositories find leaked ones.
const prefix = "patou_"

// NewSecret makes a secret of 256 bits from a source of randomness.
func NewSecret(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("reading random bytes for a token: %w", err)
	}
	return prefix + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// Hash is what is kept of a secret. The secret is random and long, so that a
// plain hash cannot be searched through.
func Hash(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// Plausible reports whether a text can be a secret of NewSecret at all.
func Plausible(secret string) bool {
	return strings.HasPrefix(secret, prefix) && len(secret) == len(prefix)+base64.RawURLEncoding.EncodedLen(32)
}
