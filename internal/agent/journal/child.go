package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"
)

// firstSince is how far back the first reading goes.
const firstSince = "-1h"

// arguments ask for everything behind the cursor and what follows.
func arguments(cursor string) []string {
	args := []string{
		"--follow", "--no-tail", "--output=json", "--all", "--quiet",
		"--output-fields=MESSAGE,PRIORITY,_SYSTEMD_UNIT,_SYSTEMD_USER_UNIT,SYSLOG_IDENTIFIER,CONTAINER_NAME,_COMM,_PID,_HOSTNAME,_SOURCE_REALTIME_TIMESTAMP",
	}
	if cursor == "" {
		return append(args, "--since="+firstSince)
	}
	return append(args, "--after-cursor="+cursor)
}

// endTime is how long a child that was told to end may take.
const endTime = 2 * time.Second

// probe lets journalctl say what is wrong with the journal: asked to follow one
// that has no files, it waits without a word.
func (r *Reader) probe(ctx context.Context) {
	cmd := exec.CommandContext(ctx, r.options.Command, "--header")
	cmd.WaitDelay = endTime
	cmd.Stderr = &r.errors
	_ = cmd.Run() // where it cannot run, following says so
}

// child starts journalctl; closing the reader waits for its end.
func (r *Reader) child(ctx context.Context, cursor string) (io.ReadCloser, error) {
	r.probed.Do(func() { r.probe(ctx) })
	cmd := exec.CommandContext(ctx, r.options.Command, arguments(cursor)...)
	cmd.WaitDelay = endTime
	cmd.Stderr = &r.errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %q: %w", r.options.Command, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %q: %w", r.options.Command, err)
	}
	return &output{out, cmd}, nil
}

type output struct {
	io.ReadCloser
	cmd *exec.Cmd
}

// Close waits for the child, which ends when nobody reads it any more.
func (o *output) Close() error {
	_ = o.ReadCloser.Close()
	if err := o.cmd.Wait(); err != nil {
		return fmt.Errorf("%q ended: %w", o.cmd.Path, err)
	}
	return nil
}

// complaint hands on the first line that a child writes to its standard error:
// journalctl goes on, saying nothing more, where it may not read the journal.
type complaint struct {
	tell func(error)
	said atomic.Bool
}

// Write never fails.
func (c *complaint) Write(b []byte) (int, error) {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b[:min(len(b), 300)])), "\n")
	if line != "" {
		c.tell(errors.New(line))
	}
	return len(b), nil
}
