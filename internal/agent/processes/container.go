package processes

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// names finds what people call a container, from the files of those who made
// it; asked once for each. Only root may read most of them.
type names struct {
	root  string
	known map[membership]string
}

// maxNames bounds what is remembered; then it begins anew.
const maxNames = 4096

// of is the group's name: "docker:web", "k8s:shop/api", or with the beginning of
// the id where no name is found.
func (n *names) of(m membership) string {
	if m.kind == "unit" || m.kind == "user" {
		return m.name
	}
	name, ok := n.known[m]
	if !ok {
		if len(n.known) >= maxNames {
			clear(n.known)
		}
		name = m.kind + ":" + n.ask(m)
		n.known[m] = name
	}
	return name
}

func (n *names) ask(m membership) (name string) {
	switch m.kind {
	case "docker":
		name = n.docker(m.name)
	case "podman":
		name = n.podman(m.name)
	case "k8s":
		name = n.kubernetes(m.name)
	}
	switch {
	case name != "":
		return name
	case isID(m.name):
		return m.name[:12]
	}
	return m.name
}

// docker prefers the service of Compose or Swarm to the container's name, so
// that replicas are one group and a deploy goes on with it.
func (n *names) docker(id string) string {
	var c struct {
		Name   string
		Config struct{ Labels map[string]string }
	}
	if !n.decode(&c, "var/lib/docker/containers", id, "config.v2.json") {
		return ""
	}
	labels := c.Config.Labels
	if service := labels["com.docker.compose.service"]; service != "" {
		return labels["com.docker.compose.project"] + "/" + service
	}
	if service := labels["com.docker.swarm.service.name"]; service != "" {
		return service
	}
	return strings.TrimPrefix(c.Name, "/")
}

func (n *names) podman(id string) string {
	var all []struct {
		ID    string   `json:"id"`
		Names []string `json:"names"`
	}
	if !n.decode(&all, "var/lib/containers/storage/overlay-containers/containers.json") {
		return ""
	}
	for _, c := range all {
		if c.ID == id && len(c.Names) > 0 {
			return c.Names[0]
		}
	}
	return ""
}

// kubernetes reads the names of the links that the kubelet makes to logs,
// "pod_namespace_container-id.log". A pod's own name is new with each.
func (n *names) kubernetes(id string) string {
	entries, err := os.ReadDir(filepath.Join(n.root, "var/log/containers"))
	if err != nil {
		return ""
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), "-"+id+".log")
		if parts := strings.Split(name, "_"); ok && len(parts) == 3 {
			return parts[1] + "/" + parts[2]
		}
	}
	return ""
}

// maxNamesFile bounds what is read of a container manager's file.
const maxNamesFile = 4 << 20

func (n *names) decode(into any, path ...string) bool {
	file := filepath.Join(append([]string{n.root}, path...)...)
	info, err := os.Stat(file)
	if err != nil || info.Size() > maxNamesFile || info.Mode()&fs.ModeType != 0 {
		return false
	}
	text, err := os.ReadFile(file)
	return err == nil && json.Unmarshal(text, into) == nil
}
