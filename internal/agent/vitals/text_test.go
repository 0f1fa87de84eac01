package vitals

import "testing"

func TestNumbersAreReadOrRefused(t *testing.T) {
	whole := func(text string, want uint64, fine bool) {
		t.Helper()
		if v, ok := number([]byte(text)); v != want && fine || ok != fine {
			t.Errorf("%q is %d, %v", text, v, ok)
		}
	}
	whole("0", 0, true)
	whole("18446744073709551615", 18446744073709551615, true)
	whole("18446744073709551616", 0, false) // one too many
	whole("99999999999999999999", 0, false)
	whole("-1", 0, false)
	whole("1e3", 0, false)
	whole("", 0, false)
	hexa := func(text string, want uint64, fine bool) {
		t.Helper()
		if v, ok := hexadecimal([]byte(text)); v != want && fine || ok != fine {
			t.Errorf("%q is %d, %v", text, v, ok)
		}
	}
	hexa("0000002a", 42, true)
	hexa("ffffffff", 1<<32-1, true)
	hexa("100000000", 0, false)
	hexa("0x1", 0, false)
	point := func(text string, want float64, fine bool) {
		t.Helper()
		if v, ok := decimal([]byte(text)); v != want && fine || ok != fine {
			t.Errorf("%q is %v, %v", text, v, ok)
		}
	}
	point("0.73", 0.73, true)
	point("12.05", 12.05, true)
	point("3", 3, true)
	point("nan", 0, false)
	point("1.", 0, false)
	point("-1.00", 0, false)
}

func TestWordsOfALine(t *testing.T) {
	if v, ok := numberOf([]byte("TCP: inuse 27 orphan 1 tw 9"), "tw"); v != 9 || !ok {
		t.Errorf("got %d, %v", v, ok)
	}
	if _, ok := numberOf([]byte("TCP: inuse"), "inuse"); ok {
		t.Error("a number that is not there")
	}
	line, rest := nextLine([]byte("a\nb"))
	field, _ := nextField([]byte(" \tx y"))
	if string(line) != "a" || string(rest) != "b" || string(field) != "x" {
		t.Errorf("got %q, %q, %q", line, rest, field)
	}
}
