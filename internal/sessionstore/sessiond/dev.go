// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/authority"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// dev is a store to try: everything that one needs, made in one folder. A folder
// that has it already is used as it is.
type dev struct {
	folder  string
	host    string
	port    int
	sockets sockets

	authority *authority.Authority
	server    authority.Record
	client    authority.Record
	anonymous authority.Record
	admin     authority.Record
}

// trustDomain is that of the identities that --dev makes.
const trustDomain = "sessiond.test"

func identity(who string) string { return "spiffe://" + trustDomain + "/" + who }

// newDev makes what is missing in the folder and takes the ports.
func newDev(folder, listen string) (d *dev, err error) {
	host, port, err := net.SplitHostPort(listen)
	number, err2 := strconv.ParseUint(port, 10, 16)
	if err != nil || err2 != nil {
		return nil, fault.New(fault.Usage, "sessiond.listen", "--listen takes an address such as 127.0.0.1:8081, where port 0 takes a free one.")
	}
	folder, err = filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("find the folder of --data: %w", err)
	}
	d = &dev{folder: folder, host: host, port: int(number)}
	for _, sub := range []string{"", "tls", "keys", "data", "audit"} {
		if err := os.MkdirAll(d.at(sub), 0o700); err != nil {
			return nil, fault.New(fault.Invalid, "sessiond.data", "The folder %s of --data cannot be made.", d.at(sub)).Because(err)
		}
	}
	if err := errors.Join(d.certify(), d.makeKeys(), d.list()); err != nil {
		return nil, err
	}
	return d, d.bind()
}

func (d *dev) at(parts ...string) string {
	return filepath.Join(append([]string{d.folder}, parts...)...)
}

// certify makes the authority and the certificates, and renews what is due.
func (d *dev) certify() (err error) {
	if d.authority, err = authority.Open(d.at("authority"), clock); fault.Is(err, fault.NotFound) {
		d.authority, err = authority.Create(d.at("authority"), d.constraints(), clock)
	}
	if err != nil {
		return err
	}
	server := authority.Request{Name: "server-" + strings.NewReplacer(":", "-", "%", "-").Replace(d.host), Role: authority.Server, DNS: []string{"localhost"}, IPs: []string{"127.0.0.1", "::1"}}
	if ip := net.ParseIP(d.host); ip == nil && d.host != "" && d.host != "localhost" {
		server.DNS = append(server.DNS, d.host)
	} else if ip != nil && !ip.IsUnspecified() && !ip.IsLoopback() || ip != nil && ip.IsLoopback() && d.host != "127.0.0.1" && d.host != "::1" {
		server.IPs = append(server.IPs, ip.String())
	}
	requests := []authority.Request{
		server,
		{Name: "client", Role: authority.Client, URIs: []string{identity("client")}},
		{Name: "anonymous", Role: authority.Client, URIs: []string{identity("anonymous")}},
		{Name: "administrator", Role: authority.Client, URIs: []string{identity("administrator")}},
	}
	for i, into := range []*authority.Record{&d.server, &d.client, &d.anonymous, &d.admin} {
		if *into, err = d.issue(requests[i]); err != nil {
			return err
		}
	}
	return nil
}

