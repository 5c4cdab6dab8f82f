// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/seal"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// MakeKeysCmd makes the files that sessions are sealed with, and changes a ring file
// that no process keeps: one whose namespace is to begin anew, or one of which
// several processes before one Cassandra have copies.
type MakeKeysCmd struct {
	Config  string `required:"" help:"Configuration file, which names them: keys.root and keys.ring." type:"path" placeholder:"FILE"`
	Root    string `help:"Where the root key is now, if the service finds it elsewhere, such as a credential of the service manager." type:"path" placeholder:"FILE"`
	Ring    string `help:"The same of the ring file." type:"path" placeholder:"FILE"`
	Again   string `help:"Instead, give a namespace new keys whose keys were destroyed. The service must not run." xor:"act" placeholder:"NAME"`
	Rotate  string `help:"Instead, where Cassandra keeps sessions, give a namespace a new key: the first call announces it, the second puts it to use; copy the ring file to every process after each." xor:"act" placeholder:"NAME"`
	Index   bool   `help:"With --rotate: the key that places and owners are hashed with."`
	Retire  string `help:"Instead, remove the old keys of a namespace, once every process has logged that no row needs them." xor:"act" placeholder:"NAME"`
	Destroy string `help:"Instead, destroy the keys of a namespace: all it holds is lost, in every copy and backup." xor:"act" placeholder:"NAME"`
	Confirm string `help:"With --destroy: the name of the namespace once more." placeholder:"NAME"`
}

// Validate refuses flags that say nothing together.
func (c *MakeKeysCmd) Validate() error {
	switch {
	case c.Index && c.Rotate == "":
		return errors.New("--index goes with --rotate")
	case c.Confirm != c.Destroy:
		return errors.New("--destroy takes --confirm with the same name, because nothing brings the keys back")
	}
	return nil
}

// Run makes what is missing: a root key, a ring file, keys for each namespace of the
// configuration. It never replaces a key that is there, unless a flag says so.
func (c *MakeKeysCmd) Run(s *client.Session) error {
	cfg, err := settings.Read(c.Config)
	if err != nil {
		return err
	}
	if cfg.Keys.Root == "" {
		return fault.New(fault.Usage, "sessiond.keys", "%s names no keys. Set keys.root and keys.ring to the files that are to be made.", c.Config)
	}
	for flag, into := range map[string]*string{c.Root: &cfg.Keys.Root, c.Ring: &cfg.Keys.Ring} {
		if flag != "" {
			*into = flag
		}
	}
	if name := c.Again + c.Rotate + c.Retire + c.Destroy; name != "" {
		return c.change(s, cfg, name)
	}
	if missing(cfg.Keys.Ring) {
		root, err := makeRing(cfg.Keys.Root, cfg.Keys.Ring, cfg.Spaces())
		if err != nil {
			return err
		}
		s.Printf("%s and %s are made (%s).\nKeep a copy of both where nobody finds them together: without them every session is lost.\n", cfg.Keys.Root, cfg.Keys.Ring, root)
		return nil
	}
	return addSpaces(s, cfg)
}

// addSpaces makes keys for namespaces that are new in the configuration.
func addSpaces(s *client.Session, cfg *settings.Settings) (err error) {
	ring, err := openRing(cfg.Keys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	added := 0
	for _, sp := range cfg.Spaces() {
		if slices.ContainsFunc(ring.Status().Namespaces, func(n seal.NamespaceStatus) bool { return n.Name == sp.Name }) {
			continue
		}
		if _, err := ring.Ring(sp.Name); err != nil {
			return err
		}
		added++
		s.Printf("Namespace %s has keys now.\n", sp.Name)
	}
	if added == 0 {
		s.Printf("Every namespace of %s has keys in %s already; nothing is made.\n", cfg.File(), cfg.Keys.Ring)
	}
	return nil
}

// openRing opens a ring file that is there and that no process keeps.
func openRing(keys settings.Keys) (*seal.Keyring, error) {
	root, err := seal.ReadRoot(keys.Root)
	if err != nil {
		return nil, err
	}
	return seal.Open(keys.Ring, root, clock)
}

// change carries out the act of a flag.
func (c *MakeKeysCmd) change(s *client.Session, cfg *settings.Settings, name string) (err error) {
	ring, err := openRing(cfg.Keys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ring.Close()) }()
	switch {
	case c.Again != "":
		if _, err := ring.Recreate(name); err != nil {
			return err
		}
		s.Printf("Namespace %s has new keys. What it held before stays lost.\n", name)
		return nil
	case c.Rotate != "":
		return c.rotate(s, ring)
	case c.Retire != "":
		return retire(s, cfg, ring, name)
	default:
		if err := ring.Destroy(name); err != nil {
			return err
		}
		s.Printf("The keys of namespace %s are destroyed here. Replace every copy of %s, and reload or restart each process.\n", name, cfg.Keys.Ring)
		return nil
	}
}

