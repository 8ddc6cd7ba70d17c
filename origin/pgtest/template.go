package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"encora/origin/migrations"
)

// templateLock is the advisory lock under which one process makes the template while the others wait.
const templateLock = 0x656e636f7261 // "encora"

// templateName is derived from every migration, so that a server that outlives a change of the schema gets a new template.
var templateName = sync.OnceValues(func() (string, error) {
	sum := sha256.New()
	river, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return "", err
	}
	for _, m := range river.AllVersions() {
		fmt.Fprintln(sum, m.Version, m.SQLUp)
	}
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		text, err := migrations.Files.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(sum, name, string(text))
	}
	return "template_" + hex.EncodeToString(sum.Sum(nil)[:8]), nil
})

// ensureTemplate makes the migrated template unless the server has it.
func ensureTemplate(ctx context.Context, conn *pgx.Conn, server, name string) error {
	found, err := exists(ctx, conn, name)
	if found || err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	defer func() { // should this fail, the lock ends with conn's session, which is soon
		_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", templateLock)
	}()
	found, err = exists(ctx, conn, name)
	if found || err != nil {
		return err
	}
	return makeTemplate(ctx, conn, server, name)
}

func exists(ctx context.Context, conn *pgx.Conn, name string) (bool, error) {
	const q = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`
	var found bool
	err := conn.QueryRow(ctx, q, name).Scan(&found)
	return found, err
}

// makeTemplate migrates under a working name and renames at the end: what has the template's name is complete.
func makeTemplate(ctx context.Context, conn *pgx.Conn, server, name string) error {
	draft := name + "_draft"
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(draft)+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quote(draft)); err != nil {
		return err
	}
	if err := migrations.Up(ctx, onDatabase(server, draft)); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "ALTER DATABASE "+quote(draft)+" RENAME TO "+quote(name))
	return err
}
