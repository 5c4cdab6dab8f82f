// SPDX-License-Identifier: Apache-2.0

package cql

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// Request is one statement as the node got it.
type Request struct {
	Statement   string
	Values      [][]byte
	Consistency Consistency
	Serial      Consistency // 0 = not said
	Connection  int         // 1 is the first that was opened
}

// Consistency is a level of the protocol.
type Consistency int

// The levels that sessions use.
const (
	LocalQuorum Consistency = 6
	EachQuorum  Consistency = 7
	Serial      Consistency = 8
	LocalSerial Consistency = 9
)

// Fault is what goes wrong with a request.
type Fault int

// The faults.
const (
	None         Fault = iota
	Unavailable        // too few nodes live: nothing happened
	Timeout            // the node did not hear of enough others: nothing happened
	LostAnswer         // the same, and it happened
	Silence            // no answer, and nothing happened
	HalfAnswer         // it happened, and the connection breaks within the answer
	Disconnected       // the connection breaks, and nothing happened
)

// Options say what the double is like. The zero value takes everybody, without TLS.
type Options struct {
	TLS      *tls.Config // nil = without
	Username string      // "" = no password is asked for
	Password string
	// Hook is asked about each statement, but not about those that a driver needs to
	// connect (system tables). It must not call the server.
	Hook func(Request) Fault
	// Now is the node's clock; nil = the machine's.
	Now func() time.Time
}

// Server is a running double.
type Server struct {
	options  Options
	listener net.Listener
	done     sync.WaitGroup

	mu       sync.Mutex
	conns    map[net.Conn]bool
	opened   int
	heard    [][]byte // what came before a refusal, by connection
	requests []Request
	tables   map[string][]row
	prepared map[string]statement
}

// Start serves on a free port of 127.0.0.1 until Close.
func Start(o Options) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return serve(l, o), nil
}

// StartAt serves on a port that was free a moment ago: a node that comes back.
func StartAt(port int, o Options) (*Server, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	return serve(l, o), nil
}

func serve(l net.Listener, o Options) *Server {
	s := &Server{options: o, listener: l, conns: map[net.Conn]bool{}, tables: map[string][]row{}, prepared: map[string]statement{}}
	s.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.done.Go(func() { s.attend(conn) })
		}
	})
	return s
}

func (s *Server) now() time.Time {
	if s.options.Now != nil {
		return s.options.Now()
	}
	return time.Now()
}

// Port is where it listens.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Close ends all connections.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
	return err
}

// Opened tells how many connections have been opened.
func (s *Server) Opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// Requests returns the statements that came, but those on system tables.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Heard tells whether the bytes came over any connection, decrypted where the
// handshake was completed.
func (s *Server) Heard(what []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heard {
		if bytes.Contains(h, what) {
			return true
		}
	}
	return false
}

// Said tells how many bytes came over all connections.
func (s *Server) Said() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, h := range s.heard {
		n += len(h)
	}
	return n
}

func (s *Server) attend(conn net.Conn) {
	if s.options.TLS != nil {
		conn = tls.Server(conn, s.options.TLS)
	}
	s.mu.Lock()
	s.conns[conn] = true
	s.opened++
	number := s.opened
	s.heard = append(s.heard, nil)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		_ = conn.Close()
	}()
	c := &client{server: s, number: number, known: s.options.Username == ""}
	for {
		f, err := readFrame(conn)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.heard[number-1] = append(s.heard[number-1], f.body...)
		s.mu.Unlock()
		answer, on := c.handle(f)
		if _, err := conn.Write(answer); err != nil || !on {
			return
		}
	}
}

// client is a connection's state.
type client struct {
	server *Server
	number int
	known  bool
}

