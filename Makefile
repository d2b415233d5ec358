# What people type. Each target sets up what it needs and no more; the work is in scripts/.

# A Go that is installed but not on PATH is found; one on PATH wins.
export PATH := $(PATH):/usr/local/go/bin:/usr/lib/go/bin
# A clone that belongs to somebody else builds as well.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false)
# Without a home that can be written to, Go's caches live in the working copy, and go with it.
ifneq ($(shell test -n "$$HOME" && test -w "$$HOME" && echo yes),yes)
export HOME := $(CURDIR)/.cache
export GOFLAGS := $(GOFLAGS) -modcacherw
endif

TEST ?= ./...
TEST_TIMEOUT ?= 20m
WITHPG := go run ./internal/store/pgtest/cmd/withpg

.DEFAULT_GOAL := help
.PHONY: help run build test check generate bench vendor screenshots clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "make %-10s%s\n", $$1, $$2}' Makefile

run: build ## set up and start Brigade with the busy demo restaurant (ARGS="…" adds flags)
	@scripts/setup postgres
	@exec scripts/run $(ARGS)

build: ## build bin/brigade
	@scripts/setup go
	@CGO_ENABLED=0 go build -trimpath -o bin/brigade ./cmd/brigade

test: ## set up and run every test, with the race detector, on a real Postgres, RabbitMQ and Redis (TEST=./… chooses)
	@scripts/setup go postgres redis rabbitmq race $(if $(filter 1,$(BRIGADE_NO_BROWSER)),,browser)
	$(WITHPG) go test -race -shuffle=on -timeout $(TEST_TIMEOUT) $(TEST)

check: ## format, vet, lint, generated code, vulnerabilities, modules, scripts (ONLY="lint …" chooses)
	@scripts/setup go
	@scripts/check $(ONLY)

generate: ## write the generated code anew
	@scripts/setup go
	@scripts/generate

bench: build ## measure the planners, and Brigade under its own load
	@scripts/setup postgres
	$(WITHPG) go test -run '^$$' -bench . -benchmem $(TEST)
	bin/brigade bench orders
	bin/brigade bench kitchen

screenshots: ## take the pictures of the pages anew (docs/images, bin/screenshots)
	@scripts/setup go postgres browser
	@scripts/screenshots

vendor: ## fetch the browser files anew, in the versions that scripts/vendor lists
	@scripts/vendor

clean: ## remove what was built (not the restaurant's data in .brigade)
	@rm -rf bin
