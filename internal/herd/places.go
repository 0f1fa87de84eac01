package herd

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"patou/internal/entry"
	"patou/internal/host"
)

// maxPlaces bounds the pairs of component and host that are remembered.
const maxPlaces = 100_000

// Places knows which components spoke from which hosts. It is safe for use by
// several goroutines.
type Places struct {
	mu    sync.Mutex
	pairs map[place]*spoken
	hosts map[string][]string // components by host, in order
}

type place struct{ component, host string }

type spoken struct{ last, saved int64 }

func newPlaces() *Places {
	return &Places{pairs: map[place]*spoken{}, hosts: map[string][]string{}}
}

// Note learns from entries as they are applied. Entries mostly follow others of
// the same component and host, so that few are looked up.
func (p *Places) Note(entries []entry.Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var at *spoken
	var component, host string
	for i := range entries {
		e := &entries[i]
		if at == nil || e.Component != component || e.Host != host {
			component, host = e.Component, e.Host
			if at = p.find(component, host); at == nil {
				continue
			}
		}
		at.last = max(at.last, e.Time)
	}
}

func (p *Places) find(component, name string) *spoken {
	if s, ok := p.pairs[place{component, name}]; ok {
		return s
	}
	if name == "" || len(p.pairs) >= maxPlaces {
		return nil
	}
	component, name = strings.Clone(component), strings.Clone(name)
	s := &spoken{saved: math.MinInt64 / 2} // never
	p.pairs[place{component, name}] = s
	list := p.hosts[name]
	i, _ := slices.BinarySearch(list, component)
	p.hosts[name] = slices.Insert(list, i, component)
	return s
}

// of are the components that spoke from a host, in order.
func (p *Places) of(name string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string{}, p.hosts[name]...)
}

// spoke is of, and when the last of them did.
func (p *Places) spoke(name string) (components []string, last time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ns := int64(0)
	for _, c := range p.hosts[name] {
		ns = max(ns, p.pairs[place{c, name}].last)
	}
	return slices.Clone(p.hosts[name]), time.Unix(0, ns)
}

// staleAfter is how far, in ns, what is kept of a place's last time may lag.
const staleAfter = int64(10 * 60 * 1e9)

// unsaved are the places that are new, or whose time has moved on for long.
func (p *Places) unsaved() (list []host.Place, saved func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var marks []*spoken
	for k, s := range p.pairs {
		if s.last-s.saved > staleAfter {
			list, marks = append(list, host.Place{Component: k.component, Host: k.host, Last: s.last}), append(marks, s)
		}
	}
	return list, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for i, s := range marks {
			s.saved = list[i].Last
		}
	}
}

func (p *Places) load(list []host.Place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range list {
		if s := p.find(one.Component, one.Host); s != nil {
			s.last, s.saved = one.Last, one.Last
		}
	}
}
