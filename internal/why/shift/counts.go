package shift

import "math"

// Counts are how often something occurred in equal spans of time.
type Counts struct {
	// Base are the spans of the baseline, Window those of the window.
	Base, Window []float64
}

// sums adds both sides up.
func (c *Counts) sums() (base, window float64) {
	for _, v := range c.Base {
		base += v
	}
	for _, v := range c.Window {
		window += v
	}
	return base, window
}

// Rise is how the window's count differs from what the baseline lets expect.
type Rise struct {
	Base, Window float64 // counts
	// Expected is the window's count had nothing changed.
	Expected float64
	// P is the chance of a count this far off, Up whether it is more.
	P  float64
	Up bool
}

// Compare judges the window's count. weight is the window's exposure in units
// of the baseline's: 1 where only time counts, 2 where there was twice as much
// to do.
func (c *Counts) Compare(weight float64) Rise {
	r := Rise{P: 1}
	r.Base, r.Window = c.sums()
	if len(c.Base) == 0 || len(c.Window) == 0 {
		return r
	}
	share := weight * float64(len(c.Window)) / float64(len(c.Base))
	r.Expected = r.Base * share
	r.Up = r.Window > r.Expected
	if r.Base == 0 {
		r.P = c.newcomer()
		return r
	}
	g := likelihoodRatio(r.Window, r.Base, share) / c.dispersion()
	r.P = math.Erfc(math.Sqrt(g / 2)) // chi-square with one degree of freedom
	return r
}

// likelihoodRatio is G² of two Poisson counts whose exposures are as share to 1.
func likelihoodRatio(a, b, share float64) float64 {
	rate := (a + b) / (share + 1)
	return 2 * (term(a, rate*share) + term(b, rate))
}

func term(n, expected float64) float64 {
	if n == 0 || expected == 0 {
		return 0
	}
	return n * math.Log(n/expected)
}

// newcomer is the chance that something not seen in the whole baseline occurs
// in so many spans of the window: were it as frequent as it could be without
// having been seen, each would be one in the number of spans.
func (c *Counts) newcomer() float64 {
	occupied := 0
	for _, v := range c.Window {
		if v > 0 {
			occupied++
		}
	}
	return math.Pow(1/float64(1+len(c.Base)), float64(occupied))
}

// dispersion is how much more the baseline's counts vary than independent ones
// would, at least 1: what comes in bursts must burst more to be a finding.
func (c *Counts) dispersion() float64 {
	sum, _ := c.sums()
	mean := sum / float64(len(c.Base))
	if mean == 0 {
		return 1
	}
	total := 0.0
	for _, v := range c.Base {
		total += (v - mean) * (v - mean) / mean
	}
	return max(total/float64(len(c.Base)), 1)
}

// Own is the chance by the baseline itself: how many stretches of it, as long
// as the window, held a count as far off as the window's.
func (c *Counts) Own() float64 {
	base, window := c.sums()
	m := len(c.Window)
	if m == 0 || len(c.Base) < 2*m {
		return 0
	}
	usual := base / float64(len(c.Base)) * float64(m)
	n, as := 0, 0
	for i := 0; i+m <= len(c.Base); i++ {
		sum := 0.0
		for _, v := range c.Base[i : i+m] {
			sum += v
		}
		n++
		if math.Abs(sum-usual) >= math.Abs(window-usual) {
			as++
		}
	}
	if as == 0 {
		return 0
	}
	return float64(as+1) / float64(n+1)
}
