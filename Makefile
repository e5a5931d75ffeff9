# Everything there is to type. `make` alone lists it.
#
#   IQA=0      leave out pyiqa, whose licence is non-commercial; remembered until IQA=1
#   SLOW=1     `make test` also runs the tests marked slow
#   ALL=1      `make clean` also removes .venv
#   PYTHON=... make .venv with this interpreter, not with the first that is new enough

PYTHON   ?= python3 python3.13 python3.12 python3.11
CHOSEN   := $(shell cat .venv/.ready 2>/dev/null)
IQA      ?= $(or $(CHOSEN),1)
SLOW     ?= 0
comma    := ,
EXTRAS   := dev,dask$(if $(filter 1,$(IQA)),$(comma)iqa)

ifeq ($(filter 0 1,$(IQA)),)
$(error IQA=$(IQA): IQA takes 0 or 1)
endif
ifeq ($(filter 0 1,$(SLOW)),)
$(error SLOW=$(SLOW): SLOW takes 0 or 1)
endif

# Its hint about newer versions would need the network at every run.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench clean FORCE

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

setup: .venv/.ready ## make .venv and install everything into it (IQA=0: without pyiqa)
	@echo "ready: .venv (extras $(EXTRAS))"

demo: .venv/.ready ## build exposure pairs from the demo RAWs, degrade a picture twelve ways, restore one, train a tiny baseline and evaluate it
	@.venv/bin/build-dataset exposure --raw demo --out datasets/demo --workers 2
	@.venv/bin/pairsmith gallery --out datasets/demo-degraded.png
	@.venv/bin/pairsmith restore --model zssr --scale 2 --max-side 192 --time-limit 20 --limit 1 demo --out datasets/demo-restored --overwrite
	@.venv/bin/train-baseline demo --data datasets/demo --out runs/demo-baseline --overwrite
	@.venv/bin/evaluate --model identity --set datasets/demo:test --out runs/demo-identity --overwrite
	@.venv/bin/evaluate --model runs/demo-baseline/last --set datasets/demo:test --out runs/demo --overwrite
	@.venv/bin/pairsmith compare runs/demo-identity runs/demo
	@key=$$(.venv/bin/python -c 'import builders; print(builders.open_pairs("datasets/demo", split="train")[0].key)') && \
	printf '%s\n' '' 'Try next:' \
	  '  .venv/bin/pairsmith verify datasets/demo' \
	  "  .venv/bin/pairsmith rebuild datasets/demo $$key" \
	  '  .venv/bin/pairsmith configs' \
	  '  .venv/bin/build-dataset exposure --raw YOUR_RAW_FOLDER --out datasets/mine' \
	  '  .venv/bin/evaluate --model YOUR_MODEL.pth --set demo' \
	  '  .venv/bin/pairsmith restore --model YOUR_MODEL.pth YOUR_PICTURES --out restored'

test: check ## run the checks, then the tests (SLOW=1: the slow ones too)
	.venv/bin/python -m pytest -n 2 -q$(if $(filter 0,$(SLOW)), -m "not slow")

check: .venv/.ready ## lint, format and types: ruff, ruff format, pyright
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright

bench: .venv/.ready ## time builds, readers, resizing, degradations, metrics and networks beside their peers
	.venv/bin/python benchmarks/exposure.py
	.venv/bin/python benchmarks/reading.py
	.venv/bin/python benchmarks/resize.py
	.venv/bin/python benchmarks/pipelines.py
	.venv/bin/python benchmarks/metrics.py
	.venv/bin/python benchmarks/networks.py
	.venv/bin/python benchmarks/guided.py

clean: ## remove build products, caches and what the demo made (ALL=1: .venv too)
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis datasets/demo datasets/demo-raw datasets/demo-degraded.png datasets/demo-restored datasets/demo-pictures runs/demo runs/demo-identity runs/demo-baseline
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
	$(if $(filter 1,$(ALL)),rm -rf .venv)

# The stamp holds the choice made with IQA, and is as new as the pyproject.toml it was installed from.
# facexlib, which pyiqa needs, brings opencv-python beside opencv-python-headless. Both are `cv2`, the
# last one installed wins, and only the headless one loads on a machine without libGL and glib.
.venv/.ready: pyproject.toml $(if $(CHOSEN),$(if $(filter $(CHOSEN),$(IQA)),,FORCE)) | .venv/bin/python
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip
	@echo "installing pairsmith[$(EXTRAS)] into .venv: several GB at the first time, some minutes"
	@had=$$(.venv/bin/python -m pip show -qq pyiqa 2>/dev/null && echo 1 || echo 0); \
	if [ -t 1 ]; then quiet=; else quiet=-q; fi; \
	set -e; \
	.venv/bin/python -m pip install --disable-pip-version-check $$quiet -e '.[$(EXTRAS)]'; \
	if [ "$(IQA)$$had" = 01 ]; then .venv/bin/python -m pip uninstall -q -y pyiqa; fi; \
	.venv/bin/python -c 'import cv2' 2>/dev/null || \
	  .venv/bin/python -m pip install --disable-pip-version-check $$quiet --force-reinstall --no-deps opencv-python-headless; \
	if [ "$(IQA)$$had" = 10 ]; then printf '%s\n' \
	  'note: the perceptual metrics come from pyiqa, whose licence is non-commercial' \
	  '      (PolyForm Noncommercial 1.0.0, parts under the S-Lab License 1.0).' \
	  '      `make setup IQA=0` leaves it out; the core metrics work without it.'; fi
	@echo $(IQA) > $@

.venv/bin/python:
	@without_venv=; \
	for python in $(PYTHON); do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  if $$python -c 'import venv, ensurepip' 2>/dev/null; then \
	    echo "making .venv with $$python"; \
	    exec $$python -m venv --clear .venv; \
	  fi; \
	  without_venv=$$python; \
	done; \
	if [ -n "$$without_venv" ]; then \
	  echo "error: $$without_venv is new enough, but its module venv is missing." >&2; \
	  echo "       Install it (Debian, Ubuntu: apt-get install python3-venv) and repeat." >&2; \
	else \
	  echo "error: pairsmith needs Python 3.11 or newer; none of these is: $(PYTHON)." >&2; \
	  echo "       Install python3.11, 3.12 or 3.13 with its venv module" >&2; \
	  echo "       (Debian, Ubuntu: apt-get install python3 python3-venv)," >&2; \
	  echo "       or say where it is: make setup PYTHON=/path/to/python3" >&2; \
	fi; \
	exit 1
