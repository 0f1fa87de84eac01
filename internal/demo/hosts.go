package demo

import (
	"fmt"
	"time"

	"patou/internal/demo/pretend"
)

// The ports that the pretended services listen at.
const (
	edgePort  = 443
	webPort   = 8080
	apiPort   = 8081
	gitPort   = 8075
	dbPort    = 5432
	cachePort = 6379
)

// address is that of a pretended host.
func address(n int) string { return fmt.Sprintf("10.20.0.%d", n) }

// pets are the hosts that stay: those of hostOf, and what their services keep
// data in.
func pets(now time.Time) []pretend.Spec {
	web := webSpec("web-1", 21, now.Add(-19*24*time.Hour))
	web.Services[0].Users = []string{address(11)}
	return []pretend.Spec{
		{Name: "edge-1", Address: address(11), Started: now.Add(-93 * 24 * time.Hour), Interfaces: []string{"eth0", "eth1"}, Labels: map[string]string{"role": "edge"},
			Services: []pretend.Service{{Unit: "nginx.service", Command: "nginx", Port: edgePort, Share: 0.9, Count: 5, Users: []string{"203.0.113.7", "203.0.113.21"}}},
			Links: []pretend.Link{{Unit: "nginx.service", Address: address(21), Port: webPort, Sockets: 8, RTT: 0.3}, {Unit: "nginx.service", Address: address(31), Port: apiPort, Sockets: 6, RTT: 0.3},
				{Unit: "nginx.service", Address: address(41), Port: gitPort, Sockets: 5, RTT: 0.4}, {Unit: "nginx.service", Address: address(42), Port: gitPort, Sockets: 5, RTT: 0.4}}},
		web,
		{Name: "api-1", Address: address(31), Cores: 4, Labels: map[string]string{"role": "api"}, Started: now.Add(-19 * 24 * time.Hour),
			Services: []pretend.Service{{Unit: "webapp-api.service", Command: "webapp-api", Port: apiPort, Share: 0.9, Count: 6, Users: []string{address(11), address(21)}}},
			Links: []pretend.Link{{Unit: "webapp-api.service", Address: address(41), Port: gitPort, Sockets: 3, RTT: 0.4}, {Unit: "webapp-api.service", Address: address(42), Port: gitPort, Sockets: 3, RTT: 0.4},
				{Unit: "webapp-api.service", Address: address(51), Port: dbPort, Sockets: 12, RTT: 0.2}, {Unit: "webapp-api.service", Address: address(61), Port: cachePort, Sockets: 6, RTT: 0.2}}},
		gitSpec("git-1", 41, now), gitSpec("git-2", 42, now),
		{Name: "db-1", Address: address(51), Cores: 4, Memory: 32 << 30, Disks: []string{"nvme0n1"}, Started: now.Add(-210 * 24 * time.Hour),
			Services: []pretend.Service{{Unit: "postgresql.service", Command: "postgres", Port: dbPort, Share: 0.95, Count: 22, Users: []string{address(31), address(41), address(42)}}}},
		{Name: "cache-1", Address: address(61), Memory: 16 << 30, Started: now.Add(-61 * 24 * time.Hour),
			Services: []pretend.Service{{Unit: "redis-server.service", Command: "redis-server", Port: cachePort, Share: 0.9, Count: 1, Users: []string{address(21), address(31)}}}},
	}
}

// webSpec is a member of the web group.
func webSpec(name string, n int, started time.Time) pretend.Spec {
	return pretend.Spec{Name: name, Address: address(n), Started: started,
		Services: []pretend.Service{{Unit: "webapp.service", Command: "puma", Port: webPort, Share: 0.9, Count: 4, Users: []string{address(11)}}},
		Links: []pretend.Link{{Unit: "webapp.service", Address: address(31), Port: apiPort, Sockets: 4, RTT: 0.3},
			{Unit: "webapp.service", Address: address(61), Port: cachePort, Sockets: 2, RTT: 0.2}}}
}

func gitSpec(name string, n int, now time.Time) pretend.Spec {
	return pretend.Spec{Name: name, Address: address(n), Started: now.Add(-140 * 24 * time.Hour), Memory: 16 << 30, Disks: []string{"sda", "sdb"},
		Services: []pretend.Service{{Unit: "git-backend.service", Command: "git-backend", Port: gitPort, Share: 0.9, Count: 9, Users: []string{address(11), address(31)}}},
		Links:    []pretend.Link{{Unit: "git-backend.service", Address: address(51), Port: dbPort, Sockets: 3, RTT: 0.2}}}
}

// loadOf is what a host has to do: it follows the users' traffic, and on the git
// hosts what a bad version does, by how slow it is, 0 to 1. Packs that no longer
// fit into memory go through the disk; that of git-2 is the one that cannot
// keep up.
func loadOf(name string, t time.Time, slow float64) pretend.Load {
	r := rate(t)
	l := pretend.Load{Requests: r, Rx: 9e3 * r, Tx: 40e3 * r, Waiting: 0.4, Read: 2e4, Write: 6e4}
	switch name {
	case "edge-1":
		l.CPU, l.Memory, l.Tx = 4+0.7*r, 22, 90e3*r
	case "api-1":
		l.CPU, l.Memory = 8+2*r, 47
	case "git-1":
		l.CPU, l.Memory, l.Read, l.Write = 12+1.4*r+8*slow, 38+3*slow, 1e6, 2e6+11e6*slow
		l.Waiting += 5 * slow
	case "git-2":
		l.CPU, l.Memory, l.Read, l.Write = 11+1.5*r+19*slow, 36+4*slow, 1e6+12e6*slow, 2e6+76e6*slow
		l.Waiting += 61 * slow
	case "db-1":
		l.CPU, l.Memory, l.Read, l.Write, l.Waiting = 9+0.9*r, 62, 8e5, 2e6+2e5*r, 1.5
	case "cache-1":
		l.CPU, l.Memory = 3+0.3*r, 48
	default: // web
		l.CPU, l.Memory = 6+2.6*r, 44
	}
	return l
}
