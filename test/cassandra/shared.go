// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// Variable names the folder of a running server to use.
const Variable = "PORTREEVE_TEST_CASSANDRA"

// Shared returns one server that all test processes of this user share. It is
// the one that Variable names, or else it is started in a temporary folder and
// ended within a minute after the last process that asked for it has ended. Who
// halts it or makes roles must take one of its own (Start).
func Shared(ctx context.Context) (*Server, error) {
	if dir := os.Getenv(Variable); dir != "" {
		return Open(dir)
	}
	dir := filepath.Join(FastFolder(), "portreeve-cassandra-"+strconv.Itoa(os.Getuid()))
	if err := ownFolder(dir); err != nil {
		return nil, err
	}
	// Held until this process ends: the reaper waits for all holders.
	if _, err := lock(filepath.Join(dir, "users"), syscall.LOCK_SH); err != nil {
		return nil, err
	}
	starting, err := lock(filepath.Join(dir, "starting"), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(starting) //nolint:errcheck // closing drops the lock
	node := filepath.Join(dir, "node")
	ran := running(node)
	s, err := Start(ctx, node)
	if err != nil || ran {
		return s, err
	}
	return s, reap(dir)
}

// FastFolder is a folder in memory if there is a roomy one, otherwise the
// temporary folder.
func FastFolder() string {
	const memory, room = "/dev/shm", 2 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err == nil && fs.Bavail*uint64(fs.Bsize) >= room {
		return memory
	}
	return os.TempDir()
}

// ownFolder makes dir, and refuses one that another user has put there.
func ownFolder(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make the server's folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the server's folder: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to somebody else; remove it", dir)
	}
	return nil
}

// lock opens and locks a file and returns its descriptor, which child processes
// do not inherit.
func lock(path string, how int) (int, error) {
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", path, err)
	}
	for {
		err = syscall.Flock(fd, how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("lock %s: %w", path, err), syscall.Close(fd))
	}
	return fd, nil
}

// reaper ends the server once nobody holds the lock on "users" any more. It is a
// shell script because it has to outlive the test process that starts it.
const reaper = `cd "$1" || exit 0
exec 9>>users
while sleep 20; do
	flock --exclusive --nonblock 9 || continue
	pid=$(cat node/pid 2>/dev/null) && [ "$(readlink "/proc/$pid/cwd")" = "$1/node" ] && kill -KILL "$pid"
	rm -rf node
	exit 0
done`

func reap(dir string) error {
	cmd := exec.Command("sh", "-c", reaper, "portreeve-cassandra-reaper", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the reaper: %w", err)
	}
	return cmd.Process.Release()
}
