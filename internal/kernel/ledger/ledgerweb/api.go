// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

const (
	whyKey        = "a key is public so that everybody can verify"
	whyCheckpoint = "public checkpoints are padded and tell nobody how much is decided"
	whyProof      = "whoever is not signed in gets proofs between public checkpoints only"
	whyTools      = "the format and the verifier are the same for everybody and hold no data"
	whyCosign     = "a cosignature is its own credential: only those of configured witnesses are taken"
)

const apiPath = "/api/v1/ledger"

// API registers the operations under /api/v1/ledger.
func (s *Service) API(api *web.API) {
	op := func(method, path, id, summary string) huma.Operation {
		return huma.Operation{Method: method, Path: "/ledger" + path, OperationID: id, Summary: summary, Tags: []string{"ledger"}}
	}
	web.PublicOp(api, whyKey, op(http.MethodGet, "/key", "ledger-key", "The log's verifier keys in note format, one per line, the current one first"), s.getKey)
	web.PublicOp(api, whyCheckpoint, op(http.MethodGet, "/checkpoint", "ledger-checkpoint", "The latest public checkpoint, a signed note with its cosignatures"), s.getCheckpoint)
	web.PublicOp(api, whyCheckpoint, op(http.MethodGet, "/checkpoints", "ledger-checkpoints", "Public checkpoints, the latest first"), s.listCheckpoints)
	web.PublicOp(api, whyCheckpoint, op(http.MethodGet, "/checkpoints/{size}", "ledger-checkpoint-of-size", "The public checkpoint of a size, a signed note with its cosignatures"), s.getCheckpointOfSize)
	web.PublicOp(api, whyCosign, op(http.MethodPost, "/checkpoints/cosignatures", "ledger-cosign", "Hand in a public checkpoint with signatures by witnesses"), s.postCosignatures)
	web.PublicOp(api, whyProof, op(http.MethodGet, "/consistency", "ledger-consistency", "Prove that the log only grew between two sizes"), s.getConsistency)
	web.PublicOp(api, whyProof, op(http.MethodGet, "/inclusion", "ledger-inclusion", "Prove that a leaf is in the log of a size"), s.getInclusion)

	web.Op(api, ledger.ActionRead, op(http.MethodGet, "/head", "ledger-head", "A checkpoint of the log as it is now, a signed note"), s.getHead)
	web.Op(api, ledger.ActionRead, op(http.MethodGet, "/entries", "ledger-entries", "Entries that you may see, the latest first"), s.listEntries)
	web.Op(api, ledger.ActionRead, op(http.MethodGet, "/entries/{seq}", "ledger-entry", "An entry with its openings and its proof"), s.getEntry)
	web.Op(api, ledger.ActionErase, op(http.MethodPost, "/entries/{seq}/erasures", "ledger-erase", "Erase fields of an entry, for good; the log still verifies"), s.postErasure)
	web.Op(api, ledger.ActionExport, op(http.MethodGet, "/export", "ledger-export", "The whole log with the openings that you may see, for verifying offline"), s.getExport)
}

// textOutput is an answer in plain text.
type textOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func plain(text string) *textOutput {
	return &textOutput{ContentType: "text/plain; charset=utf-8", Body: []byte(text)}
}

// jsonOutput is an answer in JSON.
func (s *Service) getKey(context.Context, *struct{}) (*textOutput, error) { return plain(s.Keys), nil }

