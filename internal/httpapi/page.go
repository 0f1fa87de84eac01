package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// pageFile is one file of the page, held as it is sent.
type pageFile struct {
	contentType string
	etag        string
	body        []byte
	packed      []byte // gzip; nil where that does not pay
	immutable   bool
}

// routePage registers the page under /ui/, and the way to it from /.
func (s *server) routePage() error {
	files, err := loadPage(s.Page)
	if err != nil {
		return fmt.Errorf("reading the page's files: %w", err)
	}
	s.handle("GET /{$}", access{}, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Location", "ui/overview") // relative: a proxy may put a prefix before it
		w.WriteHeader(http.StatusFound)
		return nil
	})
	s.handle("GET /ui/{file...}", access{}, func(w http.ResponseWriter, r *http.Request) error {
		if isView(r.PathValue("file")) && s.mustSignIn(w, r) {
			return nil
		}
		return servePage(w, r, files)
	})
	for _, icon := range []string{"favicon.ico", "favicon.svg"} {
		s.handle("GET /"+icon, access{}, func(w http.ResponseWriter, r *http.Request) error {
			r.SetPathValue("file", "favicon.svg")
			return servePage(w, r, files)
		})
	}
	return nil
}

// isView reports whether a path is a view, which the page itself knows: its name
// has no dot, but names of hosts may have.
func isView(name string) bool {
	if strings.HasPrefix(name, "hosts/") {
		return true
	}
	base := path.Base(name)
	return base == "." || base == "index.html" || !strings.Contains(base, ".")
}

// servePage answers with a file, or for all views with the page.
func servePage(w http.ResponseWriter, r *http.Request, files map[string]*pageFile) error {
	name := path.Clean("/" + r.PathValue("file"))[1:]
	f := files[name]
	if f == nil && isView(name) {
		f = files["index.html"]
		if f == nil {
			return writeText(w, "text/html; charset=utf-8", notBuilt)
		}
		f = f.below(strings.Count(strings.TrimPrefix(r.URL.EscapedPath(), "/ui/"), "/"))
	}
	if f == nil {
		return refuse(http.StatusNotFound, "the page has no file %.100q", name)
	}
	h, body := w.Header(), f.body
	h.Set("Content-Type", f.contentType)
	h.Set("ETag", f.etag)
	h.Set("Cache-Control", "no-cache") // ask each time; the ETag makes that cheap
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = f.packed
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	return nil
}

// below is the page as a view that lies so many folders below ui/ needs it: what
// it asks for is named relative to it, so that a proxy may put a prefix before all.
func (f *pageFile) below(depth int) *pageFile {
	if depth == 0 {
		return f
	}
	up := []byte(`="` + strings.Repeat("../", depth))
	return newPageFile("index.html", bytes.ReplaceAll(f.body, []byte(`="./`), up))
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.ReplaceAll(quality, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// loadPage reads all files once: they are few, and part of the program anyway.
func loadPage(page fs.FS) (map[string]*pageFile, error) {
	files := map[string]*pageFile{}
	if page == nil {
		return files, nil
	}
	err := fs.WalkDir(page, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(page, name)
		if err == nil {
			files[name] = newPageFile(name, body)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return files, nil // not built: there is not even a directory
	}
	return files, err
}

func newPageFile(name string, body []byte) *pageFile {
	sum := sha256.Sum256(body)
	f := &pageFile{
		contentType: contentTypeOf(name),
		etag:        `"` + hex.EncodeToString(sum[:12]) + `"`,
		body:        body,
		immutable:   strings.HasPrefix(name, "assets/"), // Vite puts a hash into these names
	}
	switch path.Ext(name) {
	case ".html", ".js", ".mjs", ".css", ".svg", ".json", ".txt", ".map", ".webmanifest":
		f.packed = pack(body)
	}
	return f
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	_, err = z.Write(body)
	if err = errors.Join(err, z.Close()); err != nil || b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

// contentTypeOf does not depend on the machine's table of types for what the
// page is made of.
func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json", ".map":
		return "application/json"
	case ".woff2":
		return "font/woff2"
	case ".webmanifest":
		return "application/manifest+json"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// notBuilt is what a program without the page's files shows.
const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Patou</title>
<h1>Patou is running</h1>
<p>The page was not built into this program. In a clone of the source, <code>make ui</code> builds it with Node;
released programs carry it.</p>
<p>Everything else works: the API is described at <a href="../api/openapi.json">/api/openapi.json</a>, and
<code>patou logs</code> and <code>patou render</code> ask from a terminal.</p>
</html>
`
