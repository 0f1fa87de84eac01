package processes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestTheCgroupSaysWhatAProcessIsPartOf(t *testing.T) {
	check := func(text, kind, name string) {
		t.Helper()
		if got := member(text); got != (membership{kind, name}) {
			t.Errorf("%q: %+v, want %s %s", text, got, kind, name)
		}
	}
	check("0::/system.slice/nginx.service\n", "unit", "nginx.service")
	check("0::/system.slice/nginx.service/worker\n", "unit", "nginx.service")
	check("0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n", "unit", "postgresql@15-main.service")
	check("9:name=systemd:/system.slice/cron.service\n8:pids:/system.slice/x.service\n0::/\n", "unit", "cron.service")
	check("4:memory:/user.slice/other.service\n0::/system.slice/cron.service", "unit", "cron.service")
	check("0::/init.scope\n", "unit", "init.scope")
	check("0::/../../system.slice/cron.service\n", "unit", "cron.service")
	check(`0::/system.slice/blockdev\x2dswap.service`, "unit", "blockdev-swap.service")
	check("0::/system.slice/ssh@7-10.0.0.1:22-10.0.0.9:4711.service\n", "unit", "ssh@.service")
	check("0::/system.slice/run-u12.service\n", "", "")
	check("0::/system.slice/run-r0123456789abcdef0123456789abcdef.service\n", "", "")
	check("0::/system.slice/job-0123456789abcdef01.service\n", "", "")
	check("0::/user.slice/user-1000.slice/session-3.scope\n", "user", "user-1000.slice")
	check("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", "user", "user-1000.slice")
	check("0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service\n", "user", "user-1000:sync.service")
	check("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u3.service\n", "user", "user-1000.slice")
	check("0::/system.slice/docker-"+id+".scope\n", "docker", id)
	check("4:cpu:/docker/"+id+"\n1:name=systemd:/docker/"+id+"\n", "docker", id)
	check("9:name=systemd:/\n4:memory:/docker/"+id+"\n0::/\n", "docker", id)
	check("0::/machine.slice/libpod-"+id+".scope/container\n", "podman", id)
	check("0::/machine.slice/libpod-conmon-"+id+".scope\n", "", "")
	check("0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-"+id+".scope\n", "k8s", id)
	check("0::/kubepods/besteffort/pod1-2/"+id+"\n", "k8s", id)
	check("0::/default/"+id+"\n", "container", id)
	check("0::/lxc.payload.web/system.slice/nginx.service\n", "lxc", "web")
	check("1:name=systemd:/lxc/web/system.slice/nginx.service\n", "lxc", "web")
	check("0::/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service\n", "unit", "systemd-nspawn@web.service")
	check(`0::/machine.slice/machine-qemu\x2d1\x2ddb.scope/libvirt`, "vm", "1-db")
	check("", "", "")
	check("::::\n\n", "", "")
}

func TestContainersHaveTheNamesThatPeopleGaveThem(t *testing.T) {
	root := t.TempDir()
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		_ = os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	n := names{root: root, known: map[membership]string{}}
	check := func(kind, id, want string) {
		t.Helper()
		if got := n.of(membership{kind, id}); got != want {
			t.Errorf("%s %s is %q, want %q", kind, id, got, want)
		}
	}
	second, third := "1"+id[1:], "2"+id[1:]
	put("var/lib/docker/containers/"+id+"/config.v2.json", `{"Name":"/web","Config":{"Labels":{}}}`)
	put("var/lib/docker/containers/"+second+"/config.v2.json",
		`{"Name":"/shop-api-2","Config":{"Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"api"}}}`)
	put("var/lib/docker/containers/"+third+"/config.v2.json", `{"Name":"/q.1.x","Config":{"Labels":{"com.docker.swarm.service.name":"q"}}}`)
	put("var/lib/containers/storage/overlay-containers/containers.json", `[{"id":"`+id+`","names":["db"]}]`)
	put("var/log/containers/api-7d9f-x2_shop_api-"+id+".log", "")
	check("docker", id, "docker:web")
	check("docker", second, "docker:shop/api")
	check("docker", third, "docker:q")
	check("docker", "3"+id[1:], "docker:3123456789ab")
	check("podman", id, "podman:db")
	check("podman", second, "podman:1123456789ab"[:7]+second[:12])
	check("k8s", id, "k8s:shop/api")
	check("k8s", second, "k8s:"+second[:12])
	check("lxc", "web", "lxc:web")
	check("unit", "cron.service", "cron.service")
}

func TestProgramsWithNumbersAreOneGroup(t *testing.T) {
	for comm, want := range map[string]string{
		"nginx": "nginx", "php-fpm8.2": "php-fpm", "worker-17": "worker", "python3.11": "python", "x264": "x264", "123": "123", "": "unnamed",
	} {
		if got := program(comm); got != want {
			t.Errorf("program(%q) = %q, want %q", comm, got, want)
		}
	}
}

func TestANameMayHoldAnything(t *testing.T) {
	text := "7 (a) S 1 (b)) R 5 1 1 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 9 0 777 1000 55 1 1\n"
	s, ok := parseStat([]byte(text))
	if !ok || string(s.comm) != "a) S 1 (b)" || s.parent != 5 || s.own != 30 || s.waited != 70 || s.threads != 9 || s.start != 777 || s.pages != 55 || s.state != 'R' {
		t.Errorf("%+v, %v", s, ok)
	}
	for _, bad := range []string{"", "7 (a", "7 (a)", "7 (a) S", "7 (a) S 1 2 3", ")("} {
		if _, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q is a stat", bad)
		}
	}
}

func TestProcessorsAreCountedByTheHighest(t *testing.T) {
	for text, want := range map[string]int{"0-3\n": 4, "0": 1, "0-1,8": 9, "": 1, "x": 1} {
		if got := processors(text); got != want {
			t.Errorf("processors(%q) = %d, want %d", text, got, want)
		}
	}
}

func FuzzParsers(f *testing.F) {
	f.Add("7 (a) S 1 1 1 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 9 0 777 1000 55 1 1\n")
	f.Add("9:name=systemd:/system.slice/docker-" + id + ".scope\n0::/user.slice/user-0.slice/session-1.scope\n")
	f.Add(`0::/machine.slice/machine-qemu\x2d1\x2`)
	f.Add("rchar: 1\nread_bytes: 5\nwrite_bytes: 7\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s, ok := parseStat([]byte(text)); ok && !strings.Contains(text, string(s.comm)) {
			t.Errorf("the name %q is not of the text", s.comm)
		}
		parseShared([]byte(text))
		parseIO([]byte(text))
		parseUptime([]byte(text))
		n := names{root: "/nowhere", known: map[membership]string{}}
		if m := member(text); m.kind != "" && n.of(m) == "" {
			t.Errorf("%+v has no name", m)
		}
	})
}
