# Two commands: `make run` and `make test`. Everything is installed into .venv from the lock file.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEV_STAMP := .venv/.installed-dev

.PHONY: run test check bench bench-growth bench-analysis bench-ingest bench-counting bench-formats bench-redaction fuzz eval install lock format docs clean

run: $(STAMP) ## import what is on this machine, analyse it, serve it
	@$(BIN)/debrief run

install: $(STAMP) ## make .venv alone

test: $(DEV_STAMP) ## all tests
	$(BIN)/pytest -n auto

check: $(DEV_STAMP) ## format, lint, types, imports, house tests and the fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -n auto -m "not slow"

format: $(DEV_STAMP) ## rewrite in our style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV_STAMP) ## write the generated documentation
	$(BIN)/python -c "from debrief.analysis.catalogue import catalogue_markdown; print(catalogue_markdown(), end='')" > docs/detectors.md

bench: $(DEV_STAMP) ## the lists beside what the machine can do; SESSIONS=100000 OUT=rows.json DATABASE=sqlite QUICK=1
	$(BIN)/python bench/lists.py $(if $(SESSIONS),--sessions $(SESSIONS)) $(if $(OUT),--out $(OUT)) \
		$(if $(DATABASE),--database $(DATABASE)) $(if $(QUICK),--quick)

bench-growth: $(DEV_STAMP) ## what grows with the number of sessions; SIZES=10000,100000 OUT=growth.json DATABASE=sqlite
	$(BIN)/python bench/growth.py $(if $(SIZES),--sizes $(SIZES)) $(if $(OUT),--out $(OUT)) \
		$(if $(DATABASE),--database $(DATABASE))

eval: $(DEV_STAMP) ## how good the analysis is; DATA=folder SPLIT=val OUT=rows.json TOLD=1
	@$(BIN)/python bench/quality/run.py $(if $(DATA),--data $(DATA)) $(if $(SPLIT),--split $(SPLIT)) \
		$(if $(OUT),--out $(OUT)) $(if $(TOLD),--told)

bench-ingest: $(DEV_STAMP) ## what an import costs; SESSIONS=2000 PEERS="agentsview ccusage" WRITE=docs/performance.md
	$(BIN)/python bench/ingest.py $(if $(SESSIONS),--sessions $(SESSIONS)) $(foreach peer,$(PEERS),--peer $(peer)) \
		$(if $(WRITE),--write $(WRITE))

bench-counting: $(DEV_STAMP) ## tokens counted by us and by others, where the truth is known; INSTALL=1 OUT=docs/counting.md
	$(BIN)/python bench/counting.py $(if $(INSTALL),--install) $(if $(OUT),--out $(OUT))

bench-analysis: $(DEV_STAMP) ## how many sessions a second are analysed, and whether that is linear in events
	$(BIN)/python bench/analysis.py

bench-redaction: $(DEV_STAMP) ## how many megabytes a second are cleaned of secrets; TEXT=folder
	$(BIN)/python bench/redaction.py $(TEXT)

bench-formats: $(DEV_STAMP) ## what becomes of each transcript in a folder, format by format; DATA=folder
	@$(BIN)/python bench/formats.py --data $(DATA)

fuzz: $(DEV_STAMP) ## break transcripts and read them; DATA=folder CASES=20000 SEED=1
	$(BIN)/python bench/fuzz.py $(if $(DATA),--data $(DATA)) $(if $(CASES),--cases $(CASES)) $(if $(SEED),--seed $(SEED))

lock: $(DEV_STAMP) ## resolve the dependencies again
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--quiet --upgrade pyproject.toml --extra postgres --group dev -o requirements-dev.lock
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--quiet --constraint requirements-dev.lock pyproject.toml --group build -o requirements.lock

clean:
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Debrief needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

$(STAMP): .venv/bin/python requirements.lock pyproject.toml
	@echo "Installing the locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
