package herd

import (
	"math"
	"strings"
)

// kind is a well-known sort of service.
type kind struct {
	// function is the name of the group that it makes.
	function string
	// programs are the stems of units and the names of processes.
	programs string
	// ports are where it usually listens.
	ports []int
}

// kinds is the table of what is well known. A group of processes is of the
// first row that names it.
func kinds() []kind {
	return []kind{
		{"edge", "haproxy traefik envoy varnish varnishd squid hitch", []int{80, 443, 3128, 6081}},
		{"web", "nginx apache2 httpd caddy lighttpd openresty", []int{80, 443, 8080, 8443}},
		{"db", "postgresql postgres postgresql-server", []int{5432}},
		{"db", "mysql mysqld mariadb mariadbd", []int{3306}},
		{"db", "mongod mongodb", []int{27017}},
		{"db", "cassandra scylla scylla-server", []int{9042}},
		{"db", "cockroach cockroachdb", []int{26257}},
		{"db", "clickhouse-server clickhouse clickhouse-serv", []int{8123, 9000}},
		{"db", "influxdb influxd couchdb oracle sqlservr neo4j", []int{8086, 5984, 1521, 1433, 7687}},
		{"db", "pgbouncer pgpool proxysql", []int{6432, 6033}},
		{"cache", "redis redis-server valkey valkey-server keydb-server dragonfly", []int{6379}},
		{"cache", "memcached", []int{11211}},
		{"queue", "rabbitmq-server rabbitmq", []int{5672, 5671}},
		{"queue", "kafka redpanda", []int{9092}},
		{"queue", "nats-server nats nsqd beanstalkd activemq pulsar", []int{4222, 4150, 11300, 61616, 6650}},
		{"queue", "mosquitto emqx", []int{1883, 8883}},
		{"search", "elasticsearch opensearch solr meilisearch typesense sphinxsearch", []int{9200, 9300, 8983, 7700}},
		{"coordination", "etcd consul zookeeper nomad", []int{2379, 8500, 2181, 4646}},
		{"dns", "named bind9 unbound dnsmasq coredns pdns pdns_server knotd", []int{53}},
		{"mail", "postfix exim4 dovecot opensmtpd rspamd", []int{25, 465, 587, 143, 993}},
		{"git", "gitea gitaly forgejo gogs git-daemon", []int{3000, 8075, 9418}},
		{"ci", "jenkins gitlab-runner teamcity buildkite-agent drone concourse", []int{8080, 8111}},
		{"monitoring", "prometheus alertmanager grafana grafana-server thanos zabbix-server zabbix_server icinga2 carbon-cache", []int{9090, 9093, 3000, 10051, 2003}},
		{"logs", "loki graylog graylog-server logstash fluentd rsyslog syslog-ng", []int{3100, 5044, 514, 24224}},
		{"storage", "minio nfs-server nfsd smbd smb glusterd ceph-osd ceph-mon weed", []int{9000, 2049, 445, 24007, 6789}},
		{"auth", "slapd keycloak krb5kdc vault ipa dex", []int{389, 636, 88, 8200}},
		{"vpn", "openvpn strongswan wireguard", []int{1194, 51820}},
		{"kubernetes", "kubelet kube-apiserver k3s rke2-server", []int{10250, 6443}},
		{"app", "gunicorn uwsgi puma unicorn tomcat tomcat9 tomcat10 php-fpm php-fpm8 passenger", []int{8000, 8080, 9000, 3000}},
	}
}

// kindsByProgram finds the kind of a program.
func kindsByProgram() map[string]*kind {
	all, out := kinds(), map[string]*kind{}
	for i := range all {
		for name := range strings.FieldsSeq(all[i].programs) {
			out[name] = &all[i]
		}
	}
	return out
}

// everywhere reports programs that say nothing of a host, because they are on
// all of them.
func everywhere(program string) bool {
	switch program {
	case "ssh", "sshd", "init", "chrony", "chronyd", "ntp", "ntpd", "ntpsec", "rpcbind", "rpc", "avahi-daemon", "cups", "cupsd", "dhclient", "dhcpcd", "networking", "networkmanager",
		"node_exporter", "node-exporter", "prometheus-node-exporter", "telegraf", "collectd", "netdata", "zabbix-agent", "zabbix_agentd", "filebeat", "fluent-bit", "vector", "promtail", "snmpd",
		"docker", "dockerd", "docker-proxy", "containerd", "tailscaled", "qemu-guest-agent", "qemu-ga", "patou", "patou-agent", "user", "session", "cron", "dbus", "polkit", "getty":
		return true
	}
	return strings.HasPrefix(program, "systemd") || strings.HasPrefix(program, "patou")
}

// role is the place of a function in the order of those that no links tell of:
// callers above what they call.
func role(function string) int {
	if strings.HasPrefix(function, "unnamed-") {
		return math.MaxInt
	}
	for i, words := range []string{"edge proxy lb gateway cdn", "web www frontend", "app api backend git ci worker", "queue search", "cache", "db", "storage coordination", "auth dns mail monitoring logs vpn kubernetes"} {
		for w := range strings.FieldsSeq(words) {
			if w == function {
				return i
			}
		}
	}
	return otherRole
}

// otherRole is that of functions that no table knows.
const otherRole = 2