// handle returns what to write, and whether the connection goes on.
func (c *client) handle(f frame) ([]byte, bool) {
	switch f.op {
	case opOptions:
		return f.answer(opSupported, appendShort(nil, 0)), true
	case opStartup:
		if !c.known {
			return f.answer(opAuthenticate, appendString(nil, "org.apache.cassandra.auth.PasswordAuthenticator")), true
		}
		return f.answer(opReady, nil), true
	case opAuthResponse:
		r := reader{b: f.body}
		if string(r.value()) != "\x00"+c.server.options.Username+"\x00"+c.server.options.Password {
			return f.answer(opError, appendString(appendInt(nil, 0x0100), "Provided username and/or password are incorrect")), true
		}
		c.known = true
		return f.answer(opAuthSuccess, appendValue(nil, nil)), true
	case opRegister:
		return f.answer(opReady, nil), true
	}
	if !c.known {
		return f.answer(opError, appendString(appendInt(nil, 0x000a), "sign in first")), true
	}
	switch f.op {
	case opPrepare:
		r := reader{b: f.body}
		return c.server.prepare(f, r.long()), true
	case opQuery, opExecute:
		return c.execute(f)
	default:
		return f.answer(opError, appendString(appendInt(nil, 0x000a), "unknown operation")), true
	}
}

func (c *client) execute(f frame) ([]byte, bool) {
	r := reader{b: f.body}
	text := ""
	if f.op == opQuery {
		text = r.long()
	} else {
		text = r.string() // the id of a statement is its text
	}
	req := Request{Statement: text, Connection: c.number, Consistency: Consistency(r.short())}
	flags := r.byte()
	if flags&1 != 0 {
		for range r.short() {
			req.Values = append(req.Values, r.value())
		}
	}
	if flags&4 != 0 {
		r.int()
	}
	if flags&8 != 0 {
		r.value()
	}
	if flags&16 != 0 {
		req.Serial = Consistency(r.short())
	}
	if r.err != nil {
		return f.answer(opError, appendString(appendInt(nil, 0x000a), r.err.Error())), true
	}
	return c.server.carryOut(f, req)
}

// carryOut runs a statement with what goes wrong on the way.
func (s *Server) carryOut(f frame, req Request) ([]byte, bool) {
	if name, ok := strings.CutPrefix(req.Statement, "USE "); ok {
		return f.answer(opResult, appendString(appendInt(nil, 3), strings.Trim(name, `"`))), true
	}
	st, err := parse(req.Statement)
	if err != nil {
		return f.answer(opError, appendString(appendInt(nil, 0x2000), err.Error())), true
	}
	fault := None
	if !st.system {
		s.mu.Lock()
		s.requests = append(s.requests, req)
		s.mu.Unlock()
		if s.options.Hook != nil {
			fault = s.options.Hook(req)
		}
	}
	var body []byte
	if fault == None || fault == LostAnswer || fault == HalfAnswer {
		s.mu.Lock()
		body = s.run(st, req.Values, s.now())
		s.mu.Unlock()
	}
	level := func(code int, message string) []byte {
		return appendShort(appendString(appendInt(nil, code), message), int(req.Consistency))
	}
	switch fault {
	case Unavailable:
		return f.answer(opError, appendInt(appendInt(level(0x1000, "Cannot achieve consistency level"), 2), 1)), true
	case Timeout, LostAnswer:
		if st.verb == "SELECT" {
			return f.answer(opError, append(appendInt(appendInt(level(0x1200, "Operation timed out"), 1), 2), 0)), true
		}
		kind := "SIMPLE"
		if len(st.conditions) > 0 {
			kind = "CAS"
		}
		return f.answer(opError, appendString(appendInt(appendInt(level(0x1100, "Operation timed out"), 1), 2), kind)), true
	case Silence:
		return nil, true
	case HalfAnswer:
		whole := f.answer(opResult, body)
		return whole[:len(whole)-len(body)/2-1], false
	case Disconnected:
		return nil, false
	default:
		return f.answer(opResult, body), true
	}
}

func (s *Server) prepare(f frame, text string) []byte {
	st, err := parse(text)
	if err != nil {
		return f.answer(opError, appendString(appendInt(nil, 0x2000), err.Error()))
	}
	return f.answer(opResult, preparedBody(text, st.binds, st.results()))
}
