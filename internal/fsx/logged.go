package fsx

// Logged is fsys, with a line to fn for each call that changes the disk, in
// order and after it was made; a call that failed has its error behind it. It
// is for golden files: a forgotten sync is a diff.
func Logged(fsys FS, fn func(line string)) FS {
	return &hooked{
		inner:  fsys,
		before: func(Op) error { return nil },
		after: func(op Op, err error) {
			switch {
			case op.Kind.Reads():
			case err != nil:
				fn(op.String() + ": " + err.Error())
			default:
				fn(op.String())
			}
		},
	}
}
