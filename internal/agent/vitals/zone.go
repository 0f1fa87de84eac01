package vitals

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Zone is the time zone of the host whose files are below root, "" being "/", and
// its name in the tz database, "" where none is known. TZ, as the environment has
// it, names another one for this process. A host without either is in UTC.
func Zone(root, tz string) (zone *time.Location, name string) {
	f := files(root)
	if name = strings.TrimPrefix(tz, ":"); name != "" && !filepath.IsAbs(name) {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone, name
		}
	}
	name = f.zoneName()
	text := f.read("etc/localtime")
	if len(text) == 0 && name != "" { // a link that leads out of the root
		text = f.read("usr/share/zoneinfo/" + name)
	}
	if zone, err := time.LoadLocationFromTZData(name, text); err == nil {
		return zone, name
	}
	return time.UTC, "UTC"
}

// zoneName is what the link leads to or, where it is a copy, what stands beside
// it.
func (f files) zoneName() string {
	if to, err := os.Readlink(f.path("etc/localtime")); err == nil {
		_, name, _ := strings.Cut(to, "zoneinfo/")
		return name
	}
	return f.line("etc/timezone")
}
