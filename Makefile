# Everything a clone needs: `make gen`, `make test`. Asks for Python 3.11 or newer, git, make and Go 1.25 or newer
# (an older Go, from 1.21 on, fetches the one that tools/go.mod names). What it installs stays in .venv and .tools.

# The first of these that is Python 3.11 or newer makes the virtual environment; `make PYTHON=…` names another.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11 python
PYTEST_ARGS ?=
BENCH_ARGS ?=
MUTANTS_ARGS ?=
# What `make unit` runs: the rooms that compute.
UNIT := values objects kubernetes flags engine secrecy kustomize checks migrate review review_rollout report

VENV := .venv
BIN := $(VENV)/bin
TOOLS := .tools/bin
PYTHON_READY := $(VENV)/.ready
TOOLS_READY := .tools/.ready
HTML_READY := .tools/html/.ready
SITE_READY := .tools/site/.ready
EDITORS_READY := .tools/editors/.ready
WORKFLOWS := $(wildcard .github/workflows/*.yml)
KUBECONFORM := github.com/yannh/kubeconform
SOPS := github.com/getsops/sops/v3/cmd/sops
GO_MAINS := sigs.k8s.io/kustomize/kustomize/v5 github.com/rhysd/actionlint/cmd/actionlint

export LLMSTACK_TOOLS := $(CURDIR)/$(TOOLS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup gen facts check unit test test-html test-editors site pictures test-engine test-cluster test-argo update lint format bench mutants dist lock clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(PYTHON_READY) $(TOOLS_READY) ## Install Python packages into .venv and build the Go tools into .tools

gen: $(PYTHON_READY) ## Write base/, overlays/ and clusters/ from values/
	$(BIN)/llmstack gen

facts: $(PYTHON_READY) ## Write facts/ of the example's clusters from what kubectl printed of them (tests/facts/clusters/)
	for seen in tests/facts/clusters/*.json; do $(BIN)/llmstack learn cluster "$$(basename "$$seen" .json)" "$$seen" || exit; done

check: $(PYTHON_READY) ## Fail when base/, overlays/ or clusters/ are not what values/ generates, or facts/ not what is learned
	$(BIN)/llmstack gen --check --no-cache
	$(BIN)/python -m pytest -q tests/facts/test_example.py

unit: setup ## Run the tests to work with: a minute, no random ones (PYTEST_ARGS="-k name" for some)
	$(BIN)/python -m pytest -n auto -m "not hypothesis" $(UNIT:%=tests/%) $(PYTEST_ARGS)

test: setup ## Run all tests (PYTEST_ARGS="-k name" for some)
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

test-html: $(PYTHON_READY) $(HTML_READY) ## Test the page of a review in Chromium, with axe-core
	$(BIN)/python -m pytest tests/html/check_page.py tests/html/check_comment.py $(PYTEST_ARGS)

test-editors: $(PYTHON_READY) $(EDITORS_READY) ## Test what editors show in values files, by the real yaml-language-server
	$(BIN)/python -m pytest tests/editors/check_language_server.py $(PYTEST_ARGS)

pictures: setup $(HTML_READY) ## Draw the pictures of docs/pictures/ in Chromium, out of the page of a real review
	$(BIN)/python -m tests.html.pictures

site: $(PYTHON_READY) $(SITE_READY) ## Build a site of docs/ into build/site, strictly, and test it
	.tools/site/bin/python -m sphinx -b html -W --keep-going -n -q -E -c tools/site -d build/doctrees docs build/site
	$(BIN)/python -m pytest tests/site/check_pages.py $(PYTEST_ARGS)

test-engine: $(PYTHON_READY) ## Test against vLLM's own planner and registries, out of its wheels (cold: 2.5 GB to fetch)
	$(BIN)/python -m tests.vllm.fetch
	$(BIN)/python -m pytest tests/vllm -o python_files='check_*.py' $(PYTEST_ARGS)

test-cluster: setup ## Test against a real control plane and Flux, two at a time, on loopback (cold: twenty minutes to build them)
	$(BIN)/python -m tests.cluster.build
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/cluster -o python_files='check_*.py' $(PYTEST_ARGS)

test-argo: setup ## Test against a real Argo CD and helm-controller there (cold: ten to fifteen minutes more to build them)
	$(BIN)/python -m tests.argo.build
	$(BIN)/python -m pytest tests/argo -o python_files='check_*.py' $(PYTEST_ARGS)

update: setup ## Run the tests and rewrite their expected outputs
	$(BIN)/python -m pytest --update $(PYTEST_ARGS)

lint: setup ## Check code style, types and workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy bench requirements
	$(BIN)/mypy -p tests.cluster -p tests.argo -p tests.vllm
	$(TOOLS)/actionlint $(WORKFLOWS)
	$(BIN)/zizmor --offline --persona auditor --no-progress action.yml .github

format: setup ## Rewrite the code as `make lint` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Time every command against `kustomize build` (BENCH_ARGS="--models 200 --small"; --write for docs/performance.md)
	$(BIN)/python bench/bench.py $(BENCH_ARGS)

mutants: setup ## Change the code that guards in small ways, and tell what no test notices (MUTANTS_ARGS="--sample 40 --room disk")
	$(BIN)/python -m tools.mutants $(MUTANTS_ARGS)

dist: .tools/release/.ready ## Build the wheel and the sdist of HEAD into dist/, twice and alike, with their SBOM
	.tools/release/bin/python tools/make_dist.py

lock: .tools/lock/.ready ## Write requirements/*.txt again (LOCK_ARGS=--upgrade for the newest versions)
	.tools/lock/bin/python requirements/lock.py $(LOCK_ARGS)

clean: ## Remove what make installed and what tests left behind
	rm -rf $(VENV) .tools .mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find generator tests bench requirements -name __pycache__ -type d -prune -exec rm -rf {} +

# Every archive is checked against its hash; the package itself is linked to, not copied, and built by the pinned
# backend, so that nothing is fetched without a hash. pip asks the index that the machine is configured with.
define install
	@python=; for candidate in $(PYTHON); do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "none of these is Python 3.11 or newer: $(PYTHON)" >&2; exit 1; fi; \
	echo "$(1): installing $(2) with $$($$python --version)"; \
	$$python -m venv --clear $(1)
	$(1)/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r $(2)
endef

define npm
	@command -v npm >/dev/null || { echo "make test-$(1) needs npm: sudo apt-get install npm" >&2; exit 1; }
	@mkdir -p .tools/$(1)
	cp tests/$(1)/package.json tests/$(1)/package-lock.json .tools/$(1)/
	npm ci --prefix .tools/$(1) --ignore-scripts --no-audit --no-fund
endef

$(PYTHON_READY): requirements/dev.txt pyproject.toml
	$(call install,$(VENV),requirements/dev.txt)
	$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q generator # also where PYTHONDONTWRITEBYTECODE is set: each run would compile anew
	@touch $@

.tools/lock/.ready .tools/release/.ready: .tools/%/.ready: requirements/%.txt
	$(call install,.tools/$*,requirements/$*.txt)
	@touch $@

$(SITE_READY): requirements/site.txt
	$(call install,.tools/site,requirements/site.txt)
	@touch $@

# kubeconform learns its version from the linker alone; the others read it from Go's build information.
# sops has a module of its own: beside it, kustomize would be built from other libraries than its own release.
$(TOOLS_READY): tools/go.mod tools/go.sum tools/sops/go.mod tools/sops/go.sum
	@echo "$(TOOLS): building kustomize, kubeconform, actionlint and sops with $$(go version)"
	@mkdir -p $(TOOLS)
	cd tools && go build -mod=readonly -trimpath -o "$(LLMSTACK_TOOLS)/" $(GO_MAINS)
	cd tools && version=$$(go list -mod=readonly -m -f '{{.Version}}' $(KUBECONFORM)) && \
	  go build -mod=readonly -trimpath -ldflags "-X main.version=$$version" -o "$(LLMSTACK_TOOLS)/" $(KUBECONFORM)/cmd/kubeconform
	cd tools/sops && go build -mod=readonly -trimpath -o "$(LLMSTACK_TOOLS)/" $(SOPS)
	@touch $@

# axe-core comes with npm, checked against the hash in the lock file; no script of a package is run. Chromium is the
# machine's own ($CHROMIUM names another): root on a machine with apt-get gets it installed.
$(HTML_READY): tests/html/package.json tests/html/package-lock.json
	@found=; for each in $${CHROMIUM:-chromium chromium-browser google-chrome google-chrome-stable}; do \
	  if command -v "$$each" >/dev/null; then found=1; fi; \
	done; \
	if [ -z "$$found" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq chromium; \
	elif [ -z "$$found" ]; then \
	  echo "make test-html needs Chromium: sudo apt-get install chromium (or CHROMIUM=/path/to/it)" >&2; exit 1; \
	fi
	$(call npm,html)
	@touch $@

# The language server, and what it is made of, by the hashes of the lock file.
$(EDITORS_READY): tests/editors/package.json tests/editors/package-lock.json
	$(call npm,editors)
	@touch $@
