package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"brigade/internal/web/static"
)

const staticPath = "/static/"

// assets serves the static files. Under /static/VERSION/ a file never changes, so browsers keep it; without the version,
// or with another one, they ask each time whether they still have the right one.
type assets struct {
	version string // a digest of all files, so that files may refer to each other by relative paths
	files   map[string]*asset
}

// asset is one file, compressed once, when somebody first asks for it.
type asset struct {
	body   []byte
	kind   string // its media type
	etag   string
	zipped func() []byte // nil: compressing does not pay
}

// loadAssets reads the embedded files. They are part of the binary, so a failure is a fault of the build.
func loadAssets() *assets {
	a := &assets{files: map[string]*asset{}}
	all := sha256.New()
	err := fs.WalkDir(static.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(static.Files, name)
		all.Write([]byte(name))
		all.Write(body)
		a.files[name] = newAsset(name, body)
		return err
	})
	if err != nil {
		panic("web: read the embedded files: " + err.Error())
	}
	a.version = hex.EncodeToString(all.Sum(nil)[:6])
	return a
}

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	f := &asset{body: body, kind: mediaType(name), etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	if path.Ext(name) != ".png" {
		f.zipped = sync.OnceValue(func() []byte { return zip(body) })
	}
	return f
}

// mediaType does not leave common types to the machine's tables.
func mediaType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case "", ".md", ".txt":
		return "text/plain; charset=utf-8"
	default:
		return mime.TypeByExtension(ext)
	}
}

func zip(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is one that exists
	_, _ = w.Write(body)                                    // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// path is where a file is served for ever: path("app.css").
func (a *assets) path(name string) string { return staticPath + a.version + "/" + name }

// ServeHTTP implements http.Handler.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, staticPath)
	rest, fixed := strings.CutPrefix(name, a.version+"/")
	f := a.files[rest]
	if f == nil { // the version of another build: this one's file is better than none
		if _, after, ok := strings.Cut(name, "/"); ok {
			f = a.files[after]
		}
	}
	if f == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	if h.Set("Cache-Control", "no-cache"); fixed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("ETag", f.etag)
	h.Set("Content-Type", f.kind)
	h.Set("Vary", "Accept-Encoding")
	f.serve(w, r)
}

// File is a handler for one static file at another path, where it may change.
func (k *Kit) File(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", k.assets.files[name].etag)
		w.Header().Set("Content-Type", k.assets.files[name].kind)
		k.assets.files[name].serve(w, r)
	}
}

func (f *asset) serve(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if f.zipped != nil && takesGzip(r) {
		w.Header().Set("Content-Encoding", "gzip")
		body = f.zipped()
	}
	_, _ = w.Write(body) // who went away needs no answer
}

func takesGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}
