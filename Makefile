# SPDX-License-Identifier: GPL-3.0-or-later
# The short names for what one does with this checkout. Each target sets up what it needs itself (Debian and Ubuntu;
# elsewhere install what tools/install-deps lists). The build is CMake's: see CMakePresets.json for more of it.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
# One version for everybody, because versions disagree about form.
CLANG_FORMAT ?= $(shell command -v clang-format-14 || echo clang-format)
# Warnings are errors where a machine looks, not where a person tries something.
TEST_PRESET := $(if $(filter true 1,$(CI)),ci,release)

c_files = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h')
as_root = $(if $(wildcard $(PREFIX)),$(if $(shell test -w $(PREFIX) && echo yes),,sudo))

.PHONY: all docs test asan tsan valgrind fuzz peers demo bench format format-check install clean help

all: ## the program, optimised: build/release/vitrail
	tools/install-deps build
	cmake --preset release -DVITRAIL_TESTS=OFF
	cmake --build --preset release -j $(JOBS)

test: ## set up, build, run every test
	tools/install-deps
	cmake --preset $(TEST_PRESET) -DVITRAIL_TESTS=ON
	cmake --build --preset $(TEST_PRESET) -j $(JOBS)
	ctest --preset $(TEST_PRESET) -j $(JOBS) --no-tests=error

asan: ## the tests but the slow ones, with the address and undefined-behaviour sanitizers
	tools/install-deps
	cmake --preset asan
	cmake --build --preset asan -j $(JOBS)
	ctest --preset asan -j $(JOBS) --no-tests=error

# Clang, whose OpenMP tells the sanitizer what its threads wait for; GCC's does not, and all would look like a race.
tsan: ## the tests but the slow ones, with the thread sanitizer
	tools/install-deps fuzz
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	ctest --preset tsan -j $(JOBS) --no-tests=error

valgrind: ## the cases of tests/cli in valgrind, one after the other: hours
	tools/install-deps valgrind
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS) --target vitrail_program
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive OPENBLAS_NUM_THREADS=1 \
	  python3 tests/cli/run.py --valgrind --vitrail build/dev/vitrail

# How many inputs each harness gets, and which ones.
FUZZ_RUNS ?= 1000000
FUZZ ?= $(patsubst tests/fuzz/corpus/%,%,$(wildcard tests/fuzz/corpus/*))

fuzz: ## search for inputs that break a reader (tests/fuzz/README.md)
	tools/install-deps fuzz
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS) $(FUZZ:%=--target fuzz_%)
	tools/fuzz $(FUZZ_RUNS) $(FUZZ)

peers: ## what other programs of the field read of ours (HyperSpy, py4DSTEM, ...), in an environment of their own
	tools/install-deps peers
	python3 -m venv build/peers
	build/peers/bin/pip install --quiet -r tests/peers/requirements.txt
	cmake --preset release -DVITRAIL_TESTS=ON
	cmake --build --preset release -j $(JOBS) --target vitrail_program
	ctest --preset release -L peers --no-tests=error

demo: all ## a simulated recording, its maps, figures and report, in ./demo
	PATH="$(CURDIR)/build/release:$$PATH" examples/demo.sh demo

docs: ## the manual, tutorial, methods and reference as web pages: build/docs/index.html
	tools/install-deps docs
	tools/make-docs build/docs
	tests/tools/check_site.py . build/docs

bench: all ## every benchmark: checks its answer, then prints its speed
	@set -e; for program in build/release/bench/bench_*; do \
	  if [ -x "$$program" ]; then "$$program"; fi; done

format: ## bring every C file into form
	tools/install-deps
	$(CLANG_FORMAT) -i $(c_files)

format-check: ## fail where a C file is not in form
	tools/install-deps
	$(CLANG_FORMAT) --dry-run -Werror $(c_files)

install: all ## the program, library, headers and manual pages, under PREFIX
	$(as_root) cmake --install build/release --prefix $(PREFIX)

clean: ## remove everything built
	rm -rf build demo

help: ## this list
	@sed -n 's/^\([a-z-]*\):[a-z ]*## /  make \1 \t/p' Makefile | expand -t 22