// constraints keep the authority from standing for anything but this machine.
func (d *dev) constraints() authority.Options {
	o := authority.Options{
		Name: "Portreeve sessiond --dev", Domains: []string{"localhost"}, TrustDomains: []string{trustDomain},
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
	if ip, err := netip.ParseAddr(d.host); err == nil {
		o.Networks = append(o.Networks, netip.PrefixFrom(ip, ip.BitLen()))
	} else if d.host != "" && d.host != "localhost" {
		o.Domains = append(o.Domains, d.host)
	}
	return o
}

// issue returns the certificate of a name, made or renewed if need be.
func (d *dev) issue(r authority.Request) (authority.Record, error) {
	r.Dir = d.at("tls")
	status, err := d.authority.Status()
	if err != nil {
		return authority.Record{}, err
	}
	for _, c := range status.Certificates {
		if c.Name != r.Name || c.Revoked != nil || c.Replaced {
			continue
		}
		if clock().Before(c.RenewAt) {
			return c.Record, nil
		}
		return d.authority.Renew(r.Name, false)
	}
	return d.authority.Issue(r)
}

func (d *dev) makeKeys() error {
	if !missing(d.at("keys", "ring.json")) {
		return nil
	}
	_, err := makeRing(d.at("keys", "root.key"), d.at("keys", "ring.json"), nil)
	return err
}

// local reports whether the store is for this machine alone.
func (d *dev) local() bool {
	ip := net.ParseIP(d.host)
	return d.host == "localhost" || ip != nil && ip.IsLoopback()
}

// list writes the network list: this machine, by its usual addresses.
func (d *dev) list() error {
	text := fmt.Sprintf("# source: portreeve sessiond --dev\n# generated: %s\n127.0.0.1/32\n::1/128\n", clock().UTC().Format("2006-01-02T15:04:05Z"))
	if ip := net.ParseIP(d.host); ip != nil && ip.IsLoopback() && d.host != "127.0.0.1" && d.host != "::1" {
		text += d.host + "\n"
	}
	return durable.Replace(d.at("networks"), []byte(text), 0o600)
}

// bind takes the ports, so that the configuration can name them.
func (d *dev) bind() (err error) {
	if d.sockets.data, err = take(d.host, d.port, "--listen"); err != nil {
		return err
	}
	if d.sockets.admin, err = take(d.host, 0, "the administration"); err == nil {
		d.sockets.probe, err = take("127.0.0.1", 0, "the probes")
	}
	if err != nil {
		d.sockets.close()
	}
	return err
}

var devConfig = template.Must(template.New("").Funcs(template.FuncMap{
	"quote": func(text string) (string, error) {
		b, err := json.Marshal(text)
		return string(b), err
	},
}).Parse(`# Made by portreeve sessiond --dev, which writes it anew at each start.
service_name: sessiond
listen_address: {{quote .Host}}
listen_port: {{.Port}}
default_ttl: 86400
log_level: warning
profile: mutual
tls: {cert: {{quote .Server.Cert}}, key: {{quote .Server.Key}}, client_ca: {{quote .CA}}, client_crl: {{quote .CRL}}}
{{- if .Networks}}
networks: {{quote .Networks}}
{{- end}}
policy:
  - {identity: "uri:{{.Client}}", namespaces: [default], verbs: [read, write, delete, revoke]}
  - {identity: "uri:{{.Anonymous}}", namespaces: [anonymous], verbs: [read, write, delete]}
  - {identity: "uri:{{.Administrator}}", namespaces: ["*"], verbs: [revoke, administer]}
namespaces:
  - {name: default, base_uri: /sessions/v1/, max_ttl: 30d, quota: 1GiB}
  - {name: anonymous, base_uri: /anonymous/v1/, ttl: 1h, max_ttl: 1h, max_value: 64KiB, quota: 256MiB, shed: true}
embedded: {data: data, cache: 64MiB, free_disk: {short: 3%, shed: 2%, critical: 1%}}
keys: {root: keys/root.key, ring: keys/ring.json}
admin: {listen_address: {{quote .Host}}, listen_port: {{.AdminPort}}}
probe: {listen_address: 127.0.0.1, listen_port: {{.ProbePort}}}
audit: audit/audit.log
selfcheck: {cert: {{quote .ClientRecord.Cert}}, key: {{quote .ClientRecord.Key}}, authority: authority}
`))

// configure writes the configuration with the ports that were taken, and reads it
// as any other.
func (d *dev) configure() (*settings.Settings, error) {
	port := func(l net.Listener) int {
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			return tcp.Port
		}
		return 0
	}
	values := map[string]any{
		"Host": d.host, "Port": port(d.sockets.data), "AdminPort": port(d.sockets.admin), "ProbePort": port(d.sockets.probe), "Server": d.server, "ClientRecord": d.client,
		"CA": d.authority.CertFile(), "CRL": d.authority.ListFile(), "Networks": "",
		"Client": identity("client"), "Anonymous": identity("anonymous"), "Administrator": identity("administrator"),
	}
	if d.local() {
		values["Networks"] = d.at("networks")
	}
	var b strings.Builder
	if err := devConfig.Execute(&b, values); err != nil {
		return nil, err
	}
	if err := durable.Replace(d.at("sessiond.yaml"), []byte(b.String()), 0o600); err != nil {
		return nil, err
	}
	return settings.Read(d.at("sessiond.yaml"))
}
