# SPDX-License-Identifier: Apache-2.0

# Two commands carry everything: `make demo` and `make test`.
# `make help` lists the rest.

GO       ?= go
PACKAGES ?= ./...
# Cached outside the checkout: what the tests fetch (axe-core) and build once.
export PORTREEVE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/portreeve

.PHONY: help build demo test check bench fmt vendor-assets install-test-parts

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

build: ## build bin/portreeve
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/portreeve ./cmd/portreeve

demo: build ## build, load the worked case and serve it; LISTEN=127.0.0.1:9443 for another port, AT=+31d for a later day
	./bin/portreeve demo --data data/demo --ready-file data/ready.json $(if $(LISTEN),--listen $(LISTEN)) $(if $(AT),--at $(AT))

test: install-test-parts check build ## install what the tests need, then run everything
	test/run.sh

install-test-parts: ## install PostgreSQL, Chromium, PHP and axe-core for the tests (idempotent)
	test/install.sh

check: ## formatting, vet, linter, rules of the architecture
	@unformatted=$$(gofmt -l cmd internal test); if [ -n "$$unformatted" ]; then echo "gofmt -w:" $$unformatted; exit 1; fi
	$(GO) vet -tags integration $(PACKAGES)
	$(GO) tool staticcheck -tags integration $(PACKAGES)
	$(GO) test ./internal/archtest/

bench: build ## fill databases and measure; prints method, machine and figures
	test/bench.sh

fmt: ## format the Go files
	gofmt -w cmd internal test

vendor-assets: ## re-create and verify the published front-end files
	internal/kernel/web/static/vendor/fetch.sh
