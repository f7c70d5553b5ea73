# Everything that the project does, from a fresh clone, as any user. `make` alone lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
CACHE := .cache
READY := $(VENV)/.ready
# Two processes for each of a few cores, as half of the tests wait for Asterisk; one that has no tests left takes some of
# another's. PARALLEL= runs them one after the other.
CORES := $(shell nproc 2>/dev/null || echo 2)
PARALLEL ?= -n $(shell test $(CORES) -gt 4 && echo $(CORES) || echo $$((2 * $(CORES)))) --dist worksteal

.PHONY: attacks call-faults coverage slow-readers faults simulation help golden docs extension setup lint types check test test-again test-fast ci demo bench bench-beside bench-calls bench-million fuzz fuzz-fields fuzz-parsers hostile reboots soak asterisk asterisk-22 asterisk-16 clean format house words man units dist deb changes release install-test deb-test container-test pythons

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with astsync and what its checks need

$(READY): pyproject.toml .constraints.txt
	@test -n "$(PYTHON)" || { echo "astsync needs Python 3.11 or newer; name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { : Debian without python3-venv; \
	  $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m astsync.sandbox.debian pip $(VENV); }
	$(BIN)/pip install -q --upgrade -c .constraints.txt 'pip>=25.1'
	$(BIN)/pip install -q -c .constraints.txt -e . --group dev
	@touch $@

format: setup ## rewrite the code in its one style
	$(BIN)/ruff format astsync tests packaging
	$(BIN)/ruff check --fix astsync tests packaging

lint: setup ## ruff: style and faults
	$(BIN)/ruff format --check astsync tests packaging
	$(BIN)/ruff check astsync tests packaging

types: setup ## mypy, strict
	$(BIN)/mypy

check: lint types ## lint and types

# Where no Asterisk can be had the tests that need one skip aloud; under CI=true that is a failure.
test: setup ## the whole test suite, on real Asterisks
	@$(MAKE) --no-print-directory asterisk || test "$$CI" != true
	$(BIN)/pytest $(PARALLEL) --durations=40 --durations-min=4

# Not part of `make test`: watching each line doubles the time of the tests (24 against 46 s of CPU for 3,000 of them).
coverage: setup asterisk ## the whole test suite, and which lines it never ran; twice as long as make test
	$(BIN)/pytest $(PARALLEL) --cov --cov-report=term

test-fast: setup ## the quick unit tests, in under a minute: no Asterisk, no server, nothing slow
	$(BIN)/pytest $(PARALLEL) tests/unit -m "not server and not slow"
	@echo "NOT TESTED: what needs a server (-m server) or takes longer (-m slow) in tests/unit, and all other folders of tests/"

# Ten thousand tests over real servers on a machine that may stand still for seconds: what failed is played again, alone.
# A fault of the product fails again. A test that does not is named, and is to be mended.
ci: check ## what .ci/run calls
	@$(MAKE) --no-print-directory test || $(MAKE) --no-print-directory test-again

test-again: setup ## the tests that failed last, one after the other, up to the first that fails again
	@echo "PLAYED AGAIN, ALONE: what failed above. A test that passes now was in a hurry: it has a bound that a busy machine does not keep."
	$(BIN)/pytest -x -v --last-failed --last-failed-no-failures none

asterisk: asterisk-22 asterisk-16 ## bring Asterisk 22 and 16 from Debian into .cache, without root

asterisk-22 asterisk-16: asterisk-%:
	@$(PYTHON) -m astsync.sandbox.debian asterisk $* $(CACHE)/asterisk

golden: setup ## write the golden reports anew; git shows what changed
	ASTSYNC_GOLDEN=write $(BIN)/pytest tests/unit/test_reports.py

docs: setup ## write the tables of keys on the pages of help and examples/astsync.toml anew, from the descriptions in astsync/config
	$(BIN)/python -m tests.docs

extension: setup ## write examples/1c/extension anew, from the modules of the calls and the table of registers beside them
	$(BIN)/python -m tests.onec_extension

man: setup ## write the manual pages man/astsync.1 and man/ru/astsync.1 anew, from what --help says
	$(BIN)/python -m tests.man

words: setup ## collect the messages into the catalogue of astsync/locale, and compile it
	@$(BIN)/python -m tests.words

demo: setup ## the main job in a sandbox: a stand-in 1C and a private Asterisk
	@$(MAKE) --no-print-directory asterisk-22 || true
	@$(BIN)/astsync demo $(DEMO)

# Medians and ratios within one run: single figures of a shared machine say little. BENCH='--large --rounds 3' for more.
bench: setup asterisk-22 ## figures beside the limit of AMI, other clients, orjson and lxml, in some 15 minutes
	@$(BIN)/python -m tests.bench.bench_ami $(BENCH)
	@$(BIN)/python -m tests.bench.bench_sync $(BENCH)
	@$(BIN)/python -m tests.bench.bench_normalisation
	@$(BIN)/python -m tests.bench.bench_sources $(BENCH)
	@$(BIN)/python -m tests.bench.bench_faces $(BENCH)
	@$(MAKE) --no-print-directory bench-calls

# MILLION='--only start --only wire' measures parts of it, MILLION='--largest 100000' takes some 15 minutes less.
bench-million: setup asterisk-22 ## a million entries and ten PBXs at once: every goal beside its figure, in some 30 minutes
	@nice $(BIN)/python -m tests.bench.bench_million $(MILLION)

# BESIDE='--majors 22 --count 100000' is shorter; --help tells more.
bench-beside: setup asterisk ## how long a DBGet and a call wait while 1,000,000 entries are written and read, on each Asterisk
	@$(BIN)/python -m tests.bench.bench_beside $(BESIDE)

# CALLS='--php 1' plays all calls of the old way too; SERVING=--large takes 1,000,000 entries, in 10 minutes more;
# LIVE='--minutes 10' follows 50 calls a second for so long.
bench-calls: setup asterisk-22 ## calls that look up their caller, beside PHP, panoramisk and DB(), and with an ill 1C
	@$(BIN)/python -m tests.bench.bench_calls $(CALLS)
	@$(BIN)/python -m tests.bench.bench_serving $(SERVING)
	@$(BIN)/python -m tests.bench.bench_bad_onec
	@$(BIN)/python -m tests.bench.bench_live_calls $(LIVE)

# make test plays a share of these. SEED=1000 plays other seeds, WORKERS=2 fewer at a time; a failure prints the command
# that plays its seed alone, without the state machine.
faults: setup asterisk ## 1,000 runs struck by 19 kinds of faults on each Asterisk; the state machine at length
	@$(BIN)/python -m tests.faults --seeds $(or $(SEEDS),1000) --seed $(or $(SEED),0) --workers $(or $(WORKERS),6) \
	  --majors $(or $(MAJORS),22 16)
	@test "$(SEEDS)" = 1 || ASTSYNC_FAULTS=whole $(BIN)/pytest tests/faults/test_state_machine.py

# Each seed prints the same on every machine; a failure prints its own, and the command that tells all that happens in it.
simulation: setup ## some 1,000,000 runs in memory by a virtual clock, struck anywhere and then in step again; SEEDS=, SEED=
	@$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),190000) --seed $(or $(SEED),0)

