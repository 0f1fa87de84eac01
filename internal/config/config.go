// Package config is what an operator may decide: plain data, read from one
// strict YAML file, with every default stated once, in Default.
//
// Invariant: a configuration that Read returned without error is one that the
// server can start with, as far as that can be known without opening anything.
// It knows no other package; app hands each part its own options. It fails with
// one sentence for each mistake: file, line, column, and what would be right.
package config

import "time"

// Config is everything that can be configured. The zero value is not useful;
// start from Default.
type Config struct {
	// Version is the version of the file's format.
	Version int `yaml:"version"`
	// Data is the directory that holds all that the server stores.
	Data Path `yaml:"data"`
	// Memory bounds what the server may use.
	Memory Size `yaml:"memory"`
	// Listen are the addresses to receive at.
	Listen Listen `yaml:"listen"`
	// Allow are the networks that may send by a protocol without a login.
	Allow Allow `yaml:"allow"`
	// Hosts are the names, beside those of loopback and the addresses
	// listened at, that a browser may reach the page by.
	Hosts []Host `yaml:"hosts"`
	// HTTP says who may use the API.
	HTTP HTTP `yaml:"http"`
	// Metrics and Logs say how long, and how much at most, is kept.
	Metrics Metrics `yaml:"metrics"`
	Logs    Logs    `yaml:"logs"`
	// Vitals is whether this host's vitals are watched, Journal whether its
	// journal is read.
	Vitals  Switch `yaml:"vitals"`
	Journal Switch `yaml:"journal"`
	// Tail are the files of this host to follow.
	Tail []Tail `yaml:"tail"`
	// MaskSecrets is whether what looks like a secret is masked in everything
	// received; Mask are rules beside that.
	MaskSecrets Switch `yaml:"mask_secrets"`
	Mask        []Mask `yaml:"mask"`
	// Scope says how a series' name yields a component and a host.
	Scope Scope `yaml:"scope"`
}

// Listen are the addresses of the listeners. Graphite and syslog listen on TCP
// and UDP at the same port.
type Listen struct {
	HTTP     Address `yaml:"http"`
	Graphite Address `yaml:"graphite"`
	Syslog   Address `yaml:"syslog"`
}

// Allow are networks by protocol. Loopback is always allowed.
type Allow struct {
	Graphite []Network `yaml:"graphite"`
	Syslog   []Network `yaml:"syslog"`
}

// HTTP says who may use the API.
type HTTP struct {
	// Token is when a request needs a token.
	Token TokenRule `yaml:"token"`
}

// Metrics bounds the store of numbers.
type Metrics struct {
	// Retention is of all series but this host's vitals, which have their own.
	Retention Archives `yaml:"retention"`
	// Size bounds the store's files; 0 for no bound.
	Size Size `yaml:"size"`
}

// Logs bounds the store of entries.
type Logs struct {
	// Retention is the age at which entries are forgotten.
	Retention Duration `yaml:"retention"`
	// Size bounds the store's files: beyond it the oldest entries go first.
	Size Size `yaml:"size"`
}

// Scope holds what only the operator can know about names.
type Scope struct {
	// Templates are tried in order; the first that fits a series wins.
	Templates []Template `yaml:"templates"`
}

// Version is the version of the format that this program writes.
const Version = 1

// Limits that a configuration must keep.
const (
	MinMemory = 64 << 20 // below it not even the stores' heads fit
	MinSize   = 64 << 20 // of a store: one segment and the next
)

// Default is the configuration of a server that nobody configured, on a machine
// with this much memory in bytes. A quarter of it is ours, at least 256 MiB.
func Default(machineMemory int64) Config {
	return Config{
		Version: Version,
		Data:    "./patou-data",
		Memory:  Size(max(machineMemory/4, 256<<20)),
		Listen:  Listen{HTTP: "127.0.0.1:8420", Graphite: "127.0.0.1:2003", Syslog: "127.0.0.1:5514"},
		HTTP:    HTTP{Token: TokenRemote},
		Metrics: Metrics{Retention: Archives{
			{Step: 10 * Second, Keep: 2 * Day},
			{Step: Minute, Keep: 30 * Day},
			{Step: 10 * Minute, Keep: 2 * Year},
		}, Size: 20 << 30},
		Logs:    Logs{Retention: 30 * Day, Size: 20 << 30},
		Vitals:  true,
		Journal: true,

		MaskSecrets: true,
	}
}

// Lengths of time as configurations count them.
const (
	Second = Duration(time.Second)
	Minute = 60 * Second
	Hour   = 60 * Minute
	Day    = 24 * Hour
	Week   = 7 * Day
	Year   = 365 * Day
)
