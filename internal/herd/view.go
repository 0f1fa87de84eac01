package herd

import "time"

// Overview is the whole herd on one page.
type Overview struct {
	Now    time.Time     `json:"now" doc:"The server's time."`
	At     time.Time     `json:"at" doc:"The moment that is shown."`
	Replay bool          `json:"replay" doc:"Whether that is the past."`
	Answer Verdict       `json:"answer"`
	Counts Counts        `json:"counts"`
	Groups []Group       `json:"groups" doc:"Callers stand before what they call."`
	Events []RecentEvent `json:"events" doc:"Of the last day, the newest first."`
}

// Verdict is the state of the herd in a sentence.
type Verdict struct {
	State Health `json:"state" enum:"fine,warn,crit"`
	Lead  string `json:"lead" doc:"What matters most."`
	Rest  string `json:"rest" doc:"What is to be said of all else."`
	Host  string `json:"host,omitempty" doc:"The id of the host that the lead is about."`
	Group string `json:"group,omitempty" doc:"The group that Lead is about; absent for none."`
}

// Counts are how many hosts are what.
type Counts struct {
	Hosts   int `json:"hosts"`
	Up      int `json:"up"`
	Late    int `json:"late"`
	Joining int `json:"joining"`
	Leaving int `json:"leaving"`
	Gone    int `json:"gone"`
	Lost    int `json:"lost"`
	Warn    int `json:"warn" doc:"Of those that are there."`
	Crit    int `json:"crit" doc:"Of those that are there."`
}

// Group is hosts that do the same.
type Group struct {
	Name     string   `json:"name"`
	What     string   `json:"what" doc:"What runs on them."`
	Why      string   `json:"why" doc:"Why they are a group."`
	Calls    []string `json:"calls" doc:"Groups that it calls."`
	CalledBy []string `json:"called_by" doc:"Groups that call it."`
	Counts   Counts   `json:"counts"`
	Joined   int      `json:"joined" doc:"Members that came in the last day."`
	Left     int      `json:"left" doc:"Members that went in the last day."`
	Signals  []Signal `json:"signals" doc:"Of the components on them: requests, errors, p99."`
	Members  []Member `json:"members" doc:"In order of name."`
}

// Signal is one number that says how a group serves.
type Signal struct {
	Name   string     `json:"name"`
	Unit   string     `json:"unit"`
	Value  *float64   `json:"value" doc:"The last one; null where there is none."`
	Usual  *float64   `json:"usual,omitempty" doc:"What it mostly is, where Value is judged by that."`
	State  Health     `json:"state" enum:"fine,warn,crit"`
	Target string     `json:"target" doc:"The Graphite target that draws it."`
	Spark  []*float64 `json:"spark" doc:"The last half hour, a value a minute."`
}

// Fullest is the resource of a host that is nearest to its end.
type Fullest struct {
	Name    string  `json:"name" doc:"cpu, memory, io, disk or network."`
	Percent float64 `json:"percent"`
	Of      string  `json:"of,omitempty" doc:"Which disk or file system."`
}

// Member is a host as a tile shows it.
type Member struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	State  State     `json:"state" enum:"joining,up,late,leaving,gone,lost"`
	Health Health    `json:"health" enum:"fine,warn,crit"`
	Word   string    `json:"word" doc:"State and health in a word."`
	Full   *Fullest  `json:"full,omitempty" doc:"Absent where it is not known."`
	Reason string    `json:"reason" doc:"Why it is not fine; empty if it is."`
	Since  time.Time `json:"since" doc:"Since when it is so."`
}

// RecentEvent is a marked moment as the overview lists it.
type RecentEvent struct {
	ID        int64     `json:"id"`
	Time      time.Time `json:"time"`
	Kind      string    `json:"kind" doc:"deploy, reboot, joined, left, lost, …"`
	What      string    `json:"what"`
	Data      string    `json:"data"`
	Host      string    `json:"host"`
	Component string    `json:"component"`
}

// ListedHost is a host in the list of all.
type ListedHost struct {
	ID     string    `json:"id" doc:"Empty where no agent told of it."`
	Name   string    `json:"name"`
	Node   string    `json:"node" doc:"Its series are under host.<node>."`
	Group  string    `json:"group"`
	State  State     `json:"state" doc:"Empty for hosts known from entries alone."`
	Health Health    `json:"health"`
	Word   string    `json:"word"`
	Last   time.Time `json:"last" doc:"When something last came from it."`
	Full   *Fullest  `json:"full,omitempty"`
	// ComponentCount is how many components spoke from it.
	ComponentCount int `json:"component_count"`
}

