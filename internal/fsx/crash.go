package fsx

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// CrashClone is the file system that a power cut now could leave, chosen by
// rng: what was synced is there; of what was not, some, all or nothing. An
// unsynced write is whole, missing, cut at any byte, or has only some of its
// sectors (the others as they were, zeros past the old end). Everything in the
// clone is durable, and the original goes on unharmed. Equal seeds after equal
// calls give equal clones.
func (m *Mem) CrashClone(rng *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := NewMem()
	for _, dir := range slices.Sorted(maps.Keys(m.dirs)) {
		out.mkdir(dir)
		files := m.dirs[dir].crash(rng)
		for _, base := range slices.Sorted(maps.Keys(files)) {
			data := files[base].crash(rng)
			node := &memNode{data: data, durable: bytes.Clone(data)}
			out.dirs[dir].files[base] = node
			out.dirs[dir].durable[base] = node
		}
	}
	return out
}

// crash is the names that survive: none of the unsynced changes, all, the first
// few as on a journal, or any of them.
func (d *memDir) crash(rng *rand.Rand) map[string]*memNode {
	files := maps.Clone(d.durable)
	keep := survivors(rng, len(d.pending))
	for i, c := range d.pending {
		if keep(i) {
			c.apply(files)
		}
	}
	return files
}

func survivors(rng *rand.Rand, n int) func(i int) bool {
	switch first := rng.IntN(n + 1); rng.IntN(4) {
	case 0:
		return func(int) bool { return false }
	case 1:
		return func(int) bool { return true }
	case 2:
		return func(i int) bool { return i < first }
	default:
		return func(int) bool { return rng.IntN(2) == 0 }
	}
}

// crash is the contents that survive.
func (n *memNode) crash(rng *rand.Rand) []byte {
	if len(n.pending) == 0 {
		return bytes.Clone(n.durable)
	}
	switch rng.IntN(4) {
	case 0:
		return bytes.Clone(n.durable)
	case 1:
		return bytes.Clone(n.data)
	case 2:
		return n.cutShort(rng)
	default:
		return n.someSectors(rng)
	}
}

// cutShort has the first few changes and a part of the next.
func (n *memNode) cutShort(rng *rand.Rand) []byte {
	data := bytes.Clone(n.durable)
	whole := rng.IntN(len(n.pending))
	for _, c := range n.pending[:whole] {
		data = c.apply(data)
	}
	last := n.pending[whole]
	if last.data == nil {
		return data
	}
	cut := rng.IntN(len(last.data) + 1)
	if rng.IntN(2) == 0 {
		cut -= int(last.off+int64(cut)) % sector
	}
	if cut <= 0 {
		return data
	}
	return fileChange{last.off, last.data[:cut]}.apply(data)
}

// someSectors has each sector that changed as it is or as it was, and a size
// that the file had on the way.
func (n *memNode) someSectors(rng *rand.Rand) []byte {
	data, size := n.oneOfSizes(rng)
	old := resize(bytes.Clone(n.durable), int64(max(size, len(n.durable))))
	for at := 0; at < size; at += sector {
		end := min(at+sector, size)
		if rng.IntN(2) == 0 {
			copy(data[at:end], old[at:end])
		}
	}
	return data
}

// oneOfSizes is the newest contents, cut or extended to a size between the
// changes.
func (n *memNode) oneOfSizes(rng *rand.Rand) ([]byte, int) {
	steps := rng.IntN(len(n.pending) + 1)
	size := len(n.durable)
	for _, c := range n.pending[:steps] {
		if c.data == nil {
			size = int(c.off)
		} else {
			size = max(size, int(c.off)+len(c.data))
		}
	}
	return resize(bytes.Clone(n.data), int64(size)), size
}
