// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/admin"
	"portreeve.org/portreeve/internal/sessionstore/audit"
)

// Config says where a namespace is and by which certificate this side is known.
type Config struct {
	URL       string // https, with the namespace's base: https://sessions.example.org:8081/portreeve/v1/
	AdminURL  string // https, without a path
	Namespace string
	CA        string // PEM files
	Cert, Key string
	Now       func() time.Time // real time
}

// timeout bounds a call that somebody waits for: MediaWiki's client has 3 s, too.
const timeout = 3 * time.Second

// maxHeader bounds the headers of an answer.
const maxHeader = 64 << 10

// Store is a namespace of a service elsewhere. It is safe for use by many goroutines.
type Store struct {
	base      string
	namespace string
	http      *http.Transport // not a Client: the service never redirects, and what looks like it is not followed
	admin     admin.Client
	now       func() time.Time
}

// Open reads the certificates. It does not connect.
func Open(c Config) (*Store, error) {
	base, err := url.Parse(c.URL)
	if err != nil || base.Scheme != "https" || base.Host == "" || !strings.HasSuffix(base.Path, "/") {
		return nil, fault.New(fault.Invalid, "sessions.url", "The address of the session store is https, with the namespace's base and a slash at its end, such as https://sessions.example.org:8081/portreeve/v1/.")
	}
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, fault.New(fault.Invalid, "sessions.ca", "The file %s of the session store's authority cannot be read.", c.CA).Because(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fault.New(fault.Invalid, "sessions.ca", "The file %s holds no PEM certificate.", c.CA)
	}
	administration, err := admin.NewClient(client.Config{URL: c.AdminURL, CA: c.CA, Cert: c.Cert, Key: c.Key})
	if err != nil {
		return nil, err
	}
	// The certificate is read for each connection: it is renewed while we run.
	own := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		return &pair, err
	}
	if _, err := own(nil); err != nil {
		return nil, fault.New(fault.Invalid, "sessions.cert", "The files %s and %s are no certificate with its key.", c.Cert, c.Key).Because(err)
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, GetClientCertificate: own},
		MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: maxHeader, DisableCompression: true,
	}
	return &Store{base: c.URL, namespace: c.Namespace, http: transport, admin: administration, now: c.Now}, nil
}

// Get returns a session, or a NotFound fault.
func (s *Store) Get(ctx context.Context, id []byte) (sessionstore.Session, error) {
	answer, value, err := s.call(ctx, http.MethodGet, id, nil, nil)
	if err != nil {
		return sessionstore.Session{}, err
	}
	return sessionstore.Session{Meta: metaOf(answer.Header, s.now()), Value: value}, nil
}

// Set writes a session. Whether it made a new one is not told by the service;
// created is false.
func (s *Store) Set(ctx context.Context, id []byte, w sessionstore.Write) (m sessionstore.Meta, created bool, err error) {
	answer, _, err := s.call(ctx, http.MethodPost, id, headers(w), w.Value)
	if err != nil {
		return sessionstore.Meta{}, false, err
	}
	return metaOf(answer.Header, s.now()), false, nil
}

// Touch renews a session's time.
func (s *Store) Touch(ctx context.Context, id []byte, match *sessionstore.Match) (sessionstore.Meta, error) {
	h := headers(sessionstore.Write{Match: match})
	h.Set("Session-Touch", "true")
	answer, _, err := s.call(ctx, http.MethodPost, id, h, nil)
	if err != nil {
		return sessionstore.Meta{}, err
	}
	return metaOf(answer.Header, s.now()), nil
}

// Delete ends a session. One that is not there is no error unless match asks for it.
func (s *Store) Delete(ctx context.Context, id []byte, match *sessionstore.Match) error {
	_, _, err := s.call(ctx, http.MethodDelete, id, headers(sessionstore.Write{Match: match}), nil)
	return err
}

// Probe asks whether the service is ready, and lets us read in the namespace.
func (s *Store) Probe(ctx context.Context) error {
	base, err := url.Parse(s.base)
	if err != nil {
		return err
	}
	if _, _, err = s.send(ctx, http.MethodGet, base.Scheme+"://"+base.Host+"/readyz", nil, nil); err != nil {
		return err
	}
	if _, err = s.Get(ctx, []byte(rand.Text())); fault.Is(err, fault.NotFound) {
		return nil // as it should be
	}
	return err
}

