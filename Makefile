# Everything here runs from a fresh clone with Python 3.11 or 3.12, git and make; `make` lists it.

VENV := .venv
BIN := $(VENV)/bin
UV := $(VENV)/uv/bin/uv
INSTALLED := $(VENV)/installed
JARS := .venv-jars

# What `make demo` simulates, and how many workers run the tests.
JOBS ?= 1000
DAYS ?= 30
WORKERS ?= 2

# The system's certificates, as pip takes them: a company's own authority is only known there.
CERTS := --system-certs
LOCK_FLAGS := $(CERTS) --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --quiet
CHECKED := src tests models benchmarks docs tools
# The fast tests: the statistics and the declarations, which need no engine and no MLflow.
FAST := tests/optimizer tests/tables --ignore tests/optimizer/unit/test_models_from_code.py

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

##@ Use it

.PHONY: demo
demo: $(INSTALLED) ## Simulate an account of 1000 jobs and run a night over it (no Java, no account)
	@test -e .rightrun/simulated/simulation.json || $(BIN)/rightrun simulate --jobs $(JOBS) --days $(DAYS)
	@$(BIN)/rightrun nightly

.PHONY: install
install: $(INSTALLED) ## Install into .venv what the lock says

##@ Change it

.PHONY: check
check: $(INSTALLED) ## Style, types, borders, generated files and the fast tests; under a minute
	@$(MAKE) -j2 --output-sync=target types style borders generated neutral fast

.PHONY: test
test: prerequisites ## The whole suite, both engines (Java 17, Chromium); then check on the other Python
	@$(MAKE) $(INSTALLED)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 15
	@$(MAKE) test-delta
	@$(MAKE) other-python

# What takes longest of tests/delta and tests/environment is left to test-nights.
NIGHTS := tests/delta/test_nights.py
LONG := --deselect $(NIGHTS)::test_after_maintenance_a_night_with_nothing_new_writes_its_log_alone \
	--deselect $(NIGHTS)::test_commands_answer_from_the_workspace \
	--deselect $(NIGHTS)::test_killed_nights_over_a_source_that_grows_come_to_the_same_end
TASKS := tests/environment/test_tasks.py

.PHONY: test-delta
test-delta: $(INSTALLED) jars ## Nights on Apache Spark with Delta Lake, over Spark Connect (Java 17, Maven)
	$(BIN)/python -m pytest tests/delta $(LONG) --durations 15
	$(BIN)/python -m pytest tests/environment --ignore $(TASKS) --durations 5

.PHONY: test-nights
test-nights: $(INSTALLED) jars ## The same with nights killed and with stages as tasks of serverless compute; then what has run is written down
	$(BIN)/python -m pytest tests/delta --record --durations 15
	$(BIN)/python -m pytest $(TASKS) --durations 5

.PHONY: format
format: $(INSTALLED) ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

.PHONY: docs
docs: $(INSTALLED) ## Write the generated pages again
	$(BIN)/python -m tools.pages
	$(BIN)/python -m benchmarks.pages
	$(BIN)/rightrun bundle generate

.PHONY: assets
assets: $(INSTALLED) ## Bundle again from npm what the dashboards at home give a browser (Node, npm)
	$(BIN)/python -m tools.assets

.PHONY: picture
picture: $(INSTALLED) ## Draw docs/pictures/nightly.svg from a real first night
	$(BIN)/python docs/pictures/draw.py

.PHONY: bench
bench: $(INSTALLED) ## First nights of 1,000 and 5,000 jobs beside DuckDB, nights of a day's news, answers, the truth
	$(BIN)/python -m benchmarks.speed.night --out benchmarks/results/night.json
	$(BIN)/python -m benchmarks.speed.answers --out benchmarks/results/answers.json
	$(BIN)/python -m benchmarks.speed.dashboard --out benchmarks/results/dashboard.json
	$(BIN)/python -m benchmarks.truth --out benchmarks/results/truth.json

.PHONY: soak
soak: $(INSTALLED) ## Nights killed and interrupted, alerts killed, exports damaged, rivals, appended days; 35 minutes
	$(BIN)/python -m benchmarks.soak --out benchmarks/results/soak.json

.PHONY: soak-delta
soak-delta: $(INSTALLED) jars ## Nights killed on Apache Spark with Delta Lake
	$(BIN)/python -m benchmarks.soak.delta --out benchmarks/results/soak_delta.json

.PHONY: bench-quality
bench-quality: $(INSTALLED) ## Forecasts and flags beside all peers, on DATA=a folder of runs_*.parquet and on simulated kinds; what a night said, and came
	$(BIN)/python -m benchmarks.quality.evaluation $(DATA) --out benchmarks/results/quality.json
	$(BIN)/python -m benchmarks.quality.published --out benchmarks/results/published.json
	$(BIN)/python -m benchmarks.quality.anomalies $(DATA) --out benchmarks/results/anomalies.json
	$(BIN)/python -m benchmarks.quality.incidents --out benchmarks/results/incidents.json
	$(BIN)/python -m benchmarks.quality.nights_flags --out benchmarks/results/nights_flags.json
	$(BIN)/python -m benchmarks.quality.alerts --out benchmarks/results/alerts.json
	$(if $(DATA),$(BIN)/python -m benchmarks.quality.alerts_logs $(DATA) --out benchmarks/results/alerts_logs.json)

.PHONY: bench-speed
bench-speed: $(INSTALLED) ## What the statistics of a job cost, up to 100,000 jobs, and beside AutoETS
	$(BIN)/python -m benchmarks.speed.forecast --out benchmarks/results/forecast.json

