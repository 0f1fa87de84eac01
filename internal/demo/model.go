package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// The parts of the demo's system. Each live service and each hour of history
// takes its behaviour from this model, so that they look alike.
const (
	edge     = "edge.nginx"
	frontend = "webapp.frontend"
	api      = "webapp.backend.api"
	git      = "webapp.backend.git"
)

// slowFor is how long a bad deploy of the git service lasts before it is taken
// back.
const slowFor = 2 * time.Minute

// route is one kind of request that users make.
type route struct {
	index  int // in routes
	weight int
	method string
	path   string // %s is a repository
	// calls are the services that the request passes, the edge left out.
	calls []string
	// median and spread of the time that the last of them works: a log-normal
	// distribution, as request times are.
	median time.Duration
	spread float64
	bytes  int
}

func routes() []route {
	all := []route{
		{0, 30, "GET", "/", []string{frontend}, 12 * time.Millisecond, 0.5, 18_200},
		{0, 24, "GET", "/api/v4/projects/%s", []string{api}, 22 * time.Millisecond, 0.5, 4_100},
		{0, 12, "POST", "/api/v4/jobs/request", []string{api}, 9 * time.Millisecond, 0.4, 310},
		{0, 14, "GET", "/%s", []string{frontend, api}, 31 * time.Millisecond, 0.5, 26_700},
		{0, 16, "GET", "/%s/info/refs?service=git-upload-pack", []string{git}, 35 * time.Millisecond, 0.6, 5_300},
		{0, 10, "POST", "/%s/git-upload-pack", []string{git}, 110 * time.Millisecond, 0.7, 412_000},
		{0, 4, "POST", "/%s/git-receive-pack", []string{git}, 90 * time.Millisecond, 0.7, 1_900},
	}
	for i := range all {
		all[i].index = i
	}
	return all
}

func repositories() []string {
	return []string{"alder/monorepo", "alder/docs", "birch/site", "birch/tools", "cedar/kernel-mirror", "cedar/app"}
}

func agents() []string {
	return []string{"git/2.39.5", "git/2.47.1", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "runner/17.5.0", "curl/8.9.1"}
}

func users() []string { return []string{"ana", "ci-bot", "deniz", "jonas", "mei", "-"} }

// call is one request: what a user asks for, and what the system makes of it.
type call struct {
	route
	path   string
	repo   string
	client string
	agent  string
	user   string
	// work is how long the last service of its way takes, status its answer.
	work   time.Duration
	status int
}

// model draws calls. It is for one goroutine.
type model struct {
	rand   *rand.Rand
	routes []route
	total  int
}

func newModel(seed uint64) *model {
	m := &model{rand: rand.New(rand.NewPCG(seed, 20161120)), routes: routes()}
	for _, r := range m.routes {
		m.total += r.weight
	}
	return m
}

// ask draws what a user asks for.
func (m *model) ask() call {
	c := call{route: m.pick()}
	c.repo = oneOf(m.rand, repositories())
	c.path = strings.Replace(c.route.path, "%s", c.repo, 1)
	c.client = fmt.Sprintf("203.0.113.%d", 1+int(math.Abs(m.rand.NormFloat64())*20)%250)
	c.agent, c.user = oneOf(m.rand, agents()), oneOf(m.rand, users())
	return c
}

// serve draws how the last service of a call's way behaves; slow says whether
// it is the git service in its bad version.
func (m *model) serve(c *call, slow bool) {
	c.work = time.Duration(float64(c.median) * math.Exp(m.rand.NormFloat64()*c.spread))
	switch p := m.rand.Float64(); {
	case p < 0.012:
		c.status = 404
	case p < 0.018:
		c.status = 401
	case p < 0.019:
		c.status = 502
	default:
		c.status = 200
	}
	if slow {
		m.slowDown(c)
	}
}

// slowDown is what the bad version does: packs no longer fit its memory limit
// and are spilled to disk, and some calls run into the edge's timeout.
func (m *model) slowDown(c *call) {
	c.work += time.Duration(1200+m.rand.IntN(1700)) * time.Millisecond
	if m.rand.Float64() < 0.08 {
		c.status = 504
	}
}

func (m *model) pick() route {
	n := m.rand.IntN(m.total)
	for _, r := range m.routes {
		if n -= r.weight; n < 0 {
			return r
		}
	}
	return m.routes[0]
}

// rate is how many calls a second users make at a time: a slow wave, so that
// graphs have a shape.
func rate(t time.Time) float64 {
	hour := float64(t.Unix()%3600) / 3600
	return 10 + 3*math.Sin(2*math.Pi*hour*2) + math.Sin(2*math.Pi*hour*11)
}

// gap draws the time to the next call.
func (m *model) gap(t time.Time) time.Duration {
	return time.Duration(m.rand.ExpFloat64() / rate(t) * float64(time.Second))
}

func (c *call) last() string { return c.calls[len(c.calls)-1] }

func oneOf[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