# A fault prints the command that plays its lines again.
fuzz: setup ## 200,000 mutated lines through explain phone and explain name: no crash, no hang, constant memory
	@$(BIN)/python -m tests.fuzz --lines $(or $(LINES),200000) --seed $(or $(SEED),0) --first $(or $(FIRST),0)

fuzz-fields: setup ## 1,000,000 phone fields by the fast ways and by the slow one, which must give the same; FIELDS=, SEED=
	@$(BIN)/python -m tests.fuzz.fast_fields --fields $(or $(FIELDS),1000000) --seed $(or $(SEED),1)

# make test plays a share of these. ATTACKS='--only NAME' plays some, ATTACKS=--markdown prints Markdown; --help tells more.
attacks: setup ## over 800 hostile 1Cs, PBXs, disks and readers: time, memory, exit code and writes of each, in 30 minutes
	@$(BIN)/python -m tests.attacks $(ATTACKS)

# A fault prints the bytes, and the command that plays them alone. TARGET=csv plays one parser.
fuzz-parsers: setup ## 1,000,000 mutated inputs through every parser that reads from outside: no error but those documented
	@$(BIN)/python -m tests.fuzz.parsers --inputs $(or $(INPUTS),1000000) --seed $(or $(SEED),0) \
	  $(if $(TARGET),--target $(TARGET)) $(if $(INPUT),--input $(INPUT))