// HostDetails is all that is known of one host.
type HostDetails struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Node        string    `json:"node"`
	Nodes       []string  `json:"nodes" doc:"The nodes that its series are under, today's first."`
	State       State     `json:"state" enum:"joining,up,late,leaving,gone,lost," doc:"Empty for a host known from entries alone, as are id and health."`
	Health      Health    `json:"health" enum:"fine,warn,crit,"`
	Word        string    `json:"word"`
	Reason      string    `json:"reason"`
	Since       time.Time `json:"since"`
	First       time.Time `json:"first" doc:"When it was first heard."`
	Last        time.Time `json:"last" doc:"When it was last heard."`
	Group       string    `json:"group"`
	GroupReason string    `json:"group_reason"`
	GroupFrom   string    `json:"group_from" enum:"found,set"`

	Facts       *FactsView       `json:"facts,omitempty" doc:"Absent until they are told."`
	SkewMS      float64          `json:"skew_ms" doc:"By how much its clock is ahead of the server's."`
	Agent       AgentView        `json:"agent"`
	Full        []Fullest        `json:"full"`
	Units       []UnitView       `json:"units"`
	Processes   []ProcessView    `json:"processes"`
	FileSystems []FileSystemView `json:"filesystems"`
	Listeners   []ListenerView   `json:"listeners"`
	Links       []LinkView       `json:"links"`
	Components  []string         `json:"components" doc:"Those that spoke from it."`
	States      []StateView      `json:"states" doc:"The newest first."`
	Machine     string           `json:"machine" doc:"A hash of its machine-id: clones have the same."`
	Boot        string           `json:"boot"`
	Notes       []string         `json:"notes" doc:"What to know about its identity."`
}

// AgentView is what the agent costs.
type AgentView struct {
	CPUPercent   float64 `json:"cpu_percent"`
	MemoryBytes  float64 `json:"memory_bytes"`
	SpoolBytes   float64 `json:"spool_bytes"`
	SweepSeconds float64 `json:"sweep_seconds"`
}

// FactsView is what changes rarely.
type FactsView struct {
	Agent        string            `json:"agent" doc:"Its version."`
	OS           string            `json:"os"`
	Kernel       string            `json:"kernel"`
	Arch         string            `json:"arch"`
	CPUs         int               `json:"cpus"`
	CPU          string            `json:"cpu"`
	Memory       int64             `json:"memory" doc:"Bytes."`
	Container    string            `json:"container"`
	Addresses    []string          `json:"addresses"`
	Started      time.Time         `json:"started"`
	AgentStarted time.Time         `json:"agent_started"`
	Labels       map[string]string `json:"labels"`
}

// UnitView is a unit of systemd.
type UnitView struct {
	Name     string    `json:"name"`
	Active   string    `json:"active"`
	Sub      string    `json:"sub"`
	Since    time.Time `json:"since"`
	Enabled  bool      `json:"enabled"`
	Restarts int       `json:"restarts"`
}

// ProcessView is the processes of one group together.
type ProcessView struct {
	Group   string  `json:"group"`
	Command string  `json:"command"`
	Count   int     `json:"count"`
	Threads int     `json:"threads"`
	CPU     float64 `json:"cpu" doc:"Percent of one processor."`
	Memory  int64   `json:"memory" doc:"Bytes."`
	Read    float64 `json:"read" doc:"Bytes a second; -1 where not looked at."`
	Write   float64 `json:"write" doc:"Bytes a second; -1 where not looked at."`
	Files   int     `json:"files" doc:"Open ones; -1 where not looked at."`
}

// FileSystemView is a file system.
type FileSystemView struct {
	Path     string `json:"path"`
	Kind     string `json:"kind"`
	Total    int64  `json:"total"`
	Used     int64  `json:"used"`
	Files    int64  `json:"files"`
	FilesMax int64  `json:"files_max"`
	ReadOnly bool   `json:"read_only"`
}

// ListenerView is a port that is listened at.
type ListenerView struct {
	Group    string `json:"group"`
	Protocol string `json:"protocol"`
	Address  string `json:"address"`
	Port     int    `json:"port"`
}

// LinkView is whom a host talks to.
type LinkView struct {
	Direction string   `json:"direction" enum:"to,from"`
	Peer      string   `json:"peer" doc:"The group at the other end, or external."`
	PeerHosts []string `json:"peer_hosts"`
	Address   string   `json:"address"`
	Port      int      `json:"port"`
	// Group is the processes on this host.
	Group             string    `json:"group" doc:"The processes on this host."`
	RTT               float64   `json:"rtt" doc:"Milliseconds, the median."`
	RetransmitPercent float64   `json:"retransmit_percent"`
	Sent              float64   `json:"sent" doc:"Bytes a second."`
	Received          float64   `json:"received" doc:"Bytes a second."`
	Sockets           int       `json:"sockets"`
	Confirmed         bool      `json:"confirmed" doc:"Both ends tell of it."`
	Last              time.Time `json:"last"`
}

// StateView is what the host was from a time on.
type StateView struct {
	Time   time.Time `json:"time"`
	State  State     `json:"state"`
	Health Health    `json:"health"`
	Why    string    `json:"why"`
}

// GroupLink is that one group calls another.
type GroupLink struct {
	From              string    `json:"from"`
	To                string    `json:"to" doc:"A group, or external."`
	Address           string    `json:"address" doc:"Of external ends."`
	Port              int       `json:"port"`
	Sockets           int       `json:"sockets"`
	RTT               float64   `json:"rtt" doc:"Milliseconds, the median."`
	RetransmitPercent float64   `json:"retransmit_percent"`
	Sent              float64   `json:"sent" doc:"Bytes a second."`
	Received          float64   `json:"received" doc:"Bytes a second."`
	Confirmed         bool      `json:"confirmed" doc:"Both ends tell of it."`
	Last              time.Time `json:"last"`
}

// Day is the last day at a glance.
type Day struct {
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	StepMS int64     `json:"step_ms"`
	States []Health  `json:"states" doc:"The worst of each step."`
	Marks  []DayMark `json:"marks"`
}

// DayMark is an event of a day.
type DayMark struct {
	Time time.Time `json:"time"`
	Kind string    `json:"kind"`
	What string    `json:"what"`
}
