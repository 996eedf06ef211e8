# SPDX-License-Identifier: LGPL-2.1-or-later
# The front of the CMake build. Variables: BUILD, PREFIX, DESTDIR, CMAKE_FLAGS, and those below.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CMAKE_FLAGS ?=
FUZZ_SECONDS ?= 60

BOXCTL = $(BUILD)/cmd/boxctl/boxctl
CONFIGURE = cmake -S . -G Ninja -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS)

# Optimized code with these checks takes g++ five times as long to make, and hides what was optimized
# away; of the debugging information a report needs the lines.
SANITIZED = -O0 -g1

# Prerequisites in the order they are written; ninja uses the processors.
.NOTPARALLEL:
.PHONY: build boot root test bless sanitize bench install fuzz lint clean help

build: $(BUILD)/build.ninja ## build everything into build/ (the default)
	cmake --build $(BUILD)

%/build.ninja:
	$(CONFIGURE) -B $*

# deps-a-b: what the purposes a and b need and the machine lacks
deps-%:
	@.ci/deps $(subst -, ,$*)

boot: deps-build-boot $(BUILD)/build.ninja ## build, make ./alpine-root if absent, boot it (ARGS=... for boxctl)
	cmake --build $(BUILD) --target cmd/boxctl/all cmd/box-init/all
	@root=alpine-root; \
	if [ ! -d $$root ]; then \
	    status=0; rootfs-tools/alpine $$root --root-login=yes || status=$$?; \
	    case $$status in \
	    0) ;; \
	    3) root=busybox-root; echo "make boot: no Alpine archive to be had, booting ./$$root instead" >&2; \
	       [ -d $$root ] || rootfs-tools/busybox $$root || exit ;; \
	    *) exit $$status ;; \
	    esac; \
	fi; \
	echo "make boot: log in as root, without a password; 'poweroff' ends the box" >&2; \
	exec $(BOXCTL) boot ./$$root $(ARGS)

test: deps-build-test build ## build, run every test this machine can run (TESTFLAGS=... for tests/run)
	@tests/run --build $(BUILD) $(TESTFLAGS)

bless: deps-build-test build ## write the golden plans anew; read what changed with git diff
	BLESS=1 $(BUILD)/tests/plan-golden --run_test=golden

sanitize: deps-build-test ## run the tests that need no root under ASan and UBSan
	$(CONFIGURE) -B $(BUILD)-asan -DBOXCTL_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug \
	    -DCMAKE_C_FLAGS_DEBUG='$(SANITIZED)' -DCMAKE_CXX_FLAGS_DEBUG='$(SANITIZED)'
	cmake --build $(BUILD)-asan --target tests/all
	@tests/run --build $(BUILD)-asan --tier unit --tier plan --tier fuzz $(TESTFLAGS)

bench: deps-build-bench build ## compare with a bare C program and with other launchers
	@BUILD=$(BUILD) tests/bench/run $(ARGS)

install: $(BUILD)/build.ninja ## install below DESTDIR and PREFIX (default /usr/local)
	$(CONFIGURE) -B $(BUILD)
	cmake --build $(BUILD)
	DESTDIR=$(DESTDIR) cmake --install $(BUILD)

fuzz: deps-build-fuzz ## run every fuzzer for FUZZ_SECONDS (60)
	$(CONFIGURE) -B $(BUILD)-fuzz -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
	    -DBOXCTL_FUZZ=ON -DBOXCTL_SANITIZE=fuzzer-no-link,address,undefined
	cmake --build $(BUILD)-fuzz --target tests/fuzz/all
	@tests/fuzz/run $(BUILD)-fuzz $(FUZZ_SECONDS)

lint: deps-build-lint build ## format, layers, style, shellcheck, clang-tidy
	@tests/run --build $(BUILD) --tier static --tier tidy --timeout 3600

clean: ## remove what was built (not the root trees of make boot)
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz

help: ## this text
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1#\2/p' Makefile | column -t -s '#'
