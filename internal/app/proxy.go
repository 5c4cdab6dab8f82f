// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// realClient puts the address of the client in the place of the proxy's, for
// rate limits and sign-in. It believes X-Forwarded-For only if the peer is on
// this machine, and of its list only the last address: that one the proxy has
// added, while whatever stands before it came from the client.
func realClient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, ok := forwardedFor(r); ok {
			r = r.WithContext(r.Context()) // a copy: the request belongs to the server
			r.RemoteAddr = net.JoinHostPort(client.String(), "0")
		}
		next.ServeHTTP(w, r)
	})
}

func forwardedFor(r *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !peer.Addr().Unmap().IsLoopback() {
		return netip.Addr{}, false
	}
	lines := r.Header.Values("X-Forwarded-For")
	if len(lines) == 0 {
		return netip.Addr{}, false
	}
	last := lines[len(lines)-1]
	last = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
	client, err := netip.ParseAddr(last)
	if err != nil {
		return netip.Addr{}, false
	}
	return client.Unmap().WithZone(""), true
}
