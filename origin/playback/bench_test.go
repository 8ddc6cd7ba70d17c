package playback

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
	"encora/origin/pgtest"
	"encora/shared/fault"
	"encora/shared/wire"
)

// live is a database of sessions that play.
type live struct {
	d     *Domain
	conn  *pgx.Conn   // to fill it
	beats []wire.Beat // one of each session
}

// setupLive makes accounts with a session each, that have all beaten once.
func setupLive(b *testing.B, n int) *live {
	url := pgtest.URL(b)
	db, err := pgdb.Open(b.Context(), url, 8)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(db.Close)
	conn, err := pgx.Connect(b.Context(), url) // without the limits of time
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	l := &live{d: &Domain{DB: db, Now: time.Now}, conn: conn}
	l.exec(b, `INSERT INTO plans VALUES ($1, DEFAULT, 'Two', '', 9.99, 'EUR', 'monthly', 5, 2, 5, 'HD', false, 0, false, false, false, 0, true, false, now(), now())`, planID)
	for range max(n/50_000, 1) {
		l.fill(b, min(n, 50_000))
	}
	l.exec(b, `VACUUM ANALYZE accounts, devices, stream_sessions, watch_progress`)
	l.exec(b, `CHECKPOINT`)
	return l
}

var planID = uuid.MustParse("0190a6e0-0000-7000-8000-0000000000a1")

func (l *live) exec(b *testing.B, q string, args ...any) {
	b.Helper()
	if _, err := l.conn.Exec(b.Context(), q, args...); err != nil {
		b.Fatal(err)
	}
}

func (l *live) fill(b *testing.B, n int) {
	rows, err := l.conn.Query(b.Context(), `SELECT gen_random_uuid(), gen_random_uuid() FROM generate_series(1, $1)`, n)
	if err != nil {
		b.Fatal(err)
	}
	var accounts, ids []uuid.UUID
	var account, id uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&account, &id}, func() error {
		accounts, ids = append(accounts, account), append(ids, id)
		l.beats = append(l.beats, wire.Beat{AccountID: account.String(), SessionID: id.String()})
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	l.exec(b, `INSERT INTO accounts (id, version, status, plan_id, subscription_status, current_period_end, email_verified, created_at, updated_at)
		SELECT id, 1, 'active', $2, 'active', now() + interval '1 month', true, now(), now() FROM unnest($1::uuid[]) id`, accounts, planID)
	l.exec(b, `INSERT INTO devices SELECT id, id, 'TV', 'tv', '', '', '', uuid_send(id), false, now(), now(), now() FROM unnest($1::uuid[]) id`, accounts)
	l.exec(b, `INSERT INTO stream_sessions SELECT a, s, a, a, a, 'movie', s, 'A title of some length', 7200, 'movies/0190a6e0/manifest.mpd', 'movies/0190a6e0/master.m3u8',
		NULL, NULL, now(), now(), now() + interval '75 seconds', NULL, now(), 0 FROM unnest($1::uuid[], $2::uuid[]) n (a, s)`, accounts, ids)
	l.exec(b, `INSERT INTO watch_progress SELECT a, a, s, 'movie', a, 0, 7200, now(), now() FROM unnest($1::uuid[], $2::uuid[]) n (a, s)`, accounts, ids)
}

// batch is an edge's exchange with beats of sessions drawn at random.
func (l *live) batch(edge string, random *rand.Rand, n int) *wire.Sync {
	in := &wire.Sync{Edge: edge, Beats: make([]wire.Beat, n), Ends: make([]uint64, wire.EndShards)}
	now := time.Now()
	for i := range in.Beats {
		in.Beats[i] = l.beats[random.IntN(len(l.beats))]
		in.Beats[i].At, in.Beats[i].ExpiresAt = now.UnixMilli(), now.Add(wire.SessionFor).UnixMilli()
		in.Beats[i].Position = random.IntN(7200)
	}
	return in
}

