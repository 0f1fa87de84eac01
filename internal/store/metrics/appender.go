package metrics

import (
	"fmt"
	"strings"

	"patou/internal/metric"
)

// maxRemembered bounds the names that one Appender remembers.
const maxRemembered = 1 << 20

// Appender resolves the names of one sender. Senders repeat their series in the
// same order each interval, so it compares a name with the one that followed
// the last time before it asks the index. It is for one goroutine.
type Appender struct {
	store *Store
	seen  []sighting
	// at is where the last name was found in seen, where its place by name as
	// the sender writes it.
	at    int32
	where map[string]int32

	minute int64 // since 1970, in which created series were made
	made   int
}

type sighting struct {
	name string // as the sender writes it
	id   metric.ID
	kind metric.Kind
	next int32 // what followed it
}

// NewAppender returns an Appender for one connection.
func (s *Store) NewAppender() *Appender {
	return &Appender{store: s, seen: []sighting{{}}, where: map[string]int32{}}
}

// Resolve is the ID of a series, given if it is new. The name is valid only
// during the call. The errors wrap ErrName, ErrKind, ErrTooMany and ErrTooFast.
func (a *Appender) Resolve(name string, kind metric.Kind) (metric.ID, error) {
	next := a.seen[a.at].next
	if s := &a.seen[next]; s.name == name && s.kind == kind && next != 0 {
		a.at = next
		return s.id, nil
	}
	if at, ok := a.where[name]; ok && a.seen[at].kind == kind {
		a.seen[a.at].next, a.at = at, at
		return a.seen[at].id, nil
	}
	id, err := a.store.index.resolve(name, kind, a.mayCreate)
	if err != nil {
		a.store.refused.Inc()
		return 0, err
	}
	a.learn(name, id, kind)
	return id, nil
}

// learn remembers a new name, and that it followed the one before.
func (a *Appender) learn(name string, id metric.ID, kind metric.Kind) {
	if len(a.seen) >= maxRemembered {
		a.seen, a.where, a.at = []sighting{{}}, map[string]int32{}, 0
	}
	kept := a.store.index.get(id).name
	if kept != name { // not canonical as sent
		kept = strings.Clone(name)
	}
	at := int32(len(a.seen))
	a.seen = append(a.seen, sighting{name: kept, id: id, kind: kind})
	a.where[kept] = at
	a.seen[a.at].next, a.at = at, at
}

func (a *Appender) mayCreate() error {
	if minute := a.store.opt.Clock.Now().Unix() / 60; minute != a.minute {
		a.minute, a.made = minute, 0
	}
	if a.made >= a.store.opt.MaxNew {
		return fmt.Errorf("%w: this sender made %d", ErrTooFast, a.made)
	}
	a.made++
	return nil
}
