// SPDX-License-Identifier: Apache-2.0

package content

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"mime"
	"net/http"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Download returns an attachment and its bytes. The reader takes them from the
// database piece by piece, each in a transaction of its own, so that a slow
// receiver holds nothing; it fails at the end if the bytes are not those that
// were added. It is used by one goroutine, while ctx lives.
func (s *Service) Download(ctx context.Context, id string) (Attachment, io.Reader, error) {
	var a Attachment
	err := s.db.Read(ctx, func(r *store.ReadTx) error {
		var err error
		if a, err = findAttachment(ctx, r, authz.ActorFrom(ctx), id); err != nil {
			return err
		}
		_, err = s.check(ctx, r, ActionRead, a.Item)
		return err
	})
	if err != nil {
		return Attachment{}, nil, err
	}
	if a.Erased() {
		return Attachment{}, nil, fault.New(fault.NotFound, "content.erased", "This attachment was erased.")
	}
	return a, &chunkReader{ctx: ctx, db: s.db, attachment: a, left: a.Size, hash: sha256.New()}, nil
}

// Headers sets how an attachment is sent: to be saved, never to be shown, and
// never to be taken for something else than it is sent as.
func (a Attachment) Headers(h http.Header) {
	h.Set("Content-Type", a.Media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	h.Set("Content-Length", strconv.FormatInt(a.Size, 10))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, no-store")
}

// chunkReader reads an attachment's bytes.
type chunkReader struct {
	ctx        context.Context
	db         *store.DB
	attachment Attachment
	seq        int
	chunk      []byte // not yet given out
	left       int64  // bytes not yet read from the database
	hash       hash.Hash
}

// Read implements io.Reader.
func (r *chunkReader) Read(p []byte) (int, error) {
	for len(r.chunk) == 0 {
		if r.left == 0 {
			return 0, r.end()
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	return n, nil
}

func (r *chunkReader) next() error {
	err := r.db.Read(r.ctx, func(tx *store.ReadTx) error {
		var err error
		r.chunk, err = loadChunk(r.ctx, tx, r.attachment.ID, r.seq)
		return err
	})
	if err != nil {
		return err
	}
	if len(r.chunk) == 0 || int64(len(r.chunk)) > r.left {
		return errDamaged
	}
	r.seq++
	r.left -= int64(len(r.chunk))
	r.hash.Write(r.chunk)
	return nil
}

var errDamaged = errors.New("content: the stored bytes of an attachment are not those that were added")

func (r *chunkReader) end() error {
	if hex.EncodeToString(r.hash.Sum(nil)) != r.attachment.SHA256 {
		return errDamaged
	}
	return io.EOF
}
