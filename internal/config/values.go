package config

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes.
type Size int64

// UnmarshalText reads "20GiB", "512 MB" or a number of bytes.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit := splitUnit(string(text))
	n, err := strconv.ParseFloat(number, 64)
	factor, known := sizeUnit(unit)
	if err != nil || !known || n < 0 || n*factor >= math.MaxInt64 {
		return fmt.Errorf("%q is not a size: write a number with B, KiB, MiB, GiB, TiB, kB, MB, GB or TB, as in 20GiB", text)
	}
	*s = Size(n * factor)
	return nil
}

// MarshalText writes the size in the largest unit that keeps it whole.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String is what MarshalText writes.
func (s Size) String() string {
	unit := 0
	for s != 0 && s%1024 == 0 && unit < 4 {
		s, unit = s/1024, unit+1
	}
	return strconv.FormatInt(int64(s), 10) + [...]string{"B", "KiB", "MiB", "GiB", "TiB"}[unit]
}

func sizeUnit(unit string) (factor float64, known bool) {
	switch strings.ToLower(unit) {
	case "", "b":
		return 1, true
	case "kib":
		return 1 << 10, true
	case "mib":
		return 1 << 20, true
	case "gib":
		return 1 << 30, true
	case "tib":
		return 1 << 40, true
	case "kb":
		return 1e3, true
	case "mb":
		return 1e6, true
	case "gb":
		return 1e9, true
	case "tb":
		return 1e12, true
	}
	return 0, false
}

// splitUnit parts "20 GiB" into "20" and "GiB".
func splitUnit(s string) (number, unit string) {
	s = strings.TrimSpace(s)
	i := strings.LastIndexAny(s, "0123456789.") + 1
	return s[:i], strings.TrimSpace(s[i:])
}

// Duration is a length of time that may be written in days, weeks and years.
type Duration time.Duration

// UnmarshalText reads one or more numbers with units: "30d", "1h30m", "2y".
func (d *Duration) UnmarshalText(text []byte) error {
	total, rest := 0.0, strings.TrimSpace(string(text))
	bad := fmt.Errorf("%q is not a length of time: write a number with s, m, h, d, w or y, as in 30d or 1h30m", text)
	if rest == "" {
		return bad
	}
	for rest != "" {
		i := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if i < 1 {
			return bad
		}
		n, err := strconv.ParseFloat(rest[:i], 64)
		end := i + unitLength(rest[i:])
		unit, known := timeUnit(rest[i:end])
		if err != nil || !known {
			return bad
		}
		total, rest = total+n*float64(unit), strings.TrimSpace(rest[end:])
	}
	if total >= math.MaxInt64 {
		return bad
	}
	*d = Duration(total)
	return nil
}

// unitLength is the length of the letters that s begins with.
func unitLength(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' })
	if i < 0 {
		return len(s)
	}
	return i
}

func timeUnit(unit string) (d Duration, known bool) {
	switch unit {
	case "ms":
		return Second / 1000, true
	case "s":
		return Second, true
	case "m", "min":
		return Minute, true
	case "h":
		return Hour, true
	case "d":
		return Day, true
	case "w":
		return Week, true
	case "y":
		return Year, true
	}
	return 0, false
}

// MarshalText writes the length in the largest unit that keeps it whole.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String is what MarshalText writes.
func (d Duration) String() string {
	for _, u := range [...]struct {
		length Duration
		name   string
	}{{Year, "y"}, {Day, "d"}, {Hour, "h"}, {Minute, "m"}, {Second, "s"}} {
		if d != 0 && d%u.length == 0 {
			return strconv.FormatInt(int64(d/u.length), 10) + u.name
		}
	}
	if d == 0 {
		return "0s"
	}
	return strconv.FormatInt(int64(d/(Second/1000)), 10) + "ms"
}

// Address is a place to listen at, "host:port", or Off.
type Address string

// Off is the address of a listener that does not listen.
const Off Address = "off"

// UnmarshalText reads "host:port", ":port" for all interfaces, or "off".
func (a *Address) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if strings.EqualFold(s, string(Off)) {
		*a = Off
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf(`%q is not an address: write host:port, as in 127.0.0.1:8420, or "off"`, text)
	}
	*a = Address(s)
	return nil
}

// MarshalText writes the address as it was read.
func (a Address) MarshalText() ([]byte, error) { return []byte(a), nil }

// Host is the address without its port; "" for all interfaces and for Off.
func (a Address) Host() string {
	host, _, _ := net.SplitHostPort(string(a))
	return host
}

// Loopback reports whether only this machine can reach the address. Off is
// loopback: nobody reaches it.
func (a Address) Loopback() bool {
	if a == Off || strings.EqualFold(a.Host(), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(a.Host())
	return err == nil && ip.Unmap().IsLoopback()
}

// Network is a range of IP addresses.
type Network struct{ netip.Prefix }

// UnmarshalText reads a CIDR range or one address.
func (n *Network) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		n.Prefix = netip.PrefixFrom(ip, ip.BitLen())
		return nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return fmt.Errorf("%q is not a network: write a range of addresses, as in 10.0.0.0/8 or 192.168.1.7", text)
	}
	n.Prefix = p.Masked()
	return nil
}

// MarshalText writes the network as a CIDR range.
func (n Network) MarshalText() ([]byte, error) { return []byte(n.String()), nil }
