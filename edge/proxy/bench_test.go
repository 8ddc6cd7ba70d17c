package proxy

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"encora/edge/lane"
)

// BenchmarkWarm is a hit without the kernel: every check, the choice of variant, and the copy to the buffer that is sent.
func BenchmarkWarm(b *testing.B) {
	for _, films := range []int{1, 4000} {
		b.Run(fmt.Sprintf("films=%d", films), func(b *testing.B) {
			e := setup(b)
			paths := make([][]byte, films)
			for i := range paths {
				path := fmt.Sprintf("/v2/movies/01890a5d-ac96-774b-bcce-%012d", i)
				e.docs[path] = fmt.Sprintf("%d %s", i, long[:1500])
				e.get(path)
				paths[i] = []byte(path)
			}
			order := rand.Perm(films)
			r := lane.Request{Token: []byte("viewer"), AcceptEncoding: []byte("identity"), Now: time.Now()}
			out := lane.Reply{Head: make([]byte, 0, 8<<10)}
			buf := make([]byte, 0, 8<<10)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				r.Path = paths[order[i]]
				if i++; i == films {
					i = 0
				}
				out.Head = out.Head[:0]
				if !e.proxy.Warm(&r, &out) {
					b.Fatal("not a hit")
				}
				buf = append(append(append(buf[:0], out.Head...), out.Body...), out.BodyAfter...)
			}
		})
	}
}
