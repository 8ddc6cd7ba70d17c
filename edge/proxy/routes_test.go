package proxy

import "testing"

func TestHotPaths(t *testing.T) {
	b := setup(t)
	f := func(path, want string) {
		t.Helper()
		got := ""
		if rt := b.proxy.matchHot([]byte(path)); rt != nil {
			got = rt.op.ID
		}
		if got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	f("/v2/movies", "listMovies")
	f("/v2/movies/1", "getMovie")
	f("/v2/movies/1/trailers", "listTrailers")
	f("/v2/shows/1/seasons", "listSeasons")
	f("/v2/shows/1/seasons/2", "getSeason")
	f("/v2/shows/1/seasons/2/episodes/3", "getEpisode")
	f("/v2/shows/seasons/seasons/seasons", "getSeason")
	for _, path := range []string{"", "/", "/v2/movie", "/v2/moviesx", "/v2/movies/", "/v2/movies//trailers", "/v2/movies/1/", "/v2/movies/1/trailer", "/v2/movies/1/trailers/",
		"/v2/shows/1", "/v2/shows//seasons", "/v2/shows/1/seasons/", "/v2/shows/1/seasons/2/episodes", "/v2/shows/1/seasons//episodes/3",
		"/v2/shows/1/seasons/2/episodes/", "/v2/shows/1/seasons/2/episodes/3/", "/v2/shows/1/seasons/2/episodes/3/4", "/v2/shows/1/x/seasons/2", "/v2/devices", "/v2/health"} {
		f(path, "")
	}
}
