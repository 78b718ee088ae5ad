# Latchkey's commands, for a person and for CI. Each first looks for what it needs, and installs
# what is missing (scripts/ensure). `make` alone lists them.

DATA ?= $(HOME)/.local/share/latchkey
LISTEN ?= 127.0.0.1:8080
LOAD_SECS ?= 10

CACHE := $(HOME)/.cache/latchkey
# One target directory for every checkout: RocksDB is compiled once on a machine. No recipe here
# sets RUSTFLAGS or another profile, since either would compile it again.
CARGO_TARGET_DIR ?= $(CACHE)/target
export CARGO_TARGET_DIR
# ccache first, for the C++ of RocksDB; what scripts/ensure installs for itself last.
export PATH := /usr/lib/ccache:$(PATH):$(HOME)/.cargo/bin:$(CACHE)/venv/bin:$(CACHE)/tools/bin:$(CACHE)/prometheus/usr/bin

# The tests' Python, with the packages of scripts/requirements.txt.
export TEST_PYTHON ?= $(CACHE)/venv/bin/python

# CI builds what was committed; a person who is changing dependencies need not.
LOCKED := $(if $(CI),--locked)
BIN := $(CARGO_TARGET_DIR)/debug
LATCHKEY := $(BIN)/latchkey
# The whole workspace every time: with a part of it, dependencies shared with the rest would get
# other features, and be compiled once more.
OPTIMISED := cargo build $(LOCKED) --workspace --bins --config .config/optimised.toml

.DEFAULT_GOAL := help
.PHONY: run test lint bench loadtest demo clean-data help

run: ## Build, load the demonstration tenant when it is not there yet, serve it on LISTEN, print keys and curl lines
	@scripts/ensure build
	$(OPTIMISED)
	@"$(LATCHKEY)" demo --data "$(DATA)"
	@exec "$(LATCHKEY)" serve --data "$(DATA)" --listen "$(LISTEN)"

test: ## Run every test: the workspace, the documentation, the alert rules
	@scripts/ensure test
	cargo nextest run --workspace $(LOCKED)
	cargo test --doc --workspace $(LOCKED)
	scripts/check-prometheus

lint: ## Check formatting, clippy, licences and sources of dependencies
	@scripts/ensure lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(LOCKED) -- -D warnings
	cargo fetch $(LOCKED)
	cargo deny --offline $(LOCKED) check --hide-inclusion-graph bans licenses sources
	@if command -v cargo-machete >/dev/null; then cargo machete; fi

bench: ## Measure validate, check and batch against bare hyper, in one run
	@scripts/ensure build
	$(OPTIMISED)
	"$(BIN)/latchkey-bench" compare --latchkey "$(LATCHKEY)"

loadtest: ## Load a gateway of its own with wrk and h2load for LOAD_SECS a scenario, and print the figures
	@scripts/ensure load
	$(OPTIMISED)
	scripts/loadtest "$(LATCHKEY)" $(LOAD_SECS)

demo: ## Load the demonstration tenant into DATA and print new keys and curl lines, without serving
	@scripts/ensure build
	$(OPTIMISED)
	@"$(LATCHKEY)" demo --data "$(DATA)"

clean-data: ## Delete the store in DATA (the demonstration tenant, its keys, its master key)
	@scripts/clean-data "$(DATA)"

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\n  DATA=%s  LISTEN=%s  LOAD_SECS=%s\n' '$(DATA)' '$(LISTEN)' '$(LOAD_SECS)'
