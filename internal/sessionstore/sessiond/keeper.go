// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// keeper carries rotations of keys through: it promotes announced keys, brings rows
// under the current ones, and retires those that nothing needs any more.
type keeper struct {
	keyring *seal.Keyring
	spaces  []mounted
	plain   bool          // rows from before there were keys may be there
	settle  time.Duration // longer than any request lasts
	log     *slog.Logger
	wake    chan struct{}
	moved   atomic.Int64 // rows that were sealed anew

	passed map[string]time.Time // by namespace: when the last whole pass began; run's alone
}

func newKeeper(p *parts) *keeper {
	l := p.settings.Limits
	return &keeper{
		keyring: p.keyring, spaces: p.spaces, plain: p.settings.Keys.FromPlain, log: p.log, wake: make(chan struct{}, 1), passed: map[string]time.Time{},
		settle: l.HeaderTimeout.Std() + 2*l.BodyTimeout.Std(),
	}
}

// keepEvery is how often keys are looked at without anybody asking: an index key is
// retired long after its rotation.
const keepEvery = time.Hour

// keepBatch is how many rows are brought over before others get a turn.
const keepBatch = 256

// Rotate gives a namespace a new data key at once and, with index, announces a new
// index key, which the keeper promotes when no request from before is under way.
func (k *keeper) Rotate(namespace string, index bool) error {
	if k.keyring == nil {
		return notSealed()
	}
	if index {
		if _, err := k.keyring.Announce(namespace, seal.Index); err != nil {
			return err
		}
	}
	_, err := k.keyring.Rotate(namespace, seal.Data)
	return err
}

// Destroy destroys a namespace's keys.
func (k *keeper) Destroy(namespace string) error {
	if k.keyring == nil {
		return notSealed()
	}
	return k.keyring.Destroy(namespace)
}

// State describes a namespace's keys without giving any.
func (k *keeper) State(namespace string) (any, error) {
	if k.keyring == nil {
		return nil, nil
	}
	one, _ := k.status(namespace)
	return one, nil
}

func notSealed() error {
	return fault.New(fault.Conflict, "sessiond.not_sealed", "Sessions are not sealed here, so there are no keys. Set keys.root and keys.ring first.")
}

func (k *keeper) status(namespace string) (seal.NamespaceStatus, bool) {
	for _, one := range k.keyring.Status().Namespaces {
		if one.Name == namespace {
			return one, true
		}
	}
	return seal.NamespaceStatus{}, false
}

// Stale tells the keeper that there is something to do.
func (k *keeper) Stale(string) {
	select {
	case k.wake <- struct{}{}:
	default: // it will look at every namespace anyway
	}
}

// run keeps keys until ctx ends.
func (k *keeper) run(ctx context.Context) {
	if k.keyring == nil {
		return
	}
	for {
		for i := range k.spaces {
			if err := k.tend(ctx, &k.spaces[i]); err != nil && ctx.Err() == nil {
				k.log.Error("keys of a namespace could not be brought on; this is tried again", slog.String("namespace", k.spaces[i].Name), slog.Any("error", err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-time.After(keepEvery):
		}
	}
}

// tend brings one namespace as far as it can be brought now.
func (k *keeper) tend(ctx context.Context, m *mounted) error {
	readOnly := k.keyring.Status().ReadOnly
	one, ok := k.status(m.Name)
	if !ok || !one.Destroyed.IsZero() {
		return nil
	}
	var begin time.Time // of the pass
	old := false
	for _, key := range one.Keys {
		if key.State == seal.Announced && !readOnly {
			if err := k.promote(ctx, m.Name, key); err != nil {
				return err
			}
			return k.tend(ctx, m)
		}
		if key.State != seal.Old {
			continue
		}
		old = true
		// No sooner than what was sealed or placed by the older key has arrived, or
		// the pass would miss it; and for places see sessionstore.Store.Reseal.
		wait := k.settle
		if key.Kind == seal.Index {
			wait = max(wait, m.MaxGrace)
		}
		if at := key.Since.Add(wait); at.After(begin) {
			begin = at
		}
	}
	if !old && !k.plain {
		return nil
	}
	if began, ok := k.passed[m.Name]; !ok || began.Before(begin) { // an index key stays old for long: one pass is enough
		if err := until(ctx, begin); err != nil {
			return err
		}
		if err := k.bringOver(ctx, m); err != nil {
			return err
		}
	}
	if readOnly {
		if old {
			k.log.Info("no row needs an older key: where the ring file is kept they can be retired, once every process says so", slog.String("namespace", m.Name))
		}
		return nil
	}
	return k.retire(m, one.Keys, k.passed[m.Name])
}

// bringOver goes through all rows of a namespace, and notes when it began.
func (k *keeper) bringOver(ctx context.Context, m *mounted) error {
	began := clock()
	moved, err := k.pass(ctx, m.store)
	k.moved.Add(int64(moved))
	if moved > 0 {
		k.log.Info("rows were sealed anew", slog.String("namespace", m.Name), slog.Int("rows", moved))
	}
	if err != nil {
		return err
	}
	k.passed[m.Name] = began
	if k.plain {
		k.log.Info("no row from before there were keys is left: keys.from_plain can be removed", slog.String("namespace", m.Name))
	}
	return nil
}

// promote waits until no request is under way that knows nothing of the key.
func (k *keeper) promote(ctx context.Context, namespace string, key seal.KeyStatus) error {
	if key.Kind == seal.Index {
		if err := until(ctx, key.Since.Add(k.settle)); err != nil {
			return err
		}
	}
	return k.keyring.Promote(namespace, key.ID)
}

// pass goes through all rows once, resting as long as it works: sessions come first.
func (k *keeper) pass(ctx context.Context, store *sessionstore.Store) (moved int, failed error) {
	var after sessionstore.RowKey
	for end := false; !end; {
		begin := clock()
		last, done, n, err := store.Reseal(ctx, after, keepBatch)
		if err != nil {
			failed = errors.Join(failed, err)
			if last == after {
				return moved, failed
			}
		}
		moved, after, end = moved+n, last, done
		if n > 0 {
			if err := until(ctx, clock().Add(clock().Sub(begin))); err != nil {
				return moved, err
			}
		}
	}
	return moved, failed
}

// retire removes old keys that nothing needs; see seal.Keyring.Retire.
func (k *keeper) retire(m *mounted, keys []seal.KeyStatus, began time.Time) error {
	for _, key := range keys {
		if key.State != seal.Old || !key.Since.Before(began) {
			continue
		}
		if key.Kind == seal.Index && (m.MaxTTL == 0 || clock().Sub(key.Since) < max(m.MaxTTL, m.DeleteHold)) {
			continue // revocations lie under it that may still count
		}
		if err := k.keyring.Retire(m.Name, key.ID); err != nil {
			return err
		}
		k.log.Info("a key was retired", slog.String("namespace", m.Name), slog.Int("key", int(key.ID)))
	}
	return nil
}

// until waits for a moment.
func until(ctx context.Context, at time.Time) error {
	wait := at.Sub(clock())
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
