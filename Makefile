# Needs Go, a C compiler (for -race) and make; everything else sets itself up. `make help` lists the targets.
SHELL := bash
.DEFAULT_GOAL := help

COMMIT := $(shell git rev-parse HEAD 2>/dev/null)
OBS := encora/shared/obs
LDFLAGS := -X $(OBS).commitSHA=$(COMMIT) -X $(OBS).buildDate=$(shell date -u +%F)
# Without ST1005: errors that callers of the API read are sentences.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2 -checks inherit,-ST1005
FUZZTIME ?= 20s
PAGE_ADDR := 127.0.0.1:18083

# A second stack beside that of `make run`, for as long as a command lasts.
BESIDE := STATE_DIR=.state/beside EDGE_ADDR=127.0.0.1:18080 ORIGIN_ADDR=127.0.0.1:18081 INTERNAL_ADDR=127.0.0.1:18082 \
	bin/local run --

help: ## this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

build: ## bin/edge, bin/origin and bin/local, which runs them
	go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/ ./edge ./origin ./deploy/local

run: build ## Postgres, origin and edge in the foreground, with demo data and streams
	@.ci/install ffmpeg=ffmpeg || true
	@bin/local run

test: ## all tests: with the race detector, then the allocation ceilings without it
	go build -buildvcs=false -o bin/ ./deploy/local
	bin/local test -- go test -race -timeout 5m ./...
	go test -run Alloc ./edge/... ./shared/...

test-real: ## tests over real films, channels and feeds in the folder DATA_DIR
	@[ -d '$(DATA_DIR)' ] || { echo 'set DATA_DIR to the folder with films, channels and xmltv'; exit 1; }
	go build -buildvcs=false -o bin/ ./deploy/local
	DATA_DIR='$(realpath $(DATA_DIR))' bin/local test -- go test -count=1 -v -timeout 15m -run '^TestReal' ./origin/...

check: ## formatting, go vet, staticcheck
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt -w $$unformatted"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

gen: ## regenerate what is generated
	go run ./origin gen

verify: gen ## fail if that changes anything
	git diff --exit-code -- '*.gen.*'

try: build ## the commands that `make run` prints, on a stack of their own
	$(BESIDE) bash -ec 'for step in publish change unpublish home now play; do deploy/local/try.sh $$step; done'

bench: build ## the edge beside nginx, Varnish and bare fasthttp, on one core; its memory; signs per second; 15 minutes
	.ci/install nginx=nginx-light varnishd=varnish wrk=wrk
	go run ./loadtest bench

k6: build bin/k6 ## k6 scenarios with their thresholds; 5 minutes
	$(BESIDE) env K6=bin/k6 k6/run

bin/k6:
	GOBIN=$(CURDIR)/bin go install go.k6.io/k6@v1.8.1

# Every one runs, whatever became of the others; the status is 0 only when all passed.
load: build ## devices that browse and play, starts, races for slots, beats into Postgres; 10 minutes
	go build -buildvcs=false -o bin/ ./loadtest
	$(BESIDE) bash -uc 'bin/origin token --role viewer --count 1000 --out $$STATE_DIR/tokens || exit; failed=; \
		bin/loadtest fleet --url http://$$EDGE_ADDR --tokens $$STATE_DIR/tokens || failed+=" fleet"; \
		for one in starts race beats devices; do bin/loadtest $$one || failed+=" $$one"; done; \
		[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }'

browser: build loadtest/browser/node_modules ## a film of the demo in a real browser: DASH and HLS, new URLs, the session's end
	.ci/install chromium=chromium ffmpeg=ffmpeg
	env CDN_TTL=60s PAGE_ADDR=$(PAGE_ADDR) ALLOWED_ORIGINS=http://$(PAGE_ADDR) $(BESIDE) node loadtest/browser/test.mjs

loadtest/browser/node_modules: loadtest/browser/package-lock.json
	.ci/install npm=npm
	cd loadtest/browser && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

e2e: ## the built programs as processes, and what becomes of them when they are killed
	go build -buildvcs=false -o bin/ ./deploy/local
	bin/local test -- go test -count=1 ./loadtest/e2e

fuzz: ## every fuzz target for FUZZTIME
	go build -buildvcs=false -o bin/ ./deploy/local
	@bin/local test -- bash -ec 'for package in $$(go list ./...); do \
		for target in $$(go test -list "^Fuzz" $$package | grep "^Fuzz" || true); do \
			go test -run "^$$" -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; done; done'

ci: ## what CI runs
	.ci/run

.PHONY: help build run test test-real check gen verify try e2e bench k6 load browser fuzz ci
