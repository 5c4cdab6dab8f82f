// SPDX-License-Identifier: Apache-2.0

package phorge

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Call is one request as the server saw it.
type Call struct {
	Method string
	Params map[string]any // without the token
	Token  string
	URL    string // path and query
}

// Answer is sent as it stands.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Hook may answer a call; nil leaves it to the world. It may change the world,
// and must not call the server.
type Hook func(Call, *World) *Answer

// Server answers requests. Safe for concurrent use.
type Server struct {
	mu    sync.Mutex
	world *World
	hook  Hook
	calls []Call
}

// New returns a server of the world, with a hook or nil.
func New(w *World, h Hook) *Server { return &Server{world: w, hook: h} }

// Calls returns the requests until now.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Called counts the requests of a method.
func (s *Server) Called(method string) int {
	n := 0
	for _, c := range s.Calls() {
		if c.Method == method {
			n++
		}
	}
	return n
}

// maxBody bounds a request.
const maxBody = 4 << 20

// ServeHTTP answers as Conduit does: with status 200, whatever comes of it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	method, ok := strings.CutPrefix(r.URL.Path, "/api/")
	if !ok || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	a := s.answer(method, r)
	for k, v := range a.Header {
		w.Header().Set(k, v)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.Status)
	if _, err := w.Write(a.Body); err != nil {
		return // the caller has gone
	}
}

func (s *Server) answer(method string, r *http.Request) Answer {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return As("error.json-body")
	}
	if err := r.ParseForm(); err != nil {
		return failure("ERR-CONDUIT-CORE", err.Error())
	}
	var params map[string]any
	if json.Unmarshal([]byte(r.PostForm.Get("params")), &params) != nil {
		return As("error.params-not-json")
	}
	call := Call{Method: method, Params: maps.Clone(params), URL: r.URL.RequestURI()}
	if meta, ok := params["__conduit__"].(map[string]any); ok {
		call.Token, _ = meta["token"].(string)
	}
	delete(call.Params, "__conduit__")
	s.calls = append(s.calls, call)
	if s.hook != nil {
		if a := s.hook(call, s.world); a != nil {
			return *a
		}
	}
	switch {
	case call.Token == "":
		return As("error.no-token")
	case call.Token != s.world.Token:
		return failure("ERR-INVALID-AUTH", `API token "`+call.Token+`" is not valid.`)
	}
	return s.world.answer(call)
}

// As is the answer of a recording.
func As(name string) Answer {
	r := recording(name)
	return Answer{Status: r.Status, Header: map[string]string{"Content-Type": r.Type}, Body: r.Body}
}

// Page is an answer that a proxy gives, not Conduit.
func Page(status int, html string) Answer {
	return Answer{Status: status, Header: map[string]string{"Content-Type": "text/html; charset=utf-8"}, Body: []byte(html)}
}

// Success is an answer of Conduit with this result, as JSON.
func Success(result string) Answer {
	return Answer{Status: http.StatusOK, Body: []byte(`{"result":` + result + `,"error_code":null,"error_info":null}`)}
}

// Failure is an error of Conduit.
func Failure(code, info string) Answer { return failure(code, info) }

func failure(code, info string) Answer {
	text, err := json.Marshal(map[string]any{"result": nil, "error_code": code, "error_info": info})
	must(err)
	return Answer{Status: http.StatusOK, Body: text}
}
