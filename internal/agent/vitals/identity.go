package vitals

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"

	"patou/internal/host"
)

// Identity is which machine is below root, "" being "/", and which of its runs:
// Machine and Boot, each 32 hexadecimal digits. Instance and Name are left to
// the agent.
//
// Machine is /etc/machine-id or, where there is none, D-Bus's. A machine with
// neither is told by something else that stays the same over a restart, hashed:
// the board's serial number, where only root may read it and no container sees
// its host's; the first hardware address that was not made up; the host's name.
// Boot is the kernel's boot_id, or the time of its start, hashed.
func Identity(root string) host.Identity {
	f := files(root)
	id := host.Identity{Machine: f.machine(), Boot: bare(f.line("proc/sys/kernel/random/boot_id"))}
	if id.Boot == "" {
		id.Boot = hashed("boot", started(f.read("proc/stat")).String())
	}
	return id
}

// Name is the name of the host whose files are below root. The kernel tells a
// container the container's name, so that below another root the host's file is
// asked first.
func Name(root string) string {
	if root != "" && root != "/" {
		if name := files(root).line("etc/hostname"); name != "" {
			return name
		}
	}
	name, _ := os.Hostname()
	return name
}

func (f files) machine() string {
	for _, name := range [...]string{"etc/machine-id", "var/lib/dbus/machine-id"} {
		if id := bare(f.line(name)); id != "" {
			return id
		}
	}
	if board := bare(f.line("sys/class/dmi/id/product_uuid")); board != "" && f.container() == "" {
		return hashed("board", board)
	}
	if address := f.hardwareAddress(); address != "" {
		return hashed("address", address)
	}
	name := f.line("proc/sys/kernel/hostname")
	if name == "" {
		name, _ = os.Hostname()
	}
	return hashed("name", name)
}

// bare is an id as 32 lower hexadecimal digits, "" when it is none: a file may
// say "uninitialized", and some makers write the same digit into each board.
func bare(id string) string {
	id = strings.ToLower(strings.ReplaceAll(id, "-", ""))
	raw, err := hex.DecodeString(id)
	if err != nil || len(raw) != 16 || len(slices.Compact(slices.Clone(raw))) == 1 {
		return ""
	}
	return id
}

// hashed tells apart what comes from different places, and shows none of it.
func hashed(kind, value string) string {
	sum := sha256.Sum256([]byte("patou " + kind + " " + value))
	return hex.EncodeToString(sum[:16])
}

// hardwareAddress is the first, by the interfaces' names, that a maker gave.
func (f files) hardwareAddress() string {
	list, _ := os.ReadDir(f.path("sys/class/net")) // sorted
	for _, e := range list {
		dir := "sys/class/net/" + e.Name()
		given := f.line(dir+"/addr_assign_type") == "0" && exists(f.path(dir+"/device"))
		if address := f.line(dir + "/address"); given && strings.Trim(address, "0:") != "" {
			return address
		}
	}
	return ""
}
