package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// line is one line of a log as a service writes it.
type line struct {
	time      time.Time
	component string
	host      string
	level     string
	message   string
	fields    map[string]any
}

// hosts are the machines that the demo pretends its services run on.
func hostOf(component, repo string) string {
	switch component {
	case edge:
		return "edge-1"
	case frontend:
		return "web-1"
	case api:
		return "api-1"
	}
	if len(repo)%2 == 0 {
		return "git-1"
	}
	return "git-2"
}

// access is the line that a service writes for each request: the combined format
// with the request's time at its end, as nginx writes it with $request_time.
func access(component string, c *call, end time.Time, took time.Duration) line {
	return line{
		time: end, component: component, host: hostOf(component, c.repo),
		message: fmt.Sprintf(`%s - %s [%s] "%s %s HTTP/1.1" %d %d "-" "%s" %.3f`,
			c.client, c.user, end.UTC().Format("02/Jan/2006:15:04:05 -0700"), c.method, c.path, c.status, c.size(), c.agent, took.Seconds()),
	}
}

func (c *call) size() int {
	if c.status >= 400 {
		return 162
	}
	return c.bytes
}

// told are the lines beside the access log that a call makes its services write.
func told(c *call, end time.Time, slow bool, version string, r *rand.Rand) []line {
	var lines []line
	if slow {
		lines = append(lines, spill(c, end, version, r))
	}
	if c.status == 504 {
		lines = append(lines, line{
			time: end, component: edge, host: "edge-1", level: "error",
			message: "upstream timed out (110: Connection timed out) while reading response header from upstream",
			fields:  map[string]any{"path": c.path, "status": c.status, "upstream": c.last(), "client": c.client},
		})
	}
	if c.status < 400 && c.last() == git && r.Float64() < 0.15 {
		lines = append(lines, line{
			time: end, component: git, host: hostOf(git, c.repo), level: "info", message: "pack sent",
			fields: map[string]any{"repo": c.repo, "objects": 100 + r.IntN(9000), "ms": c.work.Milliseconds(), "user": c.user, "version": version},
		})
	}
	if c.status == 401 {
		lines = append(lines, line{
			time: end, component: c.last(), host: hostOf(c.last(), c.repo), level: "notice", message: "token refused",
			fields: map[string]any{"user": c.user, "client": c.client},
		})
	}
	return lines
}

func spill(c *call, end time.Time, version string, r *rand.Rand) line {
	return line{
		time: end, component: git, host: hostOf(git, c.repo), level: "warn",
		message: "pack-objects: memory limit 256 MiB reached, spilling to disk",
		fields:  map[string]any{"repo": c.repo, "pid": 19000 + r.IntN(300), "ms": c.work.Milliseconds(), "user": c.user, "version": version},
	}
}

// routine is what a service says without being asked.
func routine(at time.Time, r *rand.Rand) line {
	switch r.IntN(3) {
	case 0:
		repo := oneOf(r, repositories())
		return line{time: at, component: git, host: hostOf(git, repo), level: "info", message: "gc finished",
			fields: map[string]any{"repo": repo, "loose": r.IntN(4000), "ms": 40 + r.IntN(900)}}
	case 1:
		return line{time: at, component: api, host: "api-1", level: "debug", message: "connection pool checked",
			fields: map[string]any{"used": 3 + r.IntN(9), "size": 32}}
	}
	return line{time: at, component: frontend, host: "web-1", level: "info", message: "assets cache refreshed",
		fields: map[string]any{"entries": 800 + r.IntN(50)}}
}
