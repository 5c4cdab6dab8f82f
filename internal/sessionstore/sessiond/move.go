// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/cassandra"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// kaskNamespace is the namespace that Kask's table is the past of: Kask has one.
const kaskNamespace = "default"

// move is a namespace whose sessions come over from Kask's table.
type move struct {
	store *sessionstore.Store // follows the table
	alone *sessionstore.Store // the same without it, to compare with
	from  *cassandra.Kask
}

// follow lets the namespace answer for what Kask's table holds, if the configuration
// says so.
func (p *parts) follow(sp settings.Space, store, alone *sessionstore.Store) error {
	c := p.settings.Cassandra
	if sp.Backend != settings.BackendCassandra || sp.Name != kaskNamespace || c.Table == "" || c.Migrate == "" || c.Migrate == settings.MigrateOff {
		return nil
	}
	from, err := cassandra.OpenKask(cassandraConfig(c, p.log), c.Table)
	if err != nil {
		return fault.New(fault.Unavailable, "sessiond.kask", "Kask's table %s in keyspace %s cannot be read, so its sessions would look ended. Let the role read and change it, or set cassandra.migrate to off.", c.Table, c.Keyspace).Because(err)
	}
	p.closers = append(p.closers, from.Close)
	store.Follow(from)
	p.move = &move{store: store, alone: alone, from: from}
	return nil
}

// finishMove brings over what is left in Kask's table, if the configuration says so,
// and compares then: until that finds nothing, Kask's table is still needed.
func (p *parts) finishMove(ctx context.Context) {
	if p.move == nil || p.settings.Cassandra.Migrate != settings.MigrateFinish {
		return
	}
	progress := cassandra.Begin()
	for {
		last := time.Time{}
		report := func(at cassandra.Progress) error {
			progress = at
			if now := clock(); now.Sub(last) > time.Minute || at.Done {
				last = now
				p.log.Info("sessions come over from Kask's table", slog.Int64("seen", at.Seen), slog.Int64("adopted", at.Adopted), slog.Int64("there_already", at.There), slog.Bool("done", at.Done))
			}
			return nil
		}
		_, err := cassandra.Finish(ctx, p.move.store, p.move.from, progress, report)
		if err == nil {
			break
		}
		p.log.Error("the move from Kask's table goes on in a minute", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Minute):
		}
	}
	found, err := cassandra.Verify(ctx, p.move.alone, p.move.from)
	switch counts := slog.Any("found", found); {
	case errors.Is(err, context.Canceled):
	case err != nil:
		p.log.Error("the sessions in Kask's table could not be compared; they are at the next start", slog.Any("error", err))
	case found.OK():
		p.log.Warn("every session of Kask's table is here: set cassandra.migrate to off, and drop the table", counts)
	default:
		p.log.Error("Kask's table still holds sessions that are not here; start again to bring them over", counts)
	}
}
