# The steps of CI are the targets here.
GO ?= go

.PHONY: all build test test-real race fuzz lint fmt bench bench-kernels bench-compare audit ui ui-check demo clean

all: build test

build:              ## the binary, bin/patou
	$(GO) build -trimpath -ldflags="-s -w" -o bin/patou ./cmd/patou

test:               ## all tests that need Go alone
	$(GO) vet ./...
	$(GO) test ./...

test-real:          ## the real programs from Debian and npm, driven
	test/real/run

race:               ## the tests with the race detector
	$(GO) test -race ./...

fuzz:               ## each fuzz target for 20 seconds
	tools/fuzz 20s

lint:               ## golangci-lint, pinned by go.mod
	cd tools/lint && $(GO) build -o ../../bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	bin/golangci-lint run

fmt:                ## gofmt over everything that is ours
	gofmt -w cmd internal tools web

bench:              ## the whole server, measured; see docs/benchmarks.md
	tools/bench/run $(BENCH)

bench-kernels:      ## the benchmarks of Go's test files
	$(GO) test -run '^$$' -bench . ./internal/...

bench-compare:      ## the same against another commit: make bench-compare REF=main~20 [PACKAGES=./internal/codec]
	tools/bench/compare "$(REF)" "$(PACKAGES)"

audit:              ## known vulnerabilities of what we depend on; no gate
	cd tools/lint && $(GO) build -o ../../bin/govulncheck golang.org/x/vuln/cmd/govulncheck
	-bin/govulncheck ./...
	-cd web/ui && npm audit

ui:                 ## the page, into web/dist
	cd web/ui && npm ci && npm run build

ui-check:           ## types and tests of the page, and that web/dist is what its source builds
	cd web/ui && npm ci && npm run check && npm test && npm run build
	git diff --exit-code --stat web/dist
	test -z "$$(git status --porcelain web/dist)"

demo:               ## a small live system to watch
	$(GO) run ./cmd/patou demo

clean:
	rm -rf bin patou-data web/ui/node_modules