// headers says what a write says beside its value.
func headers(w sessionstore.Write) http.Header {
	h := http.Header{}
	seconds := func(name string, d time.Duration) {
		if d > 0 {
			h.Set(name, strconv.FormatInt(max(1, int64(d/time.Second)), 10))
		}
	}
	seconds("Session-TTL", w.TTL)
	seconds("Session-Max-Age", w.MaxAge)
	if w.Absolute != nil {
		h.Set("Session-Expiry", map[bool]string{true: "absolute", false: "sliding"}[*w.Absolute])
	}
	if w.Owner != "" {
		h.Set("Session-Owner", w.Owner)
	}
	if w.Established != 0 {
		h.Set("Session-Established", fmt.Sprintf("%d.%06d", w.Established/1e6, w.Established%1e6))
	}
	if m := w.Match; m != nil {
		name, value := "If-Match", fmt.Sprintf(`"%016x"`, m.Version)
		if m.None {
			name = "If-None-Match"
		}
		if m.Any {
			value = "*"
		}
		h.Set(name, value)
	}
	return h
}

// maxSeconds is more than any time that the service tells: 30,000 years.
const maxSeconds = 1 << 40

// metaOf reads what the service tells of a session; what it cannot mean is not told.
func metaOf(h http.Header, now time.Time) sessionstore.Meta {
	var m sessionstore.Meta
	m.Version, _ = strconv.ParseUint(strings.Trim(h.Get("ETag"), `"`), 16, 64) // absent after a touch
	in := func(name string) sessionstore.Instant {
		n, err := strconv.ParseUint(h.Get(name), 10, 64)
		if err != nil || n > maxSeconds {
			return 0
		}
		return sessionstore.InstantOf(now) + sessionstore.Instant(n*1e6)
	}
	m.Expires, m.Cap, m.Retired = in("Session-Expires-In"), in("Session-Ends-In"), h.Get("Session-Retired") == "true"
	if seconds, err := strconv.ParseFloat(h.Get("Session-Established"), 64); err == nil && seconds >= 0 && seconds <= maxSeconds {
		m.Established = sessionstore.Instant(math.Round(seconds * 1e6))
	}
	return m
}

// maxValue bounds what is read of an answer.
const maxValue = 16 << 20

func (s *Store) call(ctx context.Context, method string, id []byte, h http.Header, body []byte) (*http.Response, []byte, error) {
	return s.send(ctx, method, s.base+url.PathEscape(string(id)), h, body)
}

func (s *Store) send(ctx context.Context, method, address string, h http.Header, body []byte) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, nil, errors.New("session store: the address cannot be used") // it holds the id
	}
	if h != nil {
		req.Header = h
	}
	answer, err := s.http.RoundTrip(req)
	if err != nil {
		return nil, nil, away(err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end or given up
	value, err := io.ReadAll(io.LimitReader(answer.Body, maxValue+1))
	if err != nil {
		return nil, nil, away(err)
	}
	if len(value) > maxValue {
		return nil, nil, away(errForeign)
	}
	if !expected(method, answer.StatusCode) {
		return nil, nil, refusal(answer.StatusCode)
	}
	return answer, value, nil
}

// expected reports whether a status says that it was done.
func expected(method string, status int) bool {
	switch method {
	case http.MethodGet:
		return status == http.StatusOK
	case http.MethodDelete:
		return status == http.StatusNoContent
	default:
		return status == http.StatusCreated || status == http.StatusNoContent
	}
}

func away(err error) error {
	return fault.New(fault.Unavailable, "sessions.away", "The session store does not answer. Try again in a moment.").Because(told(err))
}

// told returns the error if it is one of this side or of the connection. The others
// quote what came, which may be anything: an id, too.
func told(err error) error {
	var named *url.Error
	if errors.As(err, &named) {
		err = named.Err // it is a net.Error itself, whatever it holds
	}
	var connection net.Error
	var certificate *tls.CertificateVerificationError
	var own *statusError
	switch {
	case errors.As(err, &connection), errors.As(err, &certificate), errors.As(err, &own),
		errors.Is(err, context.Canceled), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, http.ErrSchemeMismatch):
		return err
	default:
		return errForeign
	}
}

