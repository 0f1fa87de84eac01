package carbon

// pow10 are the powers of ten that a float64 holds exactly; it never changes.
var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// maxDigits is how many digits fit a uint64 whatever they are.
const maxDigits = 19

// scanDecimal reads a plain decimal at the start of b up to a space or b's end
// and returns what follows the space. It gives up (ok is false) on anything
// else and on numbers whose float64 it cannot find with one correctly rounded
// division: both operands must be exact.
func scanDecimal(b []byte) (v float64, rest []byte, ok bool) {
	i, negative := 0, false
	if len(b) > 0 && b[0] == '-' {
		i, negative = 1, true
	}
	var mantissa uint64
	start, point := i, -1
	for ; i < len(b); i++ {
		c := b[i] - '0'
		if c <= 9 {
			mantissa = mantissa*10 + uint64(c)
			continue
		}
		if b[i] != '.' || point >= 0 {
			break
		}
		point = i
	}
	digits, fraction := i-start, 0
	if point >= 0 {
		digits--
		fraction = i - point - 1
	}
	if digits == 0 || digits > maxDigits || mantissa > 1<<53 {
		return 0, nil, false
	}
	if i < len(b) {
		if b[i] != ' ' {
			return 0, nil, false
		}
		i++
	}
	v = float64(mantissa)
	if fraction > 0 {
		v /= pow10[fraction]
	}
	if negative {
		v = -v // of 0 too: strconv reads -0 as negative zero
	}
	return v, b[i:], true
}
