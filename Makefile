# Every target sets up what it needs first; see tools/setup.sh.

SHELL := /bin/bash
WITH_ENV := source tools/env.sh &&
ARGS ?=
# One more than there are cores: many tests wait most of the time.
WORKERS ?= $(shell expr $$(nproc) + 1)
BAG ?=

.PHONY: faults help setup doctor session replay bag-check check-mutations test lint bench bench-desktop bench-hands bench-layout bench-learning bench-record bench-xr xr-test clean

help: ## Show the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## Set up everything below this directory.
	@tools/setup.sh

# Without set-up: it says what is missing of it.
doctor: ## Look at this machine, and say what to do before a session: installation, disk, network, display, headset.
	@if [ -e .venv/.ready ]; then source tools/env.sh; fi; \
	  PYTHONPATH="src:$${PYTHONPATH:-}" exec "$$([ -e .venv/.ready ] && echo .venv/bin/python || echo python3)" \
	  -m latentvr_session.doctor

session: setup ## Run a session. ARGS="dataset:=fashion_mnist gestures:=40"; ARGS=--help lists all arguments.
	@$(WITH_ENV) exec "$$_latentvr_install/lib/latentvr/run_session" $(ARGS)

bag-check: setup ## Say whether a recording is whole: messages, gaps, checksums. BAG=sessions/<name>/bag
	@$(WITH_ENV) exec python -m session_recorder.check $(if $(BAG),"$(BAG)")

replay: setup ## Train again from a session's bag, and compare bit for bit. BAG=<dir>; ARGS="without:=3" for "what if".
	@$(WITH_ENV) exec "$$_latentvr_install/lib/latentvr/replay_training" "$(BAG)" $(ARGS)

lint: setup ## Check style and types.
	@$(WITH_ENV) ruff format --check . && ruff check . && mypy

bench: setup ## Measure; each benchmark ends with one line of JSON, also in build/bench/.
	@$(WITH_ENV) for name in hot_paths idle session; do python "benchmarks/$$name.py" || exit 1; done

bench-learning: setup ## Measure the learning (an hour). ARGS="dataset:=<name or path> gestures:=40 seeds:=3" for your data.
	@$(WITH_ENV) python benchmarks/learning.py $(ARGS)

bench-hands: setup ## Measure hands to marks: looks, delays through the graph, gestures before devices that lie.
	@$(WITH_ENV) python benchmarks/hands.py $(ARGS)

bench-xr: setup ## Measure the bridge to the headset, on Monado.
	@$(WITH_ENV) python benchmarks/headset.py $(ARGS)

bench-desktop: setup ## Measure the window for labelling, drawn by the processor. ARGS="--items 70000" for other sizes.
	@$(WITH_ENV) python benchmarks/desktop.py $(ARGS)

bench-record: setup ## Measure the recorder: rate, losses, size by setting, compression, 50 kills. ARGS="--kills 5" for less.
	@$(WITH_ENV) python benchmarks/record.py $(ARGS)

faults: setup ## Run the matrix of faults, some hours. ARGS="--short" for a little of everything, "--only power_cuts" for a part.
	@$(WITH_ENV) python benchmarks/faults.py $(ARGS)

bench-layout: setup ## Measure the cloud without labels beside UMAP, and how it moves. ARGS="--items 5000" for a part.
	@$(WITH_ENV) python benchmarks/layout.py $(ARGS)

test: lint ## Check everything. ARGS="test/unit -k journal" for a part.
ifeq ($(ARGS),)
	@$(WITH_ENV) exec python -m pytest -n $(WORKERS)
else
	@$(WITH_ENV) exec python -m pytest $(ARGS)
endif

check-mutations: setup ## Take away the checks of messages one by one: each time a test has to fail. ARGS="gestures" for a part.
	@$(WITH_ENV) exec python tools/check_mutations.py $(ARGS)

xr-test: setup ## Check the bridge on a real OpenXR runtime without a headset (Monado; fetches it, 180 MB, once).
	@$(WITH_ENV) exec python -m pytest test/xr $(ARGS)

clean: ## Remove what was built; keeps sessions.
	rm -rf .venv build install log
