package changes

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// When the database goes away the hub stops vouching for its head, which callers learn; when it is back, edges go on
// where they were and miss nothing.
func TestOutage(t *testing.T) {
	b := setup(t)
	b.commit("before")
	b.eventually("the change does not come", func() bool { return b.hub.Head() == 1 })
	epoch := b.hub.Epoch()
	if err := b.hub.Check(t.Context()); err != nil {
		t.Error(err)
	}
	b.link.cut()
	b.commit("meanwhile")
	b.eventually("the hub still vouches", func() bool {
		_, err := b.hub.Poll(t.Context(), epoch, 1, 0)
		return errors.Is(err, ErrBlind) && errors.Is(b.hub.Check(t.Context()), ErrBlind)
	})
	b.link.mend()
	b.eventually("the hub stays blind", func() bool { return b.hub.Check(t.Context()) == nil })
	b.commit("after")
	b.eventually("the change does not come", func() bool { return b.hub.Head() == 3 })
	if page := b.poll(epoch, 1, 0); page.Reset || !slices.Equal(positions(page.Changes), []uint64{2, 3}) {
		t.Errorf("got %+v", page)
	}
}

// A restart of the database breaks the hub's connection, and a waiting poll does not notice.
func TestRestartOfTheDatabase(t *testing.T) {
	b := setup(t)
	pages := b.background(b.hub.Epoch(), 0, 8*time.Second)
	b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	b.eventually("the database does not take writes", func() bool {
		_, err := b.db.Pool().Exec(t.Context(), `SELECT 1`)
		return err == nil
	})
	b.commit("movies")
	if page := <-pages; page.Reset || !slices.Equal(positions(page.Changes), []uint64{1}) {
		t.Errorf("got %+v", page)
	}
}

// A network that swallows packets closes nothing, so the hub has to.
func TestSilentConnectionIsGivenUp(t *testing.T) {
	b := setup(t)
	b.link.swallow()
	b.commit("movies")
	began := time.Now()
	b.eventually("the change does not come", func() bool { return b.hub.Head() == 1 })
	if took := time.Since(began); took < readEvery || took > 3*blindAfter {
		t.Errorf("took %v", took)
	}
}

// Whatever gives positions another meaning gives the feed another epoch, also beneath a running hub, and polls that wait
// learn it at once.
func TestEpoch(t *testing.T) {
	for name, change := range map[string]string{
		"the table is made again": `BEGIN; ALTER TABLE public.changes RENAME TO restored; CREATE TABLE public.changes (LIKE public.restored); COMMIT`,
		// Names are looked up in pg_catalog first unless the path says otherwise. The control file, read through
		// pg_control_checkpoint, goes on telling the old timeline until the first checkpoint after a failover.
		"a failover begins a timeline": `CREATE SCHEMA failover;
			CREATE FUNCTION failover.pg_walfile_name(pg_lsn) RETURNS text LANGUAGE sql AS $$ SELECT '000000020000000000000001' $$`,
	} {
		t.Run(name, func(t *testing.T) {
			b := idle(t)
			b.exec(`DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || quote_ident(current_database()) || ' SET search_path = failover, pg_catalog, public'; END $$`)
			b.run(b.hub)
			b.fill(3)
			b.eventually("the changes don't come", func() bool { return b.hub.Head() == 3 })
			epoch := b.hub.Epoch()
			again := NewHub(b.hub.pool, b.hub.log)
			b.run(again)
			if again.Epoch() != epoch || len(epoch) != 16 {
				t.Errorf("two hubs of one feed say %q and %q", epoch, again.Epoch())
			}
			pages := b.background(epoch, 3, 8*time.Second)
			began := time.Now()
			b.exec(change)
			if page := <-pages; !page.Reset || page.Epoch == epoch || page.Head != 3 || time.Since(began) > 4*readEvery {
				t.Errorf("after %v: %+v", time.Since(began), page)
			}
		})
	}
}

// An older copy of the rows in the same table: positions go back.
func TestFeedThatGoesBack(t *testing.T) {
	b := setup(t)
	b.fill(5)
	b.eventually("the changes don't come", func() bool { return b.hub.Head() == 5 })
	b.exec(`WITH d AS (DELETE FROM changes WHERE pos > 3) UPDATE feed_head SET pos = 3`)
	b.eventually("the hub goes on as before", func() bool { return b.hub.Head() == 3 })
	b.eventually("the hub stays blind", func() bool { return b.hub.Check(t.Context()) == nil })
	if page := b.poll(b.hub.Epoch(), 5, 3*readEvery); !page.Reset {
		t.Errorf("got %+v", page)
	}
	b.commit("movies")
	b.eventually("the change does not come", func() bool { return b.hub.Head() == 4 })
	if page := b.poll(b.hub.Epoch(), 3, 0); !slices.Equal(positions(page.Changes), []uint64{4}) {
		t.Errorf("got %+v", page)
	}
}

// Partitions are dropped by time, and times don't quite follow positions: what is left may have a hole. A hub that starts
// then serves what comes after it.
func TestFeedWithAHole(t *testing.T) {
	for name, c := range map[string]struct {
		hole string
		from uint64 // the oldest position that can be continued from
	}{
		"inside":     {`pos IN (4, 6)`, 6},
		"the oldest": {`pos < 4`, 3},
		"the newest": {`pos > 8`, 10},
		"everything": {`true`, 10},
		"nothing":    {`false`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := idle(t)
			b.fill(10)
			b.exec(`DELETE FROM changes WHERE ` + c.hole)
			b.run(b.hub)
			if got := b.hub.Head(); got != 10 {
				t.Fatalf("head %d", got)
			}
			if page := b.poll(b.hub.Epoch(), c.from, 0); page.Reset || len(page.Changes) != int(10-c.from) {
				t.Errorf("after %d: %+v", c.from, page)
			}
			if c.from > 0 {
				if page := b.poll(b.hub.Epoch(), c.from-1, 0); !page.Reset {
					t.Errorf("after %d: %+v", c.from-1, page)
				}
			}
			b.commit("movies")
			b.eventually("the change does not come", func() bool { return b.hub.Head() == 11 })
		})
	}
}

// A hole that opens beneath a running hub is not passed over.
func TestHoleIsNeverServed(t *testing.T) {
	b := idle(t)
	b.fill(2)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); b.hub.Run(ctx) }()
	b.eventually("the head is not read", func() bool { return b.hub.Head() == 2 && b.hub.Check(ctx) == nil })
	epoch := b.hub.Epoch()
	stop()
	<-ended
	b.fill(3)
	b.exec(`DELETE FROM changes WHERE pos = 4`)
	b.run(b.hub)
	b.eventually("the hub does not get over it", func() bool { return b.hub.Head() == 5 && b.hub.Check(t.Context()) == nil })
	if page := b.poll(epoch, 2, 0); !page.Reset || page.Head != 5 {
		t.Errorf("got %+v", page)
	}
}
