# Guichet: `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE := node
TSX := $(NODE) --import tsx

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

node_modules/.ready: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

.PHONY: lint
lint: node_modules/.ready ## formatter, linter, types, import table
	npx biome check .
	npx tsc -p tsconfig.json
	npx tsc -p tsconfig.page.json

.PHONY: format
format: node_modules/.ready ## write the formatting
	npx biome check --write .

.PHONY: test
test: node_modules/.ready ## all tests (T=part-of-a-path for some)
	$(TSX) test/run.ts $(T)
