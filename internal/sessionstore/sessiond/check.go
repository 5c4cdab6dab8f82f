// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/selfcheck"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// SelfcheckCmd tries every bypass against the running service.
type SelfcheckCmd struct {
	Config     string `required:"" help:"Configuration file of the service." type:"path" placeholder:"FILE"`
	JSON       bool   `help:"Print JSON: a list of name, refused, detail." name:"json"`
	Ready      string `help:"Ready file of the service, where its ports are not those of the configuration (port 0)." name:"ready-file" type:"path" placeholder:"FILE"`
	Service    string `help:"Where the service is reached from here, https://host:port." placeholder:"URL"`
	AdminURL   string `help:"The same of the administration." placeholder:"URL"`
	Cert       string `help:"Certificate of a client that may read and write." type:"path" placeholder:"FILE"`
	Key        string `help:"Its key." type:"path" placeholder:"FILE"`
	CA         string `help:"What signed the server's certificate." name:"server-ca" type:"path" placeholder:"FILE"`
	Authority  string `help:"Folder of the clients' authority, with its key." type:"path" placeholder:"DIR"`
	Expired    string `help:"An expired client certificate, if the authority's key is not here." type:"path" placeholder:"FILE"`
	ExpiredKey string `help:"Its key." type:"path" placeholder:"FILE"`
	Nobody     string `help:"A client certificate that no rule names, if the authority's key is not here." type:"path" placeholder:"FILE"`
	NobodyKey  string `help:"Its key." type:"path" placeholder:"FILE"`
	Credential string `help:"File with a credential that may read and write: name:secret, or a token." type:"path" placeholder:"FILE"`
	Former     string `help:"File with a credential that was rotated out." type:"path" placeholder:"FILE"`
}

// Run prints what was refused. It exits with 0 only if every bypass that applies
// was, with 2 if one was not, 3 if one could not be tried, 69 if the service does
// not serve who may use it.
func (c *SelfcheckCmd) Run(s *client.Session) error {
	cfg, err := settings.Read(c.Config)
	if err != nil {
		return err
	}
	c.fill(cfg)
	t, err := c.target(cfg)
	if err != nil {
		return err
	}
	all, err := t.Run(s.Context)
	if err != nil {
		return err
	}
	if err := c.print(s, t, all); err != nil {
		return err
	}
	if v := selfcheck.Judge(all); v != selfcheck.Refused {
		return client.Exit(v)
	}
	return nil
}

// fill takes from the configuration what no flag gives.
func (c *SelfcheckCmd) fill(cfg *settings.Settings) {
	for into, value := range map[*string]string{
		&c.Cert: cfg.Selfcheck.Cert, &c.Key: cfg.Selfcheck.Key, &c.Authority: cfg.Selfcheck.Authority,
		&c.Credential: cfg.Selfcheck.Credential, &c.Former: cfg.Selfcheck.Former, &c.CA: cfg.Selfcheck.ServerCA,
	} {
		if *into == "" {
			*into = value
		}
	}
	if c.CA == "" && c.Authority != "" {
		c.CA = filepath.Join(c.Authority, "authority.pem")
	}
	if c.CA == "" {
		c.CA = cfg.TLS.ClientCA
	}
}

// target describes the service to the check.
func (c *SelfcheckCmd) target(cfg *settings.Settings) (*selfcheck.Target, error) {
	t := &selfcheck.Target{Profile: string(cfg.Profile), Staged: map[string]string{}, Now: clock, Cassandra: cassandraOf(cfg)}
	for _, sp := range cfg.Spaces() {
		t.Spaces = append(t.Spaces, selfcheck.Space{Name: sp.Name, Base: sp.Base})
	}
	for _, r := range cfg.Policy {
		t.Rules = append(t.Rules, selfcheck.Rule{Identity: r.Identity, Namespaces: r.Namespaces, Verbs: r.Verbs})
	}
	for _, staged := range cfg.Staged {
		t.Staged[string(staged.Control)] = fmt.Sprintf("an acceptance for %s holds it, at the latest until %s", staged.Subject, staged.Until)
	}
	return t, errors.Join(c.addresses(t, cfg), c.proofs(t, cfg), c.networks(t, cfg))
}

// addresses says where the service is reached.
func (c *SelfcheckCmd) addresses(t *selfcheck.Target, cfg *settings.Settings) error {
	scheme := "http"
	if cfg.TLS.Cert != "" {
		scheme = "https"
	}
	t.URL = scheme + "://" + net.JoinHostPort(here(cfg.ListenAddress), strconv.Itoa(cfg.ListenPort))
	if cfg.Admin.On() {
		t.AdminURL = "https://" + net.JoinHostPort(here(cfg.Admin.ListenAddress), strconv.Itoa(*cfg.Admin.ListenPort))
	}
	if cfg.Probe.On() && *cfg.Probe.ListenPort != 0 {
		t.ProbeURL = "http://" + net.JoinHostPort(here(cfg.Probe.ListenAddress), strconv.Itoa(*cfg.Probe.ListenPort))
	}
	if c.Ready != "" {
		var r Ready
		data, err := os.ReadFile(c.Ready)
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if err != nil {
			return fault.New(fault.Usage, "selfcheck.ready", "The ready file %s cannot be read.", c.Ready).Because(err)
		}
		t.URL, t.AdminURL = r.URL, r.AdminURL
	}
	for _, one := range []struct {
		flag string
		into *string
	}{{c.Service, &t.URL}, {c.AdminURL, &t.AdminURL}} {
		if one.flag != "" {
			*one.into = one.flag
		}
		u, err := url.Parse(*one.into)
		if err != nil || *one.into != "" && u.Host == "" {
			return fault.New(fault.Usage, "selfcheck.url", "An address looks like https://sessions.example.org:8081.")
		}
		if *one.into != "" {
			*one.into = u.Scheme + "://" + u.Host
		}
	}
	// Who reaches the sessions by another name reaches the administration by it, too.
	if u, err := url.Parse(t.AdminURL); c.Service != "" && c.AdminURL == "" && c.Ready == "" && err == nil && u.Host != "" {
		if service, err := url.Parse(t.URL); err == nil {
			t.AdminURL = "https://" + net.JoinHostPort(service.Hostname(), u.Port())
		}
	}
	if strings.HasSuffix(t.URL, ":0") {
		return fault.New(fault.Usage, "selfcheck.port", "The configuration leaves the port open (0). Say where the service is: --ready-file or --service.")
	}
	return nil
}

