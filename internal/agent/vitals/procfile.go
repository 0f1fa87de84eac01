package vitals

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// reader reads one file and emits samples of it.
type reader struct {
	file  procFile
	read  func(text []byte)
	every int       // readings from one to the next; 0 is each
	last  time.Time // of the reading before
}

// allReaders are in the order of the files' meaning. What one leaves for
// another, such as IPv6 for the sums with IPv4, is read before.
func (c *Collector) allReaders() []reader {
	six, limit := &overIPv6{}, &connectionLimit{}
	return []reader{
		{file: c.at("proc/stat"), read: newProcessors(c).read},
		{file: c.at("proc/pressure/cpu"), read: newPressure(c, "cpu", cpuFull).read},
		{file: c.at("proc/pressure/memory"), read: newPressure(c, "memory", memoryFull).read},
		{file: c.at("proc/pressure/io"), read: newPressure(c, "io", ioFull).read},
		{file: c.at("proc/meminfo"), read: newMemory(c).read},
		{file: c.at("proc/loadavg"), read: newLoad(c).read},
		{file: c.at("proc/vmstat"), read: newPaging(c).read},
		{file: c.at("proc/diskstats"), read: newDisks(c).read},
		{file: c.net("dev"), read: newInterfaces(c).read},
		{file: c.net("snmp6"), read: six.readProtocols},
		{file: c.net("snmp"), read: newProtocols(c, six).read},
		{file: c.net("netstat"), read: newMoreProtocols(c).read},
		{file: c.net("sockstat6"), read: six.readSockets},
		{file: c.net("sockstat"), read: newSockets(c, six).read},
		{file: c.net("softnet_stat"), read: newSoftnet(c).read},
		{file: c.at("proc/sys/fs/file-nr"), read: newOpenFiles(c).read},
		{file: c.at("proc/sys/net/netfilter/nf_conntrack_max"), read: limit.read},
		{file: c.at("proc/sys/net/netfilter/nf_conntrack_count"), read: newTracked(c, limit).read},
		{file: c.own("mountinfo"), read: c.mounts.read, every: relist},
	}
}

// procFile is a file that is read again and again. It is opened once; the
// kernel writes it anew for each read from its start.
type procFile struct {
	paths   []string // the first that opens is read
	said    bool     // that it is missing
	file    *os.File
	wait    int // readings to wait after a failure, longer each time
	retryAt int // the reading to try again at
}

const (
	// maxProcFile bounds what is read: /proc/stat of a machine with many
	// thousand interrupts has some hundred KiB.
	maxProcFile = 4 << 20
	// maxWait bounds the readings until a missing file is looked for again.
	maxWait = 30
)

func (c *Collector) at(path string) procFile {
	return procFile{paths: []string{filepath.Join(c.options.Root, path)}}
}

// own is a file that each process has its own view in. Seen from a container,
// the host's is that of its first process.
func (c *Collector) own(path string) procFile {
	f := c.at("proc/self/" + path)
	if c.options.Root != "/" {
		f.paths = append([]string{filepath.Join(c.options.Root, "proc/1", path)}, f.paths...)
	}
	return f
}

// net is a file of the network, which is a process's own view, too.
func (c *Collector) net(path string) procFile {
	f := c.own("net/" + path)
	f.paths[len(f.paths)-1] = filepath.Join(c.options.Root, "proc/net", path)
	return f
}

// readFile takes the time for each file: the rates of one that was read late,
// as on a busy host, are still right.
func (c *Collector) readFile(r *reader) {
	if c.tick < r.file.retryAt || r.every > 0 && (c.tick-1)%r.every != 0 {
		return
	}
	now := c.options.Clock.Now()
	text, err := c.contents(&r.file)
	if err != nil {
		c.failed(&r.file, err)
		return
	}
	r.file.wait = 0
	if c.elapsed = 0; !r.last.IsZero() {
		c.elapsed = now.Sub(r.last).Seconds()
	}
	r.last = now
	r.read(text)
}

func (c *Collector) failed(f *procFile, err error) {
	f.close()
	f.wait = min(2*f.wait+1, maxWait)
	f.retryAt = c.tick + f.wait
	if !f.said {
		f.said = true
		c.missing(f.paths[len(f.paths)-1], fmt.Errorf("reading this host's vitals: %w", err))
	}
}

// contents is the whole text, valid until the next call.
func (c *Collector) contents(f *procFile) ([]byte, error) {
	if err := f.open(); err != nil {
		return nil, err
	}
	for n := 0; ; {
		m, err := f.file.ReadAt(c.buf[n:], int64(n))
		n += m
		switch {
		case errors.Is(err, io.EOF):
			return c.buf[:n], nil
		case err != nil:
			return nil, err
		case n >= maxProcFile:
			return c.buf[:n], nil
		}
		// Begin anew with more room, so that the text is of one moment.
		c.buf, n = make([]byte, 2*len(c.buf)), 0
	}
}

func (f *procFile) open() (err error) {
	if f.file != nil {
		return nil
	}
	for _, path := range f.paths {
		if f.file, err = os.Open(path); err == nil {
			return nil
		}
	}
	return err
}

func (f *procFile) close() {
	if f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
}
