package component

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCleanKeepsTheGrammar(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	f("webapp.backend.git", "webapp.backend.git")
	f("WebApp.Backend", "webapp.backend")
	f("my app/7", "my_app_7")
	f("..a...b.", "a.b")
	f("", Unknown)
	f("...", Unknown)
	f("größe", "gr__e")
	f("a.b.c.d.e.f.g.h.i.j", "a.b.c.d.e.f.g.h_i_j")
	f(strings.Repeat("x", 200), strings.Repeat("x", MaxBytes))
	f(strings.Repeat("x", 127)+".yz", strings.Repeat("x", 127))
}

func TestNodeHasNoDots(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := Node(in); got != want {
			t.Errorf("Node(%q) = %q, want %q", in, got, want)
		}
	}
	f("web01.example.org", "web01_example_org")
	f("nginx", "nginx")
	f("", Unknown)
}

func TestCleanTwiceIsCleanOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := Clean(rapid.String().Draw(t, "name"))
		if twice := Clean(once); twice != once {
			t.Fatalf("%q becomes %q", once, twice)
		}
		nodes := strings.Split(once, ".")
		if len(once) > MaxBytes || len(nodes) > MaxNodes {
			t.Fatalf("%q is past the limits", once)
		}
		for _, n := range nodes {
			if n == "" {
				t.Fatalf("%q has an empty node", once)
			}
		}
	})
}

func TestMatchSelectsSubtreesAndNodes(t *testing.T) {
	f := func(pattern, name string, want bool) {
		t.Helper()
		if got := Match(pattern, name); got != want {
			t.Errorf("Match(%q, %q) = %t", pattern, name, got)
		}
	}
	f("", "a.b", true)
	f("webapp", "webapp", true)
	f("webapp", "webapp.backend.git", true)
	f("webapp", "webapp2", false)
	f("webapp.backend", "webapp", false)
	f("webapp.*.git", "webapp.backend.git", true)
	f("webapp.*.git", "webapp.backend.git.gc", true)
	f("webapp.*.git", "webapp.git", false)
	f("web?.nginx", "web1.nginx", true)
	f("web?.nginx", "web10.nginx", false)
	f("*", "a", true)
	f("*b*", "abc.d", true)
	f("*b*", "acd.b", false)
}

func BenchmarkCleanOfAName(b *testing.B) {
	for b.Loop() {
		Clean("webapp.backend.git")
	}
}
