package config

import (
	"encoding"
	"testing"
)

func TestValuesReadAndWrite(t *testing.T) {
	f := func(v interface {
		encoding.TextUnmarshaler
		encoding.TextMarshaler
	}, in, want string) {
		t.Helper()
		if err := v.UnmarshalText([]byte(in)); err != nil {
			t.Errorf("%q: %v", in, err)
			return
		}
		if got, _ := v.MarshalText(); string(got) != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
	f(new(Size), "20GiB", "20GiB")
	f(new(Size), "1.5 GiB", "1536MiB")
	f(new(Size), "1kB", "1000B")
	f(new(Size), "0", "0B")
	f(new(Size), "1024", "1KiB")
	f(new(Duration), "30d", "30d")
	f(new(Duration), "1h30m", "90m")
	f(new(Duration), "1.5h", "90m")
	f(new(Duration), "365d", "1y")
	f(new(Duration), "250ms", "250ms")
	f(new(Duration), "0s", "0s")
	f(new(Address), "OFF", "off")
	f(new(Address), "[::1]:8420", "[::1]:8420")
	f(new(Network), "10.1.2.3/8", "10.0.0.0/8")
	f(new(Network), "::1", "::1/128")
	f(new(Switch), "Yes", "on")
	f(new(Switch), "false", "off")
	f(new(Archives), "10s:2d,1m:30d", "10s:2d,1m:30d")
}

func TestBadValuesAreRefused(t *testing.T) {
	f := func(v encoding.TextUnmarshaler, inputs ...string) {
		t.Helper()
		for _, in := range inputs {
			if v.UnmarshalText([]byte(in)) == nil {
				t.Errorf("%T takes %q", v, in)
			}
		}
	}
	f(new(Size), "", "GiB", "-1", "1G", "1 elephant", "9e99", "99999999TiB", "NaN", "inf")
	f(new(Duration), "", "d", "30", "-5m", "1h30", "1 parsec", "999999999999y", "h1")
	f(new(Address), "", "localhost", "localhost:http", "1.2.3.4:70000", "a:b:c")
	f(new(Network), "", "10.0.0.0/33", "localhost", "fe80::1%eth0")
	f(new(Host), "", "*", "a b", "a:80", "http://a", "*.*")
	f(new(Archives), "", "10s", "10s:5s", "0s:1d", "1s:1d,1s:2d", "1500ms:1d")
}

func TestLoopbackIsKnown(t *testing.T) {
	for address, want := range map[Address]bool{
		"127.0.0.1:1": true, "127.8.8.8:1": true, "[::1]:1": true, "localhost:1": true, "LocalHost:1": true, Off: true, "[::ffff:127.0.0.1]:1": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "web01:1": false, "localhost.example.org:1": false,
	} {
		if got := address.Loopback(); got != want {
			t.Errorf("%s: loopback %v, want %v", address, got, want)
		}
	}
}
