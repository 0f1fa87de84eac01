package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Agent is everything that can be configured of an agent. The zero value is not
// useful; start from DefaultAgent.
type Agent struct {
	// Server is the address to send to, as in https://patou.example.org.
	Server string `yaml:"server"`
	// TokenFile holds the token, CA certificates to trust beside the system's.
	TokenFile Path `yaml:"token_file"`
	CA        Path `yaml:"ca"`
	// Data is the directory of the spool.
	Data Path `yaml:"data"`
	// Name is the host's; "" for the system's. Labels say what it is for.
	Name   string `yaml:"name"`
	Labels Labels `yaml:"labels"`
	// Root is where the host's files are seen, from within a container.
	Root string `yaml:"root"`
	// Vitals is whether the machine and its processes are watched, Journal
	// whether its journal is read, Tail which files.
	Vitals      Switch `yaml:"vitals"`
	Journal     Switch `yaml:"journal"`
	Tail        []Tail `yaml:"tail"`
	MaskSecrets Switch `yaml:"mask_secrets"`
	Mask        []Mask `yaml:"mask"`
	// Spool bounds what waits for the server.
	Spool Size `yaml:"spool"`
	// CPU is what the agent may cost before it looks less often.
	CPU Percent `yaml:"cpu"`
}

// MinSpool is the least bound of a spool.
const MinSpool = 16 << 20

// DefaultAgent is the configuration of an agent that was told nothing but its
// server.
func DefaultAgent() Agent {
	return Agent{
		Data: "./patou-agent-data", Root: "/", Vitals: true, Journal: true, MaskSecrets: true,
		Spool: 512 << 20, CPU: 1,
	}
}

// ReadAgent reads an agent's file over what a holds. On error, which joins an
// *Error for each mistake, the result is not to be used.
func ReadAgent(a Agent, file string, src []byte) (Agent, error) {
	r := &reader{file: file, origins: origins{}}
	root, err := r.parse(src)
	if err != nil {
		return a, err
	}
	if root != nil {
		r.value(root, reflect.ValueOf(&a).Elem(), "")
	}
	if len(r.errs) == 0 {
		for _, p := range a.check() {
			o := r.origins[p.key]
			r.errs = append(r.errs, &Error{file, max(o.Line, 1), max(o.Column, 1), p.what})
		}
	}
	if len(r.errs) > maxErrors {
		r.errs = append(r.errs[:maxErrors], errors.New("and more"))
	}
	return a, errors.Join(r.errs...)
}

func (a *Agent) check() []problem {
	var out []problem
	must := func(ok bool, key, format string, args ...any) {
		if !ok {
			out = append(out, problem{key, key + ": " + fmt.Sprintf(format, args...)})
		}
	}
	must(a.Data != "", "data", "name a directory, as in /var/lib/patou-agent")
	must(a.Spool >= MinSpool, "spool", "%v is too little: give at least %v", a.Spool, Size(MinSpool))
	must(a.CPU > 0, "cpu", "write more than 0, in percent of one processor, as in 1%%")
	followed := Config{Tail: a.Tail, Mask: a.Mask}
	followed.checkFollow(must)
	return out
}

// Percent is a share of one processor, in percent.
type Percent float64

// UnmarshalText reads "1%", "0.5 %" or a number.
func (p *Percent) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(text)), "%")), 64)
	if err != nil || !(n >= 0 && n <= 1e5) {
		return fmt.Errorf("%q is not a percentage: write it as in 1%%", text)
	}
	*p = Percent(n)
	return nil
}

// Labels are names with values that an operator gives to a host.
type Labels map[string]string

// Set reads one label as flags write it: name=value.
func (l Labels) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("%q is not a label: write it as in role=web", text)
	}
	return l.set(name, value)
}

func (l Labels) set(name, value string) error {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/") != "" || len(name) > 128 {
		return fmt.Errorf("%q is not a label's name: write letters, digits, _ . - or /", name)
	}
	if value == "" || len(value) > 256 {
		return fmt.Errorf("the label %q has no value of 1 to 256 bytes", name)
	}
	l[name] = value
	return nil
}
