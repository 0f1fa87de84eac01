package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"patou/internal/herd"
	"patou/internal/query/graphite"
	"patou/internal/timerange"
)

// How often the signals of groups are worked out, and for how long back.
const (
	signalsEvery = 10 * time.Second
	signalsFor   = 30 * time.Minute
)

// From which percent of errors over errorMinutes a group needs a look, and from
// which it is wrong; fewer than errorsFew of them say nothing.
const (
	errorsWarn, errorsCrit = 2, 10
	errorMinutes           = 5
	errorsFew              = 10
)

// watchSignals works the signals of groups out for all overviews of the next
// seconds, so that none of them asks the store.
func (a *App) watchSignals(ctx context.Context) error {
	engine := graphite.New(a.metrics, graphite.Options{})
	tick := a.clock.NewTicker(signalsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C():
			a.herd.SetSignals(a.signals(ctx, engine))
		case <-ctx.Done():
			return nil
		}
	}
}

func (a *App) signals(ctx context.Context, engine *graphite.Engine) map[string][]herd.Signal {
	out := map[string][]herd.Signal{}
	for group, components := range a.herd.GroupComponents() {
		if list := groupSignals(ctx, engine, components, a.clock.Now()); len(list) > 0 {
			out[group] = list
		}
	}
	return out
}

// groupSignals are requests, errors and p99 of components together; none where
// no requests came.
func groupSignals(ctx context.Context, engine *graphite.Engine, components []string, now time.Time) []herd.Signal {
	of := func(series string) string {
		names := make([]string, len(components))
		for i, c := range components {
			names[i] = "logs." + c + "." + series
		}
		return strings.Join(names, ",")
	}
	requests := draw(ctx, engine, herd.Signal{Name: "requests", Unit: "/s", Target: "scaleToSeconds(sumSeries(" + of("requests") + "),1)"}, "avg", now)
	if requests.Value == nil {
		return nil
	}
	errors := draw(ctx, engine, herd.Signal{Name: "errors", Unit: "%", Target: fmt.Sprintf("asPercent(transformNull(sumSeries(%s)),sumSeries(%s))", of("status.5xx"), of("requests"))}, "avg", now)
	share, count := errorShare(requests.Spark, errors.Spark)
	errors.Value = &share
	if count >= errorsFew {
		errors.State = shareState(share)
	}
	list := []herd.Signal{requests, errors}
	if p99 := draw(ctx, engine, herd.Signal{Name: "p99", Unit: "s", Target: "mergeDistributions(" + of("request_time.p99") + ")"}, "p99", now); p99.Value != nil {
		p99.State, p99.Usual = slow(p99.Spark, requests.Spark)
		list = append(list, p99)
	}
	return list
}

// A group is slow when each of its last slowMinutes with slowFew requests or more
// took so many times what its minutes before mostly took, and noticeably longer:
// nobody configured what is fast.
const (
	slowMinutes         = 2
	slowFew             = 30
	slowWarn, slowCrit  = 3, 30
	slowLeast           = 0.2 // seconds
	slowPast, slowGuard = 10, 5
)

// slow judges times, in seconds, by what is usual before the last minutes;
// usual is nil where the answer is fine.
func slow(times, requests []*float64) (state herd.Health, usual *float64) {
	var before []float64
	for _, v := range times[:max(0, len(times)-slowGuard)] {
		if v != nil {
			before = append(before, *v)
		}
	}
	if len(before) < slowPast {
		return herd.Fine, nil
	}
	slices.Sort(before)
	middle, least := before[len(before)/2], math.Inf(1)
	for i, seen := len(times)-1, 0; i >= 0 && seen < slowMinutes; i-- {
		if times[i] == nil || i >= len(requests) || requests[i] == nil || *requests[i]*60 < slowFew {
			continue
		}
		least, seen = min(least, *times[i]), seen+1
	}
	switch {
	case math.IsInf(least, 1) || least < slowWarn*middle || least < middle+slowLeast:
		return herd.Fine, nil
	case least >= slowCrit*middle:
		return herd.Crit, &middle
	}
	return herd.Warn, &middle
}

// errorShare is the percent of errors over the last minutes, and how many they
// were, from requests a second and their shares of errors by minute.
func errorShare(requests, shares []*float64) (percent, count float64) {
	all := 0.0
	for back := 1; back <= min(errorMinutes, len(requests)); back++ {
		r := requests[len(requests)-back]
		if r == nil {
			continue
		}
		all += *r * 60
		if back <= len(shares) && shares[len(shares)-back] != nil {
			count += *r * 60 * *shares[len(shares)-back] / 100
		}
	}
	if all == 0 {
		return 0, 0
	}
	return math.Round(1e4*count/all) / 100, count
}

func shareState(percent float64) herd.Health {
	switch {
	case percent >= errorsCrit:
		return herd.Crit
	case percent >= errorsWarn:
		return herd.Warn
	}
	return herd.Fine
}

// draw evaluates a signal's target, a value a minute. What cannot be drawn has
// no value.
func draw(ctx context.Context, engine *graphite.Engine, s herd.Signal, how string, now time.Time) herd.Signal {
	s.State, s.Spark = herd.Fine, []*float64{}
	until := now.Truncate(time.Minute).Add(time.Minute)
	result, err := engine.Render(ctx, graphite.Request{
		Targets: []string{fmt.Sprintf("summarize(%s,'1min','%s')", s.Target, how)},
		Range:   timerange.Range{From: until.Add(-signalsFor).UnixNano(), Until: until.UnixNano()}, Now: now,
	})
	if err != nil || len(result.Series()) == 0 {
		return s
	}
	for _, v := range result.Series()[0].Values {
		var p *float64
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			v = math.Round(v*1e4) / 1e4
			p = &v
		}
		s.Spark = append(s.Spark, p)
	}
	minutes := int(signalsFor / time.Minute)
	s.Spark = s.Spark[max(0, len(s.Spark)-minutes):]
	s.Value = current(s.Spark)
	return s
}

// current is the value of the last minute that has one, of the last three: the
// one under way may hold too little to tell.
func current(spark []*float64) *float64 {
	for i := len(spark) - 1; i >= max(0, len(spark)-3); i-- {
		if spark[i] != nil {
			return spark[i]
		}
	}
	return nil
}
