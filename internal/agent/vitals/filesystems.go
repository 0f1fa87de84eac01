package vitals

import (
	"hash/maphash"
	"path/filepath"
	"time"

	"patou/internal/host"
)

// ReportInterval is the longest time between two reports of the file systems.
const ReportInterval = 30 * time.Second

// relist is after how many readings the mounts are looked at again. Whether a
// file system became read-only is seen at each reading by its own answer, and
// here for those of ext4 since Linux 6.15, which only say so in their options.
const relist = 5

// usage is how full a file system is, in bytes and files.
type usage struct {
	total, free, available uint64
	files, filesFree       uint64
	readOnly               bool
}

// fileSystems reads the mounts now and then, and each second how full what is
// mounted there is.
type fileSystems struct {
	c       *Collector
	seed    maphash.Seed
	listed  uint64 // the mounts' text, hashed
	mounts  []mount
	systems []host.FileSystem // for the report
	changed bool
	answer  usage     // of the file system that is being asked
	told    time.Time // when the report was given
}

// mount is a file system and the names of its series.
type mount struct {
	path, kind string
	asked      string // the path below the root, with a 0 at its end
	readOnly   bool   // by its options
	system     host.FileSystem

	used, available, total, percent, files, readOnlyName string
}

func newFileSystems(c *Collector) *fileSystems {
	return &fileSystems{c: c, seed: maphash.MakeSeed()}
}

func (f *fileSystems) read(text []byte) {
	if h := maphash.Bytes(f.seed, text); h != f.listed {
		f.listed = h
		f.list(string(text))
	}
}

// list makes the series of the file systems that can fill up.
func (f *fileSystems) list(text string) {
	f.mounts, f.changed = f.mounts[:0], true
	taken := map[string]bool{}
	for _, m := range chosen(parseMounts(text)) {
		name := mountName(m.path)
		for taken[name] { // two paths may give one name
			name += "-2"
		}
		taken[name] = true
		f.mounts = append(f.mounts, f.mount(m, "filesystem."+name+"."))
	}
}

func (f *fileSystems) mount(m mounted, prefix string) mount {
	return mount{
		path: m.path, kind: m.kind, readOnly: m.readOnly, asked: filepath.Join(f.c.options.Root, m.path) + "\x00",
		used: prefix + "used", available: prefix + "available", total: prefix + "total",
		percent: prefix + "used_percent", files: prefix + "files_percent", readOnlyName: prefix + "read_only",
	}
}

// measure asks each file system how full it is.
func (f *fileSystems) measure() {
	for i := range f.mounts {
		m := &f.mounts[i]
		u := &f.answer
		if *u = (usage{}); f.c.options.usage(m.asked, u) == nil && u.total > 0 {
			u.readOnly = u.readOnly || m.readOnly
			f.emit(m, u)
		}
		f.note(m, u)
	}
}

func (f *fileSystems) emit(m *mount, u *usage) {
	used := u.total - min(u.total, u.free)
	f.c.emit(m.used, float64(used))
	f.c.emit(m.available, float64(u.available))
	f.c.emit(m.total, float64(u.total))
	full := 0.
	if used+u.available > 0 { // as df does: without what is root's alone
		full = f.c.percent(m.percent, 100*float64(used)/float64(used+u.available))
	}
	if u.files > 0 {
		full = max(full, f.c.percent(m.files, 100*float64(u.files-min(u.files, u.filesFree))/float64(u.files)))
	}
	if u.readOnly {
		f.c.emit(m.readOnlyName, 1)
		return // what nobody writes to does not fill up
	}
	f.c.emit(m.readOnlyName, 0)
	f.c.full.note(diskFull, full, m.path)
}

// note keeps what a report says, and whether it has something new.
func (f *fileSystems) note(m *mount, u *usage) {
	now := host.FileSystem{
		Path: m.path, Kind: m.kind, Total: int64(u.total), Used: int64(u.total - min(u.total, u.free)),
		Files: int64(u.files - min(u.files, u.filesFree)), FilesMax: int64(u.files), ReadOnly: u.readOnly,
	}
	f.changed = f.changed || now.Total != m.system.Total || now.ReadOnly != m.system.ReadOnly
	m.system = now
}

// due is what a report says of the file systems, nil when there is no need.
func (f *fileSystems) due(now time.Time) []host.FileSystem {
	if !f.changed && now.Sub(f.told) < ReportInterval {
		return nil
	}
	f.changed, f.told, f.systems = false, now, f.systems[:0]
	for i := range f.mounts {
		if f.mounts[i].system.Total > 0 {
			f.systems = append(f.systems, f.mounts[i].system)
		}
	}
	return f.systems
}