// note answers with a checkpoint.
func (s *Service) note(ctx context.Context, get func(context.Context, store.Reader) (ledger.Checkpoint, error)) (*textOutput, error) {
	var c ledger.Checkpoint
	err := s.read(ctx, func(r *store.ReadTx) (err error) {
		c, err = get(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return plain(c.Note), nil
}

func (s *Service) getCheckpoint(ctx context.Context, _ *struct{}) (*textOutput, error) {
	return s.note(ctx, s.Log.Latest)
}

func (s *Service) getHead(ctx context.Context, _ *struct{}) (*textOutput, error) {
	return s.note(ctx, s.Log.Head)
}

type sizeInput struct {
	Size int64 `path:"size" minimum:"0" doc:"number of leaves"`
}

func (s *Service) getCheckpointOfSize(ctx context.Context, in *sizeInput) (*textOutput, error) {
	return s.note(ctx, func(ctx context.Context, r store.Reader) (ledger.Checkpoint, error) {
		return s.Log.Public(ctx, r, in.Size)
	})
}

func (s *Service) listCheckpoints(ctx context.Context, in *struct{ web.Paging }) (*web.Listed[PublicCheckpoint], error) {
	var before int64
	if err := web.DecodeCursor(in.Cursor, &before); err != nil {
		return nil, err
	}
	list, next, err := s.checkpoints(ctx, before, in.Limit)
	if err != nil {
		return nil, err
	}
	out := web.ListOf(list, "", web.Itself)
	if next > 0 {
		out.Body.Next, err = web.EncodeCursor(next)
	}
	return out, err
}

// CosignedNote is a public checkpoint with signatures by witnesses below it.
type CosignedNote struct {
	Note string `json:"note" maxLength:"65536" doc:"the checkpoint as it was given out, with the witness's line (https://c2sp.org/tlog-cosignature)"`
}

// Cosigned says what was taken.
type Cosigned struct {
	Accepted int `json:"accepted" doc:"cosignatures that are stored now"`
}

func (s *Service) postCosignatures(ctx context.Context, in *struct{ Body CosignedNote }) (*web.JSON[Cosigned], error) {
	// Everybody may call this, so nobody gets to the database without a signature.
	if _, err := s.Witnesses.Open([]byte(in.Body.Note)); err != nil {
		return nil, fault.New(fault.Invalid, "ledger.cosignature", "The cosignature was not accepted: none of the signatures is a good one by a configured witness.").Because(err)
	}
	n, err := s.Log.Cosign(ctx, s.Witnesses, []byte(in.Body.Note))
	if err != nil {
		return nil, err
	}
	return web.AnswerJSON(Cosigned{Accepted: n}), nil
}

type consistencyInput struct {
	From int64 `query:"from" required:"true" minimum:"1" doc:"the smaller size"`
	To   int64 `query:"to" required:"true" minimum:"1" doc:"the larger size"`
}

func (s *Service) getConsistency(ctx context.Context, in *consistencyInput) (*web.JSON[Consistency], error) {
	var p ledger.Consistency
	err := s.read(ctx, func(r *store.ReadTx) (err error) {
		p, err = s.Log.ProveConsistency(ctx, r, authz.ActorFrom(ctx), in.From, in.To)
		return err
	})
	if err != nil {
		return nil, err
	}
	return web.AnswerJSON(Consistency{From: p.From.Size, To: p.To.Size, Proof: hashTexts(p.Path)}), nil
}

type inclusionInput struct {
	Seq  int64 `query:"seq" required:"true" minimum:"0" doc:"the leaf's position, counted from zero"`
	Size int64 `query:"size" minimum:"0" doc:"number of leaves; 0 means the latest that you may know"`
}

func (s *Service) getInclusion(ctx context.Context, in *inclusionInput) (*web.JSON[Inclusion], error) {
	var p ledger.Inclusion
	err := s.read(ctx, func(r *store.ReadTx) (err error) {
		p, err = s.Log.ProveInclusion(ctx, r, authz.ActorFrom(ctx), in.Seq, in.Size)
		return err
	})
	if err != nil {
		return nil, err
	}
	return web.AnswerJSON(Inclusion{
		Seq: p.Seq, Size: p.Checkpoint.Size, LeafHash: p.LeafHash.String(), Proof: hashTexts(p.Path), Checkpoint: p.Checkpoint.Note,
	}), nil
}

type entriesInput struct {
	web.Paging
	Kind    string `query:"kind" maxLength:"512" doc:"only this kind"`
	Subject string `query:"subject" maxLength:"512" doc:"only what is about this subject"`
	Actor   string `query:"actor" maxLength:"512" doc:"only what this actor decided"`
	Item    string `query:"item" maxLength:"512" doc:"only what belongs to this item"`
}

func (s *Service) listEntries(ctx context.Context, in *entriesInput) (*web.Listed[Summary], error) {
	var before int64
	if err := web.DecodeCursor(in.Cursor, &before); err != nil {
		return nil, err
	}
	if in.Kind != "" && !slices.Contains(s.Kinds, in.Kind) {
		return nil, fault.InvalidFields("ledger.kind", []fault.Field{{Path: "kind", Code: "not_offered", Message: "There is no such kind of entry; the nearest is " + config.Nearest(in.Kind, s.Kinds) + "."}})
	}
	filter := Filter{Kind: in.Kind, Subject: in.Subject, Actor: in.Actor, Item: in.Item}
	if err := filter.check(); err != nil {
		return nil, err
	}
	var page ledger.Page
	var names names
	err := s.read(ctx, func(r *store.ReadTx) (err error) {
		if page, err = s.Log.Entries(ctx, r, authz.ActorFrom(ctx), filter.ledger(), before, in.Limit); err != nil {
			return err
		}
		names, err = s.describe(ctx, r, page.Records...)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := web.ListOf(page.Records, "", func(r ledger.Record) Summary { return summary(r, names) })
	if page.Next > 0 {
		out.Body.Next, err = web.EncodeCursor(page.Next)
	}
	return out, err
}

type documentInput struct {
	Seq  int64 `path:"seq" minimum:"0" doc:"the entry's number, counted from zero"`
	Size int64 `query:"size" minimum:"0" doc:"prove it in the log of this size; 0 means as it is now"`
}

func (s *Service) getEntry(ctx context.Context, in *documentInput) (*web.JSON[Document], error) {
	d, err := s.Document(ctx, in.Seq, in.Size)
	return web.AnswerJSON(d), err
}

// ErasureOrder says what to erase and why.
type ErasureOrder struct {
	Fields []string `json:"fields" nullable:"false" minItems:"1" maxItems:"4" enum:"kind,actor,subject,body"`
	Reason string   `json:"reason" minLength:"1" maxLength:"2000" doc:"stays in the log"`
}

// Erased says what was erased.
type Erased struct {
	Fields     []string `json:"fields" nullable:"false" doc:"what was erased now"`
	RecordedAs int64    `json:"recorded_as" doc:"number of the entry that records it"`
}

func (s *Service) postErasure(ctx context.Context, in *struct {
	Seq  int64 `path:"seq" minimum:"0" doc:"the entry's number, counted from zero"`
	Body ErasureOrder
}) (*web.JSON[Erased], error) {
	done, err := s.Erase(ctx, in.Seq, in.Body)
	if err != nil {
		return nil, err
	}
	return web.AnswerJSON(done), nil
}
