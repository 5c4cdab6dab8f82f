// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// The codes of the faults that this package makes of driver errors.
const (
	codeFull        = "store.full"
	codeUnavailable = "store.unavailable"
	codeBusy        = "store.busy"
	codeText        = "store.invalid_text"
)

// classify turns what a driver reports into a fault that says what to do. A
// fault and sql.ErrNoRows pass unchanged, and so does every error that is not
// known to be the database's own trouble: it stays internal.
func (db *DB) classify(ctx context.Context, err error) error {
	var f *fault.Error
	switch {
	case err == nil, errors.As(err, &f), errors.Is(err, sql.ErrNoRows):
		return err
	case ctx.Err() != nil:
		return stopped(ctx, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return full(err)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return classifySQLite(lite.Code(), err)
	}
	if cannotConnect(err) || connectionLost(err) {
		return unavailable(awayMessage, err)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return classifyPostgres(pg.Code, err)
	}
	return err
}

// unopened is classify for the first connection. Then the database may not be
// away for a moment, but be named wrongly, and whoever reads this is the one who
// configures it: so it says what the driver says. That names the target (user,
// database, host or socket) and never the password.
func (db *DB) unopened(ctx context.Context, err error) error {
	err = db.classify(ctx, err)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != codeUnavailable {
		return err
	}
	target := "PostgreSQL database"
	if db.engine == SQLite {
		target = "SQLite database " + db.path
	}
	cause := strings.Join(strings.Fields(f.Err.Error()), " ")
	return unavailable(fmt.Sprintf("The %s cannot be opened; nothing was changed. If it is not just starting, correct what is configured, or make what is missing. The cause: %s", target, cause), f.Err)
}

// stopped makes err say that ctx ended, where a driver has words of its own for it.
func stopped(ctx context.Context, err error) error {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	if errors.As(err, &lite) || errors.As(err, &pg) || errors.Is(err, sql.ErrTxDone) || cannotConnect(err) || connectionLost(err) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// classifySQLite reads a result code of https://sqlite.org/rescode.html; the
// low byte is the primary code.
func classifySQLite(code int, err error) error {
	switch code & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY:
		return full(err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return busy(err)
	case sqlite3.SQLITE_CANTOPEN:
		return unavailable(awayMessage, err)
	}
	return err
}

// classifyPostgres reads a SQLSTATE of the PostgreSQL manual, appendix A; the
// first two characters are its class.
func classifyPostgres(state string, err error) error {
	switch state {
	case "53100", "58030": // disk_full, io_error
		return full(err)
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return busy(err)
	case "22021": // character_not_in_repertoire
		return invalidText()
	}
	switch {
	// connection exceptions; insufficient resources.
	case strings.HasPrefix(state, "08"), strings.HasPrefix(state, "53"):
		return unavailable(awayMessage, err)
	}
	return err
}

// cannotConnect reports whether err says that no connection could be made.
func cannotConnect(err error) bool {
	var connect *pgconn.ConnectError
	return errors.As(err, &connect)
}

// connectionLost reports whether err says that a connection broke, or that the
// server ended it (SQLSTATE 57P01 to 57P03).
func connectionLost(err error) bool {
	if cannotConnect(err) {
		return false
	}
	var network *net.OpError
	var pg *pgconn.PgError
	return errors.As(err, &network) || errors.As(err, &pg) && strings.HasPrefix(pg.Code, "57P0") ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, pgconn.ErrConnClosed)
}

// Refused reports whether err says that the database refused a value: a
// constraint, a trigger or a type did not allow it.
func Refused(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		primary := lite.Code() & 0xff
		return primary == sqlite3.SQLITE_CONSTRAINT || primary == sqlite3.SQLITE_MISMATCH
	}
	var pg *pgconn.PgError
	// Data exceptions, integrity constraint violations, RAISE in a trigger.
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23") || pg.Code == "P0001")
}

const awayMessage = "The database is away at the moment; nothing was changed. Try again in a moment."

func unavailable(message string, err error) *fault.Error {
	f := fault.New(fault.Unavailable, codeUnavailable, message).Because(err)
	f.RetryAfter = 5 * time.Second
	return f
}

func busy(err error) *fault.Error {
	f := fault.New(fault.Unavailable, codeBusy, "The database is busy; nothing was changed. Try again in a moment.").Because(err)
	f.RetryAfter = time.Second
	return f
}

func full(err error) *fault.Error {
	f := fault.New(fault.Unavailable, codeFull, "The server's disk is full or failing; nothing was changed. Tell your administrator.").Because(err)
	f.RetryAfter = time.Minute
	return f
}

func invalidText() *fault.Error {
	return fault.New(fault.Invalid, codeText, "A text holds a byte that is not valid UTF-8, or a NUL. Remove it and try again.")
}
