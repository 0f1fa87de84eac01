package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func isAbsent(err error) bool { return errors.Is(err, exec.ErrNotFound) }

// victoria starts a VictoriaMetrics of Debian.
func victoria(ctx context.Context, data string) (*taker, error) {
	t, _, err := startVictoria(ctx, data)
	return t, err
}

func startVictoria(ctx context.Context, data string) (t *taker, http string, err error) {
	binary, err := exec.LookPath("victoria-metrics")
	if err != nil {
		return nil, "", err
	}
	http, err = freeAddr(ctx)
	if err != nil {
		return nil, "", err
	}
	graphite, err := freeAddr(ctx)
	if err != nil {
		return nil, "", err
	}
	p := launch(ctx, binary, "-storageDataPath="+data, "-httpListenAddr="+http, "-graphiteListenAddr="+graphite,
		"-retentionPeriod=1y", "-search.latencyOffset=0s", "-loggerLevel=ERROR")
	if err := p.cmd.Start(); err != nil {
		return nil, "", err
	}
	err = until(ctx, "VictoriaMetrics", func() (bool, error) {
		_, err := get(ctx, http, "/health", nil)
		return err == nil, nil
	})
	counted := func(ctx context.Context, n int64) error {
		return reach(ctx, http, `vm_rows_inserted_total{type="graphite"}`, n)
	}
	return &taker{p, graphite, counted, data}, http, err
}

// filledPeer is a VictoriaMetrics that has the series that questions are about.
type filledPeer struct {
	*process
	http string
}

// filled gives VictoriaMetrics what Patou was given; it is nil without peers.
func (b *bench) filled(ctx context.Context, now time.Time) (*filledPeer, error) {
	if !b.peers {
		return nil, nil
	}
	t, http, err := startVictoria(ctx, filepath.Join(b.work, "render-peer"))
	if isAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := load{b.series, 1, 1}
	for _, l := range []load{aDay(), names} {
		if err := l.send(ctx, t.graphite, now); err != nil {
			return nil, err
		}
	}
	if err := t.reach(ctx, aDay().samples()+names.samples()); err != nil {
		return nil, err
	}
	t.settle(ctx)
	return &filledPeer{t.process, http}, nil
}

// carbonConf lifts carbon's limits. A file of its schema holds 6 hours, a day
// and two weeks: less than Patou's, so that its files fit the disk.
const carbonConf = `[cache]
STORAGE_DIR = %[1]s
LOCAL_DATA_DIR = %[1]s/whisper
CONF_DIR = %[1]s
LOG_DIR = %[1]s/log
PID_DIR = %[1]s
USER =
MAX_CACHE_SIZE = inf
MAX_UPDATES_PER_SECOND = inf
MAX_CREATES_PER_MINUTE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = %[2]s
ENABLE_UDP_LISTENER = False
PICKLE_RECEIVER_PORT = 0
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = %[3]s
LOG_CREATES = False
LOG_UPDATES = False
CARBON_METRIC_INTERVAL = 0
`

const carbonSchemas = "[all]\npattern = .*\nretentions = 10s:6h,1m:1d,10m:14d\n"

// carbonCache starts Graphite's own store.
func carbonCache(ctx context.Context, data string) (*taker, error) {
	binary, err := exec.LookPath("carbon-cache")
	if err != nil {
		return nil, err
	}
	lines, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	query, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(data, "carbon.conf")
	text := fmt.Sprintf(carbonConf, data, portOf(lines), portOf(query))
	if err := errors.Join(os.MkdirAll(filepath.Join(data, "log"), 0o700), os.WriteFile(conf, []byte(text), 0o600),
		os.WriteFile(filepath.Join(data, "storage-schemas.conf"), []byte(carbonSchemas), 0o600)); err != nil {
		return nil, err
	}
	p := launch(ctx, binary, "--config="+conf, "--nodaemon", "--logdir="+filepath.Join(data, "log"), "start")
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	var d net.Dialer
	err = until(ctx, "carbon-cache", func() (bool, error) {
		c, err := d.DialContext(ctx, "tcp", lines)
		if err == nil {
			c.Close()
		}
		return err == nil, nil
	})
	return &taker{p, lines, nil, filepath.Join(data, "whisper")}, err
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
