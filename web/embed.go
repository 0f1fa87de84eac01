// Package web carries the page: the files that Vite built from web/ui.
//
// Invariant: dist is what `npm run build` makes of web/ui, so that the program
// builds with Go alone. A page that was not built is an empty tree, which the
// server answers with 404.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the built page: index.html, and under assets/ the files whose names
// hold a hash of their content and may be cached for ever.
func Dist() (fs.FS, error) { return fs.Sub(dist, "dist") }
