package logs

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTextIsFoundWhereARegexpFindsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[aAbB1 -]{0,400}`).Draw(t, "s")
		part := rapid.StringMatching(`[aAbB1 -]{1,4}`).Draw(t, "part")
		pattern := regexp.QuoteMeta(part)
		if part == strings.ToLower(part) {
			pattern = "(?i)" + pattern
		}
		if got, want := textMatcher([]string{part})(s), regexp.MustCompile(pattern).MatchString(s); got != want {
			t.Fatalf("%q in %q: %v", part, s, got)
		}
	})
}

func TestSmartCase(t *testing.T) {
	is := func(want bool, text string, parts ...string) {
		t.Helper()
		if got := textMatcher(parts)(text); got != want {
			t.Errorf("%q in %q: %v", parts, text, got)
		}
	}
	is(true, "Connection RESET by peer", "connection reset")
	is(false, "connection reset by peer", "Connection reset")
	is(true, "Größe ÜBER alles", "über")
	is(false, "Größe über alles", "Über")
	is(true, "id 7F3A", "7f3a")
	is(true, "a long way to the END", "way", "end")
	is(false, "END of the way", "way", "end")
	is(false, "aa", "a", "aa")
}

func TestGlobsMatchWholeValues(t *testing.T) {
	is := func(want bool, pattern, s string) {
		t.Helper()
		if got := matchGlob(pattern, s); got != want {
			t.Errorf("%q matches %q: %v", pattern, s, got)
		}
	}
	is(true, "*Bot*", "a GoogleBot/2.1")
	is(false, "Bot*", "a Bot")
	is(true, "b?b", "böb")
	is(true, `a\*b`, "a*b")
	is(false, `a\*b`, "axb")
	is(true, "*a*b", "aab")
	is(true, "**", "")
	is(false, "?", "")
	is(false, "*x", strings.Repeat("y", 1000))
	is(true, `\?*`, "?x")
}

func TestLiteralsAreThoseThatEachMatchHolds(t *testing.T) {
	is := func(q, want string) {
		t.Helper()
		parsed, err := Parse(q)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(parsed.match.required(), "|"); got != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
	is("Timeout", "Timeout")
	is("timeout", "timeout")
	is("id-12345/x", "id-12345/x")
	is("größe-12345/x", "-12345/")
	is("quux7f3a9", "quux7f3a9")
	is(`Foo*Bar "a b" /x+longer(y|z)[0-9]abcd/`, "Foo|Bar|a b|longer|abcd")
	is("/(?i)longer/ OR Timeout", "")
	is("-Timeout", "")
}
