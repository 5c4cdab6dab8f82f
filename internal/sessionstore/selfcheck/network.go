// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"context"
	"net"
	"net/url"
)

// outside comes from an address that is not in the list, as a client that may.
func (c *check) outside(ctx context.Context) Result { return c.from(ctx, nil) }

// forwarded does, too, and says that it comes from inside.
func (c *check) forwarded(ctx context.Context) Result {
	inside := "127.0.0.1"
	if ip := net.ParseIP(host(c.URL)); ip != nil {
		inside = ip.String()
	}
	return c.from(ctx, map[string]string{
		"X-Forwarded-For": inside, "X-Real-IP": inside, "Forwarded": "for=" + inside, "X-Client-IP": inside, "True-Client-IP": inside,
	})
}

func (c *check) from(ctx context.Context, header map[string]string) Result {
	if c.Listed == nil {
		if c.Profile == "mutual" {
			return notApplicable("no network list is configured: certificates say who may connect")
		}
		return open("connections are taken from everywhere: there is no network list")
	}
	from := c.outsider(ctx)
	if from == nil {
		return untried("this machine has no address that is not in the list and from which the service is reached; run the check elsewhere, too")
	}
	r := c.attack(ctx, c.asClient(attempt{url: c.session(), from: from, header: header}))
	r.Detail = "from " + from.String() + ": " + r.Detail
	return r
}

// outsider returns an address of this machine that is not in the list and from
// which the service is reached: of a service on the loopback interface another
// address of that, otherwise one of another interface.
func (c *check) outsider(ctx context.Context) net.IP {
	var all []net.IP
	if ip := c.reached(ctx); ip != nil && ip.IsLoopback() {
		all = append(all, net.IPv4(127, 83, 69, 83), net.IPv4(127, 0, 0, 2))
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && !n.IP.IsLinkLocalUnicast() {
			all = append(all, n.IP)
		}
	}
	for _, ip := range all {
		if !c.Listed(ip) && c.connects(ctx, ip) {
			return ip
		}
	}
	return nil
}

// reached returns the address of the service that connections go to.
func (c *check) reached(ctx context.Context) net.IP {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", authority(c.URL))
	if err != nil {
		return nil
	}
	defer conn.Close()
	if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.IP
	}
	return nil
}

// connects reports whether a connection from the address comes about at all: one
// that the operating system does not even begin proves nothing.
func (c *check) connects(ctx context.Context, from net.IP) bool {
	conn, err := (&net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: from}}).DialContext(ctx, "tcp", authority(c.URL))
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

func authority(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
