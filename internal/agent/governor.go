package agent

import (
	"sync/atomic"
	"time"
)

// The periods of sweeps, by which the agent's cost is held down.
const (
	// slowest is the longest pause between two sweeps that the governor makes.
	slowest = time.Minute
	// calm is how many readings in a row must be well below the budget before
	// sweeps come faster again.
	calm = 6
)

// governor says how often costly sweeps are made, from what the agent has cost.
// Its factor is 1, 2, 4 … times the usual pause.
type governor struct {
	// budget is in percent of one processor; 0 is none.
	budget float64
	factor atomic.Int64
	quiet  int
}

func newGovernor(budget float64) *governor {
	g := &governor{budget: budget}
	g.factor.Store(1)
	return g
}

// every is the pause between two sweeps that usually is base.
func (g *governor) every(base time.Duration) time.Duration {
	return min(base*time.Duration(g.factor.Load()), max(base, slowest))
}

// spent takes what the agent cost since the reading before, in percent of one
// processor, and tells whether the pauses change. Halving a pause at most
// doubles the cost: so well below is less than half.
func (g *governor) spent(percent float64) (changed bool) {
	factor := g.factor.Load()
	switch {
	case g.budget == 0:
		return false
	case percent > g.budget:
		g.quiet = 0
		if g.every(sweepEvery) < slowest {
			g.factor.Store(2 * factor)
			return true
		}
	case percent < 0.45*g.budget && factor > 1:
		if g.quiet++; g.quiet >= calm {
			g.quiet = 0
			g.factor.Store(factor / 2)
			return true
		}
	default:
		g.quiet = 0
	}
	return false
}