// BenchmarkSync takes beats of random sessions in by the thousand, from several edges at once; an operation is one beat.
func BenchmarkSync(b *testing.B) {
	sizes := []int{100_000, 1_000_000}
	if testing.Short() {
		sizes = []int{20_000}
	}
	for _, n := range sizes {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			l := setupLive(b, n)
			for _, edges := range []int{1, 2, 3} {
				b.Run(fmt.Sprintf("edges=%d", edges), func(b *testing.B) { l.bench(b, edges) })
			}
			l.report(b)
		})
	}
}

func (l *live) bench(b *testing.B, edges int) {
	const size = 1000
	var left atomic.Int64
	left.Store(int64(b.N))
	spent := l.spent(b)
	b.ResetTimer()
	var all sync.WaitGroup
	for n := range edges {
		all.Go(func() {
			edge, random := uuid.NewString(), rand.New(rand.NewPCG(uint64(n), uint64(b.N)))
			for left.Add(-size) > -size {
				if _, err := l.d.sync(context.WithoutCancel(b.Context()), l.batch(edge, random, size)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	l.measured(b, "beats/s", spent)
}

// measured reports the rate, and what an operation cost of processors since they had spent so much.
func (l *live) measured(b *testing.B, rate string, spent [2]time.Duration) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), rate)
	for i, now := range l.spent(b) {
		b.ReportMetric(float64((now-spent[i]).Microseconds())/float64(b.N), []string{"client-µs/op", "postgres-µs/op"}[i])
	}
}

// spent is the processor time of this process, and of the backends that serve it where they run on the same Linux: what an
// operation costs, however busy the machine is.
func (l *live) spent(b *testing.B) [2]time.Duration {
	rows, err := l.d.DB.Pool().Query(b.Context(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database()`)
	if err != nil {
		b.Fatal(err)
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		b.Fatal(err)
	}
	all := [2]time.Duration{processorTime(os.Getpid())}
	for _, pid := range pids {
		all[1] += processorTime(pid)
	}
	return all
}

// processorTime reads utime and stime, which Linux counts in hundredths of seconds (proc_pid_stat(5)).
func processorTime(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// report says how many updates found room on their page: the others had to change the indexes.
func (l *live) report(b *testing.B) {
	const q = `SELECT format('%s: %s updates, %s %% in place, %s sequential scans, %s MB', regexp_replace(relname, '_[0-9]$', ''), sum(n_tup_upd),
		round(100 * sum(n_tup_hot_upd) / greatest(sum(n_tup_upd), 1), 1), sum(seq_scan), sum(pg_total_relation_size(relid)) / 1000000)
		FROM pg_stat_user_tables WHERE relname ~ '^(stream_sessions|watch_progress)_' GROUP BY regexp_replace(relname, '_[0-9]$', '')`
	time.Sleep(1100 * time.Millisecond) // until backends have told
	rows, err := l.d.DB.Pool().Query(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.Fatal(err)
	}
	fmt.Println(strings.Join(lines, "\n"))
}

// BenchmarkStart starts sessions of accounts drawn at random, several at once; an operation is one start.
func BenchmarkStart(b *testing.B) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	l := setupLive(b, n)
	for _, callers := range []int{1, 4} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { l.benchStart(b, callers) })
	}
}

func (l *live) benchStart(b *testing.B, callers int) {
	var next atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	spent := l.spent(b)
	b.ResetTimer()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			var own []time.Duration
			for next.Add(1) <= int64(b.N) {
				began := time.Now()
				if err := l.startOne(b.Context()); err != nil {
					b.Error(err)
					return
				}
				own = append(own, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, own...)
		})
	}
	all.Wait()
	slices.Sort(took)
	l.measured(b, "starts/s", spent)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// startOne starts a title.
func (l *live) startOne(ctx context.Context) error {
	own := &l.beats[rand.IntN(len(l.beats))]
	_, err := l.d.start(ctx, &wire.Start{AccountID: own.AccountID, DeviceID: own.AccountID, ContentType: wire.ContentMovie, ContentID: newID().String(),
		Title: "A title of some length", Seconds: 7200, Media: wire.Media{DASHPath: "movies/1.mpd", HLSPath: "movies/1.m3u8"}})
	if fault.Of(err).Code == fault.ConcurrencyLimit {
		return nil // it is answered like any
	}
	return err
}
