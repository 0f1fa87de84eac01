package agent

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"patou/internal/host"
)

// askTime bounds the question why the agent has to end.
const askTime = time.Second

// leaver finds out why the agent has to end. It is asked while the machine may
// be going down around it, so that nothing it asks needs to answer.
type leaver struct {
	root string
	// jobs lists what systemd is about to do; nil asks systemctl.
	jobs func(ctx context.Context) ([]byte, error)
}

// why is the reason for a goodbye. A machine that goes down has a job for one of
// systemd's targets; who may not ask systemd sees that logins are closed.
func (l leaver) why(ctx context.Context) host.Leaving {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	ask := l.jobs
	if ask == nil {
		ask = systemdJobs
	}
	if jobs, err := ask(ctx); err == nil {
		if said := fromJobs(string(jobs)); said != "" {
			return said
		}
	}
	// Made by systemd-user-sessions when it ends, and by shutdown's warning
	// five minutes before.
	if _, err := os.Stat(filepath.Join("/", l.root, "run/nologin")); err == nil {
		return host.Shutdown
	}
	return host.Stopped
}

func systemdJobs(ctx context.Context) ([]byte, error) {
	return exec.CommandContext(ctx, "systemctl", "list-jobs", "--no-legend", "--no-pager", "--plain").Output()
}

// fromJobs reads lines of number, unit, kind and state. A restart has a job for
// shutdown.target as well, a poweroff none for reboot.target.
func fromJobs(jobs string) host.Leaving {
	said := host.Leaving("")
	for line := range strings.Lines(jobs) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "start" {
			continue
		}
		switch fields[1] {
		case "reboot.target", "kexec.target", "soft-reboot.target":
			return host.Reboot
		case "poweroff.target", "halt.target", "shutdown.target", "exit.target":
			said = host.Shutdown
		}
	}
	return said
}