.PHONY: bench-scale
bench-scale: $(INSTALLED) jars ## Nights on Apache Spark with Delta Lake and two executors, beside Spark's own SQL (Java 17)
	$(BIN)/python -m benchmarks.scale --out benchmarks/results/scale.json

.PHONY: lock
lock: $(UV) ## Choose versions again, with hashes, for Python 3.11 and 3.12
	$(UV) pip compile $(LOCK_FLAGS) --extra local --extra peers --group dev --upgrade pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## Remove .venv, the demo's home and every cache
	rm -rf .venv .venv-* .rightrun dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: workspace
workspace: $(INSTALLED) jars ## A stand-in for a workspace, Apache Spark with Delta (Java 17), with ACCOUNT=a simulated one, until Ctrl-C
	$(BIN)/python -m tools.workspace $(ACCOUNT)

##@ The parts of check

.PHONY: style
style: $(INSTALLED) ## Format and lint rules
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)

.PHONY: types
types: $(INSTALLED) ## Strict types
	$(BIN)/mypy

.PHONY: borders
borders: $(INSTALLED) ## Who may import whom
	$(BIN)/lint-imports

.PHONY: generated
generated: $(INSTALLED) ## Whether the generated pages and the bundle are current and in order
	$(BIN)/python -m tools.pages --check
	$(BIN)/python -m benchmarks.pages --check
	$(BIN)/python -m tools.assets --check
	$(BIN)/rightrun bundle check

.PHONY: fast
fast: $(INSTALLED) ## The tests of the statistics and of the declarations
	$(BIN)/python -m pytest -q -n $(WORKERS) $(FAST)

# The brackets keep the patterns from finding themselves.
.PHONY: neutral
neutral: ## No package host and no path of somebody's machine in any file
	@! grep -nE '://|--([e]xtra-)?[i]ndex-url|--[f]ind-links' requirements.lock requirements-uv.lock
	@! grep -rnIiE '[p]ypi\.org|[p]ythonhosted' . --exclude-dir=.git --exclude=.git --exclude-dir='.venv*' --exclude-dir='.*_cache'
	@! grep -rnIE '(^|[^.A-Za-z0-9_~>}-])/(hom[e]|roo[t]|User[s]|wor[k]|op[t])/[A-Za-z0-9_.]' . \
		--exclude-dir=.git --exclude=.git --exclude-dir='.venv*' --exclude-dir=.rightrun --exclude-dir='.*_cache' \
		--exclude-dir=.hypothesis --exclude-dir=__pycache__

.PHONY: prerequisites
prerequisites: ## Java 17 and Chromium: installed by apt-get for root, else the command that does it
	@VENV="$(VENV)" PYTHON="$(PYTHON)" .ci/prerequisites

# What a laptop's other Python would do differently: the fast tests, and a first night of a small account.
.PHONY: other-python
other-python: $(INSTALLED) ## make check and a small night on the other of Python 3.11 and 3.12, where it is at hand
	@other=$$($(BIN)/python -c 'import sys; print("3.11" if sys.version_info[:2] == (3, 12) else "3.12")'); \
	newest=$$(pyenv versions --bare 2> /dev/null | grep "^$$other\\.[0-9]*$$" | sort -V | tail -n 1); \
	for python in python$$other "$$(pyenv prefix "$$newest" 2> /dev/null)/bin/python"; do \
		if $$python -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$$other')" 2> /dev/null; \
		then exec $(MAKE) VENV=.venv-$$other PYTHON=$$python check night; fi; \
	done; \
	echo "Python $$other is not at hand: nothing was run on it."

.PHONY: night
night: $(INSTALLED) ## A first night of a small account, in a folder that vanishes
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(BIN)/rightrun simulate --jobs 20 --days 10 --out "$$folder/account" > /dev/null && \
	$(BIN)/rightrun nightly --source "simulated:$$folder/account" --home "$$folder/home" > /dev/null && \
	$(BIN)/rightrun show quality --home "$$folder/home" > /dev/null && \
	echo "A night runs on $$($(BIN)/python -V)"

# uv stands apart from what it installs, so that nothing it removes is itself.
$(VENV)/pyvenv.cfg:
	@for python in $(PYTHON) python3.12 python3.11 python3; do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2> /dev/null; \
		then echo "Python: $$python"; exec $$python -m venv $(VENV); fi; \
	done; \
	echo "RightRun needs Python 3.11 or 3.12 with its venv module, and none of" $(PYTHON) "python3.12," \
		"python3.11 and python3 is that (on Debian: apt-get install python3 python3-venv)." >&2; exit 2

$(UV): requirements-uv.lock | $(VENV)/pyvenv.cfg
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --no-deps \
		--require-hashes --only-binary :all: --target $(VENV)/uv -r requirements-uv.lock
	@touch $@

$(INSTALLED): requirements.lock pyproject.toml $(UV)
	$(UV) pip sync $(CERTS) --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --python $(BIN)/python --quiet --offline --no-deps --no-build-isolation --editable .
	@touch $@

# Delta's jars: by their coordinates, and only those with the hashes that are written down.
.PHONY: jars
jars: $(JARS)/fetched
$(JARS)/fetched: tools/workspace/pom.xml tools/workspace/jars.sha256
	@rm -rf $(JARS)
	mvn --quiet --batch-mode --file tools/workspace/pom.xml dependency:copy-dependencies -DoutputDirectory="$$PWD/$(JARS)"
	cd $(JARS) && sha256sum --check --strict --quiet "$$OLDPWD/tools/workspace/jars.sha256"
	@touch $@

##@ Help

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