// here is where something that listens everywhere is reached on this machine.
func here(host string) string {
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		return "localhost"
	}
	return host
}

// proofs reads what the check acts with.
func (c *SelfcheckCmd) proofs(t *selfcheck.Target, cfg *settings.Settings) (err error) {
	if c.CA != "" {
		data, err := os.ReadFile(c.CA)
		t.ServerCA = x509.NewCertPool()
		if err != nil || !t.ServerCA.AppendCertsFromPEM(data) {
			return fault.New(fault.Usage, "selfcheck.ca", "%s is no file with certificates in PEM form. Name what signed the server's certificate with --server-ca.", c.CA).Because(err)
		}
	}
	if cfg.TLS.ClientCA != "" {
		if t.ClientCA, err = readCertificate(cfg.TLS.ClientCA); err != nil {
			return err
		}
	}
	for _, p := range []struct {
		cert, key string
		into      **tls.Certificate
	}{{c.Cert, c.Key, &t.Client}, {c.Expired, c.ExpiredKey, &t.Expired}, {c.Nobody, c.NobodyKey, &t.Nobody}} {
		if p.cert == "" {
			continue
		}
		if p.key == "" {
			return fault.New(fault.Usage, "selfcheck.cert", "The certificate %s needs its key: name it, too (--key, --expired-key, --nobody-key).", p.cert)
		}
		pair, err := tls.LoadX509KeyPair(p.cert, p.key)
		if err != nil {
			return fault.New(fault.Usage, "selfcheck.cert", "%s and %s are no certificate with its key, or cannot be read.", p.cert, p.key).Because(err)
		}
		*p.into = &pair
	}
	if t.Authority, err = readIssuer(c.Authority); err != nil {
		return err
	}
	if t.Credential, err = authorization(c.Credential); err != nil {
		return err
	}
	t.Former, err = authorization(c.Former)
	return err
}

func readCertificate(file string) (*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Usage, "selfcheck.authority", "The certificate %s cannot be read.", file).Because(err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fault.New(fault.Usage, "selfcheck.authority", "%s holds no certificate in PEM form.", file)
	}
	return x509.ParseCertificate(block.Bytes)
}

// readIssuer reads the authority of a folder with its key; one without its key is
// none that can sign.
func readIssuer(folder string) (*selfcheck.Issuer, error) {
	if folder == "" {
		return nil, nil
	}
	cert, err := readCertificate(filepath.Join(folder, "authority.pem"))
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(folder, "authority.key"))
	if err != nil {
		return nil, nil //nolint:nilerr // the check says what it cannot try without it
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fault.New(fault.Usage, "selfcheck.authority", "The key in %s is not in PEM form.", folder)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.Usage, "selfcheck.authority", "The key in %s cannot be read.", folder).Because(err)
	}
	signer, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fault.New(fault.Usage, "selfcheck.authority", "The key in %s is no ECDSA key.", folder)
	}
	return &selfcheck.Issuer{Cert: cert, Key: signer}, nil
}

// authorization returns the header of a credential in a file: name:secret is basic,
// anything else a token.
func authorization(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fault.New(fault.Usage, "selfcheck.credential", "The credential in %s cannot be read.", file).Because(err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	if strings.Contains(text, ":") {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)), nil
	}
	return "Bearer " + text, nil
}

// networks reads the list as the service does.
func (c *SelfcheckCmd) networks(t *selfcheck.Target, cfg *settings.Settings) error {
	if cfg.Networks == "" {
		return nil
	}
	data, err := os.ReadFile(cfg.Networks)
	if err != nil {
		return fault.New(fault.Usage, "selfcheck.networks", "The network list %s cannot be read.", cfg.Networks).Because(err)
	}
	list, err := listen.ParseNetworks(data)
	if err != nil {
		return err
	}
	t.Listed = func(ip net.IP) bool {
		a, ok := netip.AddrFromSlice(ip)
		return ok && list.Admit(a.Unmap())
	}
	return nil
}

func (c *SelfcheckCmd) print(s *client.Session, t *selfcheck.Target, all []selfcheck.Result) error {
	if c.JSON {
		return s.PrintJSON(all)
	}
	s.Printf("%s\n\n", t)
	var rows [][]string
	for _, r := range all {
		rows = append(rows, []string{r.Name, r.Word(), r.Detail})
	}
	if err := s.Table([]string{"BYPASS", "REFUSED", "DETAIL"}, rows, ""); err != nil {
		return err
	}
	s.Printf("\n%s\n", map[selfcheck.Verdict]string{
		selfcheck.Refused:   "Every bypass that applies was refused.",
		selfcheck.Open:      "At least one bypass was NOT refused.",
		selfcheck.Untried:   "No bypass worked, but at least one could not be tried.",
		selfcheck.Unchecked: "Nothing was tried.",
	}[selfcheck.Judge(all)])
	return nil
}
