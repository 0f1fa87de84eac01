// Package host holds the nouns of a machine as its agent tells of it: who it is,
// what it is made of, what runs on it and whom it talks to.
//
// Invariant: plain data, the same on both ends; a report is complete in the parts
// that are not nil, and says nothing about those that are. It cannot fail.
package host

import "time"

// Identity says which machine speaks. A name may be used again and a disk may
// be cloned, so neither alone is who a machine is.
type Identity struct {
	// Machine is the machine-id, which a clone of the disk shares.
	Machine string `json:"machine"`
	// Boot is the boot-id, made anew by the kernel at each start.
	Boot string `json:"boot"`
	// Instance is made by the agent when it first keeps its spool, and named in
	// the keys of what it sends.
	Instance string `json:"instance"`
	// Name is the host's name: a label, which may change.
	Name string `json:"name"`
}

// Report is what an agent tells beside samples and entries. A nil part has not
// changed, or was not looked at; an empty one says that there is nothing.
type Report struct {
	Facts       *Facts       `json:"facts,omitempty"`
	Full        []Resource   `json:"full,omitzero"` // each chunk
	Units       []Unit       `json:"units,omitzero"`
	Processes   []Process    `json:"processes,omitzero"`
	FileSystems []FileSystem `json:"filesystems,omitzero"`
	Listeners   []Listener   `json:"listeners,omitzero"`
	Connections []Connection `json:"connections,omitzero"`
	// Leaving is the agent's goodbye, "" while it stays.
	Leaving Leaving `json:"leaving,omitempty"`
}

// Leaving is why an agent says goodbye.
type Leaving string

// The kinds of goodbye.
const (
	Stopped  Leaving = "stopped"  // the agent alone was told to end
	Shutdown Leaving = "shutdown" // the machine is switched off
	Reboot   Leaving = "reboot"   // the machine starts again
)

// Facts are what changes rarely.
type Facts struct {
	Agent     string   `json:"agent"` // version
	OS        string   `json:"os"`    // "Debian GNU/Linux 12 (bookworm)"
	Kernel    string   `json:"kernel"`
	Arch      string   `json:"arch"`
	CPUs      int      `json:"cpus"`
	CPU       string   `json:"cpu"` // the model's name
	Memory    int64    `json:"memory"`
	Container string   `json:"container,omitempty"` // "docker", "lxc", …; "" on a machine
	Addresses []string `json:"addresses"`           // without loopback's
	// Started is when the machine did, AgentStarted when the agent did.
	Started      time.Time `json:"started"`
	AgentStarted time.Time `json:"agent_started"`
	// Labels are what the operator says of the host; role, app, service,
	// component and tier name its group.
	Labels map[string]string `json:"labels,omitempty"`
}

// Resource is how full one thing is that a host can run out of.
type Resource struct {
	// Name is cpu, memory, io, disk or network.
	Name    string  `json:"name"`
	Percent float64 `json:"percent"`
	// Of names the fullest one where there are several: a file system, a disk.
	Of string `json:"of,omitempty"`
}

// Unit is a unit of systemd.
type Unit struct {
	Name string `json:"name"` // "nginx.service"
	// Active is systemd's word: active, activating, deactivating, inactive,
	// failed; Sub is its finer one: running, exited, waiting, dead.
	Active string    `json:"active"`
	Sub    string    `json:"sub"`
	Since  time.Time `json:"since"` // of Active
	// Enabled is set for units that start by themselves.
	Enabled  bool `json:"enabled,omitempty"`
	Restarts int  `json:"restarts,omitempty"`
}

// Process is what the processes of one group need together: those of a systemd
// unit, a container, or, without either, one name.
type Process struct {
	Group   string `json:"group"`             // "nginx.service", "docker:web", "bash"
	Command string `json:"command,omitempty"` // the busiest one's name
	Count   int    `json:"count"`
	Threads int    `json:"threads"`
	// CPU is in percent of one processor, since the sweep before.
	CPU    float64 `json:"cpu"`
	Memory int64   `json:"memory"` // resident, bytes
	// Read and Write are bytes a second from and to disks; Files are open
	// ones. -1 where they were not looked at.
	Read  float64 `json:"read"`
	Write float64 `json:"write"`
	Files int     `json:"files"`
}

// FileSystem is one that can fill up.
type FileSystem struct {
	Path     string `json:"path"`
	Kind     string `json:"kind"`
	Total    int64  `json:"total"`
	Used     int64  `json:"used"`
	Files    int64  `json:"files"` // inodes; 0 where there are none to count
	FilesMax int64  `json:"files_max"`
	ReadOnly bool   `json:"read_only,omitempty"`
}

// Listener is a port that a group of processes listens at.
type Listener struct {
	Group    string `json:"group"`
	Protocol string `json:"protocol"` // tcp, udp
	Address  string `json:"address"`  // "0.0.0.0", "::", "10.0.0.7"
	Port     int    `json:"port"`
}

// Connection is what a group of processes has to one remote end, summed over
// its sockets.
type Connection struct {
	Group string `json:"group"`
	// Inbound is set where the remote end asked: Port is then the local port
	// listened at, else the remote one.
	Inbound bool   `json:"inbound,omitempty"`
	Remote  string `json:"remote"` // an address
	Port    int    `json:"port"`
	Sockets int    `json:"sockets"`
	// RTT is the smoothed round-trip time, the median over the sockets, in ms.
	RTT float64 `json:"rtt"`
	// Retransmits, Sent and Received are since the report before: segments,
	// and bytes.
	Retransmits int64 `json:"retransmits"`
	Segments    int64 `json:"segments"`
	Sent        int64 `json:"sent"`
	Received    int64 `json:"received"`
}
