package state

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"patou/internal/token"
)

// usedEvery is how stale the time of last use may be: one write a minute and
// token, however often it is used.
const usedEvery = time.Minute

// CreateToken makes a token and gives its secret, which cannot be had again.
// token.ErrTaken is returned for a name in use.
func (s *Store) CreateToken(ctx context.Context, name string, scopes []token.Scope) (token.Token, string, error) {
	if err := token.CheckName(name); err != nil {
		return token.Token{}, "", err
	}
	if len(scopes) == 0 {
		return token.Token{}, "", errors.New("a token needs a scope: write, read or admin")
	}
	secret, err := token.NewSecret(s.random)
	if err != nil {
		return token.Token{}, "", err
	}
	t := token.Token{Name: name, Scopes: slices.Compact(slices.Sorted(slices.Values(scopes))), Created: s.clock.Now().UTC()}
	err = s.update(ctx, func(tx *sql.Tx) error { return insertToken(ctx, tx, &t, secret) })
	if err != nil {
		return token.Token{}, "", told(err, "making the token %q", name)
	}
	return t, secret, nil
}

func insertToken(ctx context.Context, tx *sql.Tx, t *token.Token, secret string) error {
	var taken bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM tokens WHERE name = ?)`, t.Name).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return token.ErrTaken
	}
	hash := token.Hash(secret)
	r, err := tx.ExecContext(ctx, `INSERT INTO tokens (name, hash, scopes, created) VALUES (?, ?, ?, ?)`,
		t.Name, hash[:], joinScopes(t.Scopes), t.Created.UnixNano())
	if err != nil {
		return err
	}
	t.ID, err = r.LastInsertId()
	return err
}

// Tokens are all tokens, in order of name.
func (s *Store) Tokens(ctx context.Context) ([]token.Token, error) {
	rows, err := s.read.QueryContext(ctx, selectToken+` ORDER BY name`)
	if err != nil {
		return nil, told(err, "listing tokens")
	}
	defer rows.Close()
	var out []token.Token
	for rows.Next() {
		t, _, err := scanToken(rows)
		if err != nil {
			return nil, told(err, "listing tokens")
		}
		out = append(out, t)
	}
	return out, told(rows.Err(), "listing tokens")
}

// HasTokens reports whether there is a token.
func (s *Store) HasTokens(ctx context.Context) (bool, error) {
	var has bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM tokens)`).Scan(&has)
	return has, told(err, "looking for tokens")
}

// RevokeToken ends the token with a name at once; token.ErrUnknown where there is none.
func (s *Store) RevokeToken(ctx context.Context, name string) error {
	r, err := s.write.ExecContext(ctx, `DELETE FROM tokens WHERE name = ?`, name)
	if err == nil {
		if n, _ := r.RowsAffected(); n == 0 {
			err = token.ErrUnknown
		}
	}
	return told(err, "revoking the token %q", name)
}

// VerifyToken is the token whose secret this is; token.ErrUnknown for no token. It is
// looked up by its hash, from which a prober learns nothing about secrets, and
// compared in constant time.
func (s *Store) VerifyToken(ctx context.Context, secret string) (token.Token, error) {
	if !token.Plausible(secret) {
		return token.Token{}, told(token.ErrUnknown, "verifying a token")
	}
	want := token.Hash(secret)
	t, hash, err := scanToken(s.read.QueryRowContext(ctx, selectToken+` WHERE hash = ?`, want[:]))
	if err == nil && subtle.ConstantTimeCompare(hash, want[:]) != 1 {
		err = token.ErrUnknown
	}
	if err != nil {
		return token.Token{}, told(or(err, token.ErrUnknown), "verifying a token")
	}
	s.noteUse(ctx, &t)
	return t, nil
}

// noteUse writes when a token was used. Where that fails, as on a full disk, the
// token is as good as before: nobody is locked out for it.
func (s *Store) noteUse(ctx context.Context, t *token.Token) {
	now := s.clock.Now().UTC()
	if now.Sub(t.Used) < usedEvery {
		return
	}
	if _, err := s.write.ExecContext(ctx, `UPDATE tokens SET used = ? WHERE id = ?`, now.UnixNano(), t.ID); err == nil {
		t.Used = now
	}
}

const selectToken = `SELECT id, name, hash, scopes, created, used FROM tokens`

func scanToken(row interface{ Scan(...any) error }) (t token.Token, hash []byte, err error) {
	var scopes string
	var created int64
	var used sql.NullInt64
	if err := row.Scan(&t.ID, &t.Name, &hash, &scopes, &created, &used); err != nil {
		return t, nil, err
	}
	for s := range strings.FieldsSeq(scopes) {
		t.Scopes = append(t.Scopes, token.Scope(s))
	}
	t.Created = time.Unix(0, created).UTC()
	if used.Valid {
		t.Used = time.Unix(0, used.Int64).UTC()
	}
	return t, hash, nil
}

func joinScopes(scopes []token.Scope) string {
	words := make([]string, len(scopes))
	for i, s := range scopes {
		words[i] = string(s)
	}
	return strings.Join(words, " ")
}