// rotate announces a key, or puts the announced one to use: no process may seal with
// a key that another cannot read with yet.
func (c *MakeKeysCmd) rotate(s *client.Session, ring *seal.Keyring) error {
	kind := seal.Data
	if c.Index {
		kind = seal.Index
	}
	for _, key := range keysOf(ring, c.Rotate) {
		if key.Kind != kind || key.State != seal.Announced {
			continue
		}
		if err := ring.Promote(c.Rotate, key.ID); err != nil {
			return err
		}
		s.Printf("Key %d of namespace %s is in use. Copy the ring file to every process and reload it (SIGHUP); when each has logged that no row needs an older key: --retire %s.\n", key.ID, c.Rotate, c.Rotate)
		return nil
	}
	id, err := ring.Announce(c.Rotate, kind)
	if err != nil {
		return err
	}
	s.Printf("Key %d of namespace %s is announced. Copy the ring file to every process and reload it (SIGHUP). When all have it, call this again to put it to use.\n", id, c.Rotate)
	return nil
}

// retire removes old keys. Under those of places lie revocations that no pass brings
// over, so they stay as long as a session may live.
func retire(s *client.Session, cfg *settings.Settings, ring *seal.Keyring, name string) error {
	at := slices.IndexFunc(cfg.Spaces(), func(sp settings.Space) bool { return sp.Name == name })
	if at < 0 {
		return fault.New(fault.Usage, "sessiond.namespace", "There is no namespace %s in %s.", name, cfg.File())
	}
	sp, left := cfg.Spaces()[at], 0
	for _, key := range keysOf(ring, name) {
		switch {
		case key.State != seal.Old:
			continue
		case key.Kind == seal.Index && sp.MaxTTL == 0:
			s.Printf("Key %d stays: sessions of %s may live for ever. Set its max_ttl.\n", key.ID, name)
			left++
			continue
		case key.Kind == seal.Index && clock().Sub(key.Since) < max(sp.MaxTTL, sp.DeleteHold):
			s.Printf("Key %d stays until %s: revocations lie under it.\n", key.ID, key.Since.Add(max(sp.MaxTTL, sp.DeleteHold)).Format("2006-01-02T15:04:05Z07:00"))
			left++
			continue
		}
		if err := ring.Retire(name, key.ID); err != nil {
			return err
		}
		left++
		s.Printf("Key %d of namespace %s is retired. Copy the ring file to every process and reload it (SIGHUP).\n", key.ID, name)
	}
	if left == 0 {
		s.Printf("Namespace %s has no old key.\n", name)
	}
	return nil
}

// keysOf returns the keys of a namespace; none if it is unknown.
func keysOf(ring *seal.Keyring, name string) []seal.KeyStatus {
	for _, n := range ring.Status().Namespaces {
		if n.Name == name {
			return n.Keys
		}
	}
	return nil
}

// makeRing makes the files of keys that are missing, and their folders.
func makeRing(rootFile, ringFile string, spaces []settings.Space) (*seal.Root, error) {
	for _, folder := range []string{filepath.Dir(rootFile), filepath.Dir(ringFile)} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fault.New(fault.Usage, "sessiond.keys", "The folder %s of the keys cannot be made.", folder).Because(err)
		}
	}
	root, err := seal.CreateRoot(rootFile)
	if errors.Is(err, fs.ErrExist) {
		root, err = seal.ReadRoot(rootFile)
	}
	if err != nil {
		return nil, err
	}
	ring, err := seal.Create(ringFile, root, clock)
	if err != nil {
		return nil, err
	}
	for _, sp := range spaces {
		if _, err := ring.Ring(sp.Name); err != nil {
			return nil, errors.Join(err, ring.Close())
		}
	}
	return root, ring.Close()
}

// missing reports whether there is no such file.
func missing(file string) bool {
	_, err := os.Stat(file)
	return errors.Is(err, fs.ErrNotExist)
}