// errForeign says that something else than the service answered, or something wrong.
var errForeign = errors.New("session store: the answer is not one of the service")

// statusError is a status that nothing is known about.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("session store: status %d", e.status) }

// refusal words a status of the service.
func refusal(status int) error {
	err := &statusError{status}
	switch status {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "session.not_found", "There is no session under this key.").Because(sessionstore.ErrNotFound)
	case http.StatusConflict:
		return fault.New(fault.Conflict, "session.over", "The session was ended, or goes on under another key.").Because(err)
	case http.StatusPreconditionFailed:
		return fault.New(fault.Stale, "session.precondition", "The session is not at the version that was asked for.").Because(err)
	default:
		return away(err)
	}
}

// Owned returns up to limit sessions of an owner after the given handle (zero
// begins), in order of their handles, with their values; at most admin.MaxPage.
func (s *Store) Owned(ctx context.Context, owner string, after sessionstore.RowKey, limit int) ([]sessionstore.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	page, err := s.admin.SessionsWithValues(ctx, s.namespace, owner, hex.EncodeToString(after[:]), min(limit, admin.MaxPage))
	if err != nil {
		return nil, asked(err)
	}
	if page.Sessions == nil {
		return nil, away(errForeign)
	}
	var all []sessionstore.Session
	for _, one := range page.Sessions {
		b, err := hex.DecodeString(one.Handle)
		if err != nil || len(b) != len(after) {
			return nil, away(errForeign)
		}
		m := sessionstore.Meta{Handle: sessionstore.RowKey(b), Established: sessionstore.InstantOf(one.Established), Retired: one.Retired}
		m.Expires, m.Cap = instant(one.Expires), instant(one.Ends)
		all = append(all, sessionstore.Session{Meta: m, Owner: owner, Value: one.Value})
	}
	return all, nil
}

func instant(t *time.Time) sessionstore.Instant {
	if t == nil {
		return 0
	}
	return sessionstore.InstantOf(*t)
}

// End ends one session of an owner by its handle.
func (s *Store) End(ctx context.Context, owner string, handle sessionstore.RowKey) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := s.admin.EndOne(ctx, s.namespace, owner, hex.EncodeToString(handle[:]))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, asked(err)
}

// asked returns the error of a call of the administration as one of this package: what
// the service said stays, and what went wrong on the way quotes nothing.
func asked(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Err == nil {
		return err
	}
	if err == nil {
		return nil
	}
	return away(err)
}

// maxSkew is how far the service's clock may lie behind this side's: it ends what began
// by its own now when it is asked for more.
const maxSkew = time.Minute

// endTimeout bounds the end of all of an owner's sessions, for which a job waits.
const endTimeout = 30 * time.Second

// EndAll ends every session of an owner that began at notBefore or earlier, in
// this namespace, and returns the service's signed receipt. An answer that is not a
// receipt of that, signed by the key beside it, is an error; so is one of an earlier end.
func (s *Store) EndAll(ctx context.Context, owner string, notBefore sessionstore.Instant) (admin.SignedReceipt, error) {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	r, err := s.admin.End(ctx, s.namespace, owner, admin.Ending{NotBefore: notBefore.Time()})
	if err != nil {
		return admin.SignedReceipt{}, asked(err)
	}
	keys, err := format.ParseKeys([]byte(r.Key))
	if err != nil {
		return admin.SignedReceipt{}, away(errForeign)
	}
	signed, _, err := audit.VerifyReceipt([]byte(r.Note), keys)
	if err != nil || len(signed.Namespaces) != 1 || signed.Namespaces[0].Namespace != s.namespace ||
		signed.NotBefore.Before(notBefore.Time().Add(-maxSkew)) {
		return admin.SignedReceipt{}, away(errForeign)
	}
	r.Receipt = signed
	return r, nil
}
