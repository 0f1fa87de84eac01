package sockets

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
)

// States of a TCP socket, as the kernel numbers them. UDP's sockets that are not
// connected are closed.
const (
	established = 1
	synReceived = 3
	timeWait    = 6
	closed      = 7
	listen      = 10
)

// row is one socket of a table.
type row struct {
	state         byte
	local, remote netip.AddrPort
	// inode is 0 when no process holds the socket any more.
	inode uint64
	// id is the socket's for as long as it is there, in TIME_WAIT too.
	id uint64
	// space is the network namespace it is in, 0 for our own.
	space uint64
	// rtt is in milliseconds, 0 where it is not known.
	rtt float64
	counters
}

// counters are what a socket counts from its beginning.
type counters struct {
	retransmits, segments uint64
	sent, received        uint64 // bytes that were acknowledged, and that came
}

// Kinds of netlink's messages.
const (
	messageError = 2
	messageDone  = 3
	byFamily     = 20 // SOCK_DIAG_BY_FAMILY
)

const (
	headerSize  = 16 // of netlink
	diagSize    = 72 // struct inet_diag_msg
	requestSize = headerSize + 56
	attrInfo    = 2 // INET_DIAG_INFO
)

// request asks for all sockets of a family and protocol that are in one of the
// states, a bit each; the answer to it bears its sequence.
func request(sequence uint32, family, protocol byte, states uint32) []byte {
	const flags = 0x1 | 0x300 // NLM_F_REQUEST, NLM_F_DUMP
	b := make([]byte, requestSize)
	order := binary.NativeEndian
	order.PutUint32(b, requestSize)
	order.PutUint16(b[4:], byFamily)
	order.PutUint16(b[6:], flags)
	order.PutUint32(b[8:], sequence)
	b[16], b[17], b[18] = family, protocol, 1<<(attrInfo-1)
	order.PutUint32(b[20:], states)
	return b
}

// parseMessages visits the sockets of one datagram from the kernel; done is true
// behind the last of the answer. The row is valid during the visit.
func parseMessages(b []byte, sequence uint32, visit func(r *row)) (done bool, err error) {
	order := binary.NativeEndian
	var r row // one for all: it escapes
	for len(b) >= headerSize {
		size := int(order.Uint32(b))
		if size < headerSize || size > len(b) {
			return false, fmt.Errorf("a netlink message of %d bytes in %d", size, len(b))
		}
		kind, body := order.Uint16(b[4:]), b[headerSize:size]
		ours := order.Uint32(b[8:]) == sequence
		b = b[min(len(b), (size+3)&^3):]
		switch {
		case !ours: // what is left of an answer that was given up
		case kind == messageDone:
			return true, nil
		case kind == messageError && len(body) >= 4:
			if code := -int32(order.Uint32(body)); code != 0 {
				return false, syscall.Errno(code)
			}
		case kind == byFamily && len(body) >= diagSize:
			r = parseDiag(body)
			visit(&r)
		}
	}
	return false, nil
}

// parseDiag reads struct inet_diag_msg: family, state, timer and retransmits a
// byte each, the ports, the addresses, 16 bytes each, the interface, the cookie,
// four numbers and the inode; attributes follow.
func parseDiag(b []byte) row {
	order := binary.NativeEndian
	r := row{state: b[1], id: uint64(order.Uint32(b[48:]))<<32 | uint64(order.Uint32(b[44:])), inode: uint64(order.Uint32(b[68:]))}
	r.local = netip.AddrPortFrom(address(b[0], b[8:24]), binary.BigEndian.Uint16(b[4:]))
	r.remote = netip.AddrPortFrom(address(b[0], b[24:40]), binary.BigEndian.Uint16(b[6:]))
	for b = b[diagSize:]; len(b) >= 4; {
		size := int(order.Uint16(b))
		if size < 4 || size > len(b) {
			break
		}
		if order.Uint16(b[2:]) == attrInfo {
			parseInfo(b[4:size], &r)
		}
		b = b[min(len(b), (size+3)&^3):]
	}
	return r
}

func address(family byte, b []byte) netip.Addr {
	if family == syscall.AF_INET {
		return netip.AddrFrom4([4]byte(b))
	}
	return netip.AddrFrom16([16]byte(b)).Unmap()
}

// parseInfo reads struct tcp_info, which grew at its end with the kernel:
// segments with data are counted since 4.6, all of them since 4.2.
func parseInfo(b []byte, r *row) {
	order := binary.NativeEndian
	if len(b) >= 104 {
		r.rtt = float64(order.Uint32(b[68:])) / 1000 // from µs
		r.retransmits = uint64(order.Uint32(b[100:]))
	}
	if len(b) >= 144 {
		r.sent, r.received = order.Uint64(b[120:]), order.Uint64(b[128:])
		r.segments = uint64(order.Uint32(b[136:]))
	}
	if len(b) >= 160 {
		r.segments = uint64(order.Uint32(b[156:]))
	}
}
