# hopt: `make run` tunes the example, `make test` runs every test, `make help` lists the rest.
# A thin front: CMake builds (CMakePresets.json), ctest tests (tests/suite.sh).

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
STUDY ?= examples/digits/study.json
ARGS ?=
FUZZ_SECONDS ?= 60

# What is fetched over the network is kept here; several clones may share one.
export HOPT_CACHE ?= $(CURDIR)/.cache
export HOPT_JOBS = $(JOBS)
# The system's Python: another one on PATH need not have the packages.
export HOPT_PYTHON ?= /usr/bin/python3

packages = cmake/packages.sh

.PHONY: help run build check test test-containers test-kubernetes chaos bench lint fuzz packages install deb clean

help:
	@echo 'make run        install what is needed, build, tune examples/digits (ARGS="--max-trials 80")'
	@echo 'make build      programs into build/bin/'
	@echo 'make check      unit tests with sanitizers: no network, no server'
	@echo 'make test       every test; sets up a MongoDB or its stand-in by itself'
	@echo 'make test-containers  images and compose with examples/digits: 1 GB more, some minutes'
	@echo 'make test-kubernetes  deploy/kubernetes on a Kubernetes built here: 7 GB, half an hour the first time'
	@echo 'make chaos      1,000 random faults on each kind of store (CHAOS_SEED, CHAOS_EVENTS)'
	@echo 'make bench      the measurements of tests/bench'
	@echo 'make lint       clang-format, clang-tidy, shellcheck'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS (60)'
	@echo 'make install    into PREFIX ($(PREFIX)), DESTDIR is respected'
	@echo 'make deb        Debian packages of hopt into build/packages'
	@echo 'make packages   Debian packages for all of these'
	@echo 'make clean      remove what was built; .cache stays'

run: build
	@$(packages) examples
	@build/bin/hopt run $(STUDY) -j 2 $(ARGS)

build: build/build.ninja
	@cmake --build build -j $(JOBS)

build/build.ninja:
	@$(packages) build
	@cmake --preset release -DHOPT_TESTS=OFF

check:
	@$(packages) --check build test
	@tests/suite.sh check

test:
	@$(packages) build examples test
	@tests/suite.sh all

test-containers:
	@$(packages) build test
	@tests/suite.sh containers

test-kubernetes:
	@$(packages) build test kubernetes
	@tests/suite.sh kubernetes

chaos:
	@$(packages) build test
	@tests/system/chaos/run.sh

bench: build
	@$(packages) examples test
	@tests/bench/run.sh

lint:
	@$(packages) build test lint
	@cmake/lint.sh

fuzz:
	@$(packages) build test fuzz
	@tests/fuzz/run.sh $(FUZZ_SECONDS)

packages:
	@$(packages) build examples test lint fuzz

install: build
	@DESTDIR='$(DESTDIR)' cmake --install build --prefix '$(PREFIX)'

deb: build
	@$(packages) deb
	@cd build && cpack -G DEB >packages.log || { cat packages.log; exit 1; }
	@ls build/packages/*.deb

clean:
	rm -rf build build-*
