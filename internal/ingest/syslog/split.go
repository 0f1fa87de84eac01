package syslog

import "patou/internal/listen"

// maxCount is the number of digits that a message's length may have.
const maxCount = 7

// split finds the next message of a stream: "LENGTH <PRI>…" by octet counting,
// else a line. It decides anew for each message, so that a wrong length costs
// one message and not the connection.
func split(b []byte, limit int) listen.Cut {
	gap := 0
	for gap < len(b) && (b[gap] == '\n' || b[gap] == '\r' || b[gap] == 0) {
		gap++
	}
	if gap > 0 {
		return listen.Cut{Used: gap}
	}
	length, head, counted := octets(b)
	switch {
	case !counted:
		return listen.Lines(b, limit)
	case head == 0:
		return listen.Cut{} // more digits may follow
	case length > limit:
		n := min(len(b), head+length)
		return listen.Cut{Frame: b[:n], Used: n, Skip: head + length - n, Reason: listen.ErrTooLong}
	case head+length > len(b):
		return listen.Cut{}
	}
	return listen.Cut{Frame: b[head : head+length], Used: head + length}
}

// octets reads "LENGTH " before a "<"; head is where the message begins, 0 when
// too little of it is there.
func octets(b []byte) (length, head int, ok bool) {
	i := 0
	for i < len(b) && i <= maxCount && b[i] >= '0' && b[i] <= '9' {
		length = length*10 + int(b[i]-'0')
		i++
	}
	switch {
	case i == 0 || i > maxCount || b[0] == '0':
		return 0, 0, false
	case len(b) <= i+1:
		return length, 0, len(b) <= i || b[i] == ' '
	}
	return length, i + 1, b[i] == ' ' && b[i+1] == '<'
}
