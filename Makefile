# Headrope's commands. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

SWIFT ?= swift
TEST_BUILD := $(SWIFT) build --build-tests --explicit-target-dependency-import-check error
SOURCES := Package.swift Sources Tests Collectors Dashboards Benchmarks Examples

.PHONY: help run test check fmt lint golden bench bench-client t build clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: ## install what is missing, build, and start server, agent and demo on this host
	@scripts/run

build: ## build the two executables in release mode
	@scripts/install-packages build
	$(SWIFT) build -c release --product headrope
	$(SWIFT) build -c release --product headrope-agent

test: ## install what the tests need, build once, run every test
	@scripts/install-packages build test
	@scripts/test

t: ## run the tests whose names match: make t F=NAME
	$(SWIFT) test --filter '$(F)'

check: lint ## formatting, floors and warnings, without running tests
	$(TEST_BUILD)

fmt: ## format every Swift file
	$(SWIFT) format -i -r -p $(wildcard $(SOURCES))

lint: ## complain about formatting and missing documentation
	$(SWIFT) format lint --strict -r -p $(wildcard $(SOURCES))

golden: ## write the golden files anew (look at the diff before committing)
	HEADROPE_GOLDEN=write $(SWIFT) test --filter Golden

bench: ## run the benchmark harnesses with small sets beside what peers are installed
	@Benchmarks/run

bench-client: ## measure what a span costs an application
	HEADROPE_BENCHMARKS=1 $(SWIFT) build -c release --product ClientBenchmark
	@.build/release/ClientBenchmark

clean: ## remove what was built
	rm -rf .build .build-*
