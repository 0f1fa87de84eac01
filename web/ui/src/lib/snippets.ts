// How to point something at this server, with its addresses filled in.

export interface Snippet {
  name: string
  note: string
  text: string
}

/** The port of a listener such as 127.0.0.1:2003, or the default. */
export function port(listener: string | undefined, usual: number): string {
  return /:(\d+)$/.exec(listener ?? '')?.[1] ?? String(usual)
}

/** What to type for each way in; `host` is this server as senders see it. */
export function snippets(host: string, listeners: Record<string, string>): Snippet[] {
  const http = `http://${host}:${port(listeners.http, 8420)}`
  const graphite = port(listeners.graphite, 2003)
  const syslog = port(listeners.syslog, 5514)
  return [
    {
      name: 'Graphite',
      note: 'collectd, statsd, anything',
      text: `echo "test.hello 42 $(date +%s)" \\\n  | nc -q1 ${host} ${graphite}`,
    },
    {
      name: 'collectd',
      note: 'write_graphite',
      text: `<Plugin write_graphite>\n  <Node "patou">\n    Host "${host}"\n    Port "${graphite}"\n  </Node>\n</Plugin>`,
    },
    {
      name: 'Syslog',
      note: 'rsyslog, one line',
      text: `# /etc/rsyslog.d/50-patou.conf\n*.* action(type="omfwd" target="${host}"\n  port="${syslog}" protocol="tcp"\n  template="RSYSLOG_SyslogProtocol23Format")`,
    },
    {
      name: 'nginx',
      note: 'with the time of each request',
      text: `log_format timed '$remote_addr - $remote_user [$time_local] '\n  '"$request" $status $body_bytes_sent '\n  '"$http_referer" "$http_user_agent" $request_time';\naccess_log syslog:server=${host}:${syslog},tag=nginx timed;`,
    },
    {
      name: 'A line from a script',
      note: 'JSON over HTTP',
      text: `curl ${http}/api/logs \\\n  -H 'Content-Type: application/x-ndjson' \\\n  -d '{"component":"cron.backup","message":"done"}'`,
    },
    {
      name: 'A deploy',
      note: 'an event, a line on every graph',
      text: `curl ${http}/events/ \\\n  -H 'Content-Type: application/json' \\\n  -d '{"what":"deploy shop 1.2","tags":["deploy"]}'`,
    },
  ]
}

/** How to run the agent against this server. */
export function agentCommand(host: string, listeners: Record<string, string>): string {
  return `patou agent --server http://${host}:${port(listeners.http, 8420)} \\\n  --token …`
}