# make test plays 130 of them. SEED=7 mixes others.
hostile: setup asterisk ## 500 hostile names from 1C to a call, and hostile callers, on each Asterisk
	ASTSYNC_HOSTILE=$(or $(NAMES),500) ASTSYNC_HOSTILE_SEED=$(or $(SEED),0) $(BIN)/pytest tests/asterisk/test_hostile_text.py

reboots: setup asterisk ## seconds from "AMI answers again" to "family complete" over 20 restarts, in 3 minutes
	@$(BIN)/python -m tests.bench.bench_reboots $(BENCH)

call-faults: setup asterisk ## what each dialplan does to a call while astsync serve is stopped, killed, mute …: a table, in 2 minutes
	@$(BIN)/python -m tests.asterisk.call_faults

calls: setup asterisk ## 1,000 calls of ten kinds in each Asterisk, and the journal that 1C gets of them, in 8 minutes
	@for major in 22 16; do $(BIN)/python -m tests.asterisk.driven_calls $$major $(DRIVEN) || exit 1; done

slow-readers: setup asterisk ## 60,000 and 1,000,000 entries read over TLS by slowed readers: no list with holes is believed
	@$(BIN)/python -m tests.bench.bench_slow_readers $(BENCH)

soak: setup asterisk ## 24 hours of watch with a restart an hour, time compressed: nothing may leak, in 6 minutes
	@$(BIN)/python -m tests.soak $(SOAK)

units: setup ## what astsync setup installs, in a real systemd and by Debian's cron, in namespaces of their own; as root, in 4 minutes
	ASTSYNC_UNITS=1 $(BIN)/pytest tests/units -rs

dist: setup ## the sdist and the wheel, in dist
	$(BIN)/python -m hatchling build -d dist

# Needs debhelper, python3 and python3-venv of Debian; it is for the release of Debian that builds it.
deb: setup ## the Debian package, in dist
	@$(BIN)/python packaging/build_deb.py dist

changes: setup ## what CHANGELOG.md would get for the next version, out of .changes
	@$(BIN)/python packaging/changes.py

# RELEASE='--version 0.2.0' names the version, RELEASE='--write --sign KEY' makes it; --help tells more.
release: setup ## a release, as a dry run: the tree is clean, the changelog, all packages and SHA256SUMS in dist
	@$(BIN)/python packaging/release.py $(RELEASE)

install-test: setup ## pipx and uv install the wheel in an empty home, and the demo runs, in 2 minutes
	ASTSYNC_PACKAGES=install-test $(BIN)/pytest -rs tests/packages/test_installers.py

# As root, with debhelper, mmdebstrap and lintian.
deb-test: setup ## the Debian package in a clean Debian: install, upgrade, remove, purge, in 5 minutes
	ASTSYNC_PACKAGES=deb-test $(BIN)/pytest -rs tests/packages/test_deb.py

# As root, with podman, buildah, runc and mmdebstrap.
container-test: setup ## the container: built, run with a read-only root, asked whether it is healthy, in 5 minutes
	ASTSYNC_PACKAGES=container-test $(BIN)/pytest -rs tests/packages/test_container.py

# PYTHONS='3.14 3.15' plays others than those of pyproject.toml; PYTHONS=--all fails where one cannot be had.
pythons: setup ## the quick tests with each Python from 3.11 to 3.14: of PATH, of pyenv, or brought from Debian
	@$(BIN)/python -m tests.pythons $(CACHE)/pythons $(PYTHONS)

house: setup ## rooms, floors, arrows and circles of the code, names in two senses; HOUSE=FOLDER for another checkout
	@$(BIN)/python -m tests.house $(HOUSE)

clean: ## remove what the other targets made
	rm -rf $(VENV) $(CACHE) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
