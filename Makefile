# make demo and make test install what is missing (ONNX Runtime's library too), build and run. Everything is built in release: voxel loops are forty times
# slower without optimisation, and tests run the real programs.
SWIFT_BUILD = swift build -c release
BENCHMARK_BUILD = FOVEA_BENCHMARKS=1 $(SWIFT_BUILD) --scratch-path Benchmarks/.build

.PHONY: setup build demo test screenshots focus measure rates sizes experiments virtual-against-real snakemake bench bench-transport bench-paths kills crowd flood fuzz mutants train tune train-test format lint check check-sources check-python check-page docs install clean

setup:
	@Scripts/setup.sh

build: setup
	$(SWIFT_BUILD) --product fovea
	$(SWIFT_BUILD) --product fovea-decoder
	$(SWIFT_BUILD) --product netsim

demo: build
	.build/release/fovea demo --out demo-out

test: setup
	python3 Scripts/mutants/mutants.py --check
	Scripts/check_page.sh --may-skip
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --no-parallel

# The pictures of the view in Docs/images, by a headless Chromium.
screenshots: build
	python3 Scripts/screenshots.py

# How soon a box is shown that was asked for in the middle of a transfer.
focus: build
	python3 Scripts/focus.py

# The figures in the README and in Docs/Measurements.md.
measure: build
	python3 Scripts/measure.py

# How soon a region is shown and a volume exact by the rate of the link, beside one POST: make rates VOLUME=flair.nii.gz MASK=labels.nii.gz
rates: build
	python3 Scripts/rates.py "$(VOLUME)" $(if $(MASK),--mask "$(MASK)") --figure rates.svg

# Narrow, rebinding and long paths: seconds to the region and to every bit, and what the sender says of them (VOLUME=, MASK=, RUNS=, ONLY=).
bench-paths: build
	python3 Scripts/paths.py $(VOLUME) $(if $(MASK),--mask "$(MASK)") $(if $(RUNS),--runs $(RUNS)) $(if $(ONLY),--only '$(ONLY)')

# What volumes of a gigabyte take of memory and time; 5 GB of disk, half an hour.
sizes: build
	python3 Scripts/sizes.py

# Every experiment that comes with the program, in virtual time (DATA=folder for volumes and traces of one's own); reports below experiment-out.
EXPERIMENTS ?= $(basename $(notdir $(wildcard profiles/experiments/*.yaml)))
experiments: build
	for name in $(EXPERIMENTS); do .build/release/fovea experiment $$name --virtual --out experiment-out/$$name $(if $(DATA),--data "$(DATA)") || exit; done

# The same transfers in virtual time and over sockets, side by side; fails where they differ by more than a tenth.
virtual-against-real: build
	python3 Scripts/virtual_against_real.py

# Snakemake, to spread an experiment over cores or a cluster (Scripts/experiments/Snakefile says how).
snakemake: Scripts/experiments/.venv/.installed
Scripts/experiments/.venv/.installed: Scripts/experiments/requirements.txt
	python3 -m venv Scripts/experiments/.venv
	Scripts/experiments/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# Fovea's exact end against other coders, on a folder of volumes (make bench DATA=folder). Those that are not installed are left out; Debian has them:
# libjxl-tools libopenjp2-tools x265 xz-utils zstd.
bench: build
	FOVEA_BENCH=1 Scripts/setup.sh
	$(BENCHMARK_BUILD) --product codec-benchmark
	Benchmarks/.build/release/codec-benchmark "$(or $(DATA),../shared/data/volumes)" --fovea .build/release/fovea --out codecs.json

# Fovea's transport beside TCP CUBIC and BBR and SRT's file mode, over the same simulated links (SUITES="goodput burst fair steps traces"; PEERS=fovea for
# it alone). TCP needs root; SRT's file mode Debian's srt-tools.
PEERS ?= fovea,cubic,bbr,srt-file
bench-transport: build
	FOVEA_BENCH=1 Scripts/setup.sh
	$(BENCHMARK_BUILD) --product transport-benchmark
	python3 Benchmarks/transport.py --peers $(PEERS) $(SUITES) --out transport.json

# Twenty transfers whose ends are killed and whose links are cut at random; every one has to end exact.
kills: build
	python3 Scripts/kills.py

# How a transfer fares beside three heavy sessions, and beside fifteen hostile ones, against alone.
crowd: build
	python3 Scripts/crowd.py

# Handshakes that nobody can complete, at rates up to 3.5 Mbit/s, beside an honest sender; fails where they cost more than the bounds in the script.
flood: build
	python3 Scripts/flood.py

# Ten minutes for each of the parsers of what a peer or a disk hands over, by libFuzzer and AddressSanitizer: coders of exact voxels, sessions with right
# digests, journals, datagrams, and HEVC through the process that decodes. They begin from seeds the program makes, and from what was found before. Leaks are not
# looked for: Swift reaches weak references by shifted pointers.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= exact receiving journal datagrams worker
fuzz: build
	for target in $(FUZZ_TARGETS); do FOVEA_FUZZERS=1 $(SWIFT_BUILD) --scratch-path Fuzz/.build --product fuzz-$$target \
	  --sanitize address -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld || exit; done
	cd Fuzz && for target in $(FUZZ_TARGETS); do \
	  .build/release/fuzz-$$target --seeds .build/seeds/$$target && mkdir -p .build/corpus/$$target Corpus/$$target && \
	  .build/release/fuzz-$$target .build/corpus/$$target .build/seeds/$$target Corpus/$$target -max_total_time=$(FUZZ_SECONDS) \
	    -max_len=16384 -timeout=180 -detect_leaks=0 -print_final_stats=1 || exit; done

# Small faults, made one at a time in a copy below .build, and which of them no test notices: Scripts/mutants/README.md. ONLY=REGEX makes some of them;
# CHECK=1 builds nothing and only sees that the tables fit the sources.
mutants:
	$(if $(CHECK),,Scripts/setup.sh)
	python3 Scripts/mutants/mutants.py $(if $(CHECK),--check) $(if $(ONLY),--only '$(ONLY)')

# Trains a segmenter: on a BraTS 2020 folder (make train DATA=folder), or without one on generated heads. PRESET is robust or published.
# Everything below goes into training/.venv and training-out.
PRESET ?= robust
MINUTES ?=
PYTHON = training/.venv/bin/python

training/.venv/.installed: training/requirements.txt
	python3 -m venv training/.venv
	training/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# What fine-tuning may read: lgg/*_flair.nii.gz and heads/*; see training/README.md, "Real texture".
FOVEA_DATA ?= ../shared/data
IMAGES = $(if $(wildcard $(FOVEA_DATA)/lgg),--data "$(abspath $(FOVEA_DATA))")
TUNE = -m fovea_training.tune $(IMAGES) --threads 1

train: training/.venv/.installed
	cd training && ../$(PYTHON) -m fovea_training.train --preset $(PRESET) --out ../training-out $(if $(DATA),--data "$(abspath $(DATA))") $(if $(MINUTES),--minutes $(MINUTES))
	cd training && ../$(PYTHON) -m fovea_training.export ../training-out --name $(PRESET) --out ../training-out

# The recipe of the shipped models on the images of FOVEA_DATA, from START, the model of generated heads alone (what `make train` makes): two rounds of fine-tuning, the first without
# real whole heads, and a model that finds the brain first. Verdicts are then calibrated on those that did not train: training/README.md, "Judging and calibrating".
START ?= training-out/start.onnx
THRESHOLD ?= 0.5
UNSURE_BELOW ?= 0.962
training-out/start.onnx:
	mkdir -p training-out
	git show 0c7c49d:models/flair-unet.onnx > $@

tune: training/.venv/.installed $(START)
	cd training && ../$(PYTHON) $(TUNE) --start "$(abspath $(START))" --out ../training-out/round-1 --steps 600 --seed 1 --no-heads --workers 1
	cd training && ../$(PYTHON) $(TUNE) --start ../training-out/round-1/last.pt --out ../training-out/round-2 --steps 600 --seed 2
	cd training && ../$(PYTHON) $(TUNE) --brain --out ../training-out/brain-1 --steps 2000 --seed 1
	cd training && ../$(PYTHON) $(TUNE) --brain --start ../training-out/brain-1/last.pt --out ../training-out/brain-2 --steps 500 --seed 2 --rate 0.001 --rounded 0.7
	cd training && ../$(PYTHON) $(TUNE) --brain --start ../training-out/brain-2/last.pt --out ../training-out/brain --steps 450 --seed 3 --rate 0.001 --rounded 0.5 \
	  --whole 0.5 --bare 0.9
	cd training && ../$(PYTHON) -m fovea_training.export ../training-out/brain --name brain-unet --finds brain --out ../training-out
	cd training && ../$(PYTHON) -m fovea_training.export ../training-out/round-2 --name flair-unet --first ../training-out/brain-unet.onnx \
	  --threshold $(THRESHOLD) --unsure-below $(UNSURE_BELOW) --out ../training-out

# The training's tests, and a quarter of a minute of training on generated slices, which fails unless the loss falls.
train-test: training/.venv/.installed
	cd training && ../$(PYTHON) -m pytest -q tests && ../$(PYTHON) -m fovea_training.train --smoke

format:
	swift format --in-place --recursive --parallel Sources Tests netsim Benchmarks Fuzz Examples Package.swift

# Python's layout, faults that can be seen without running it, and its types.
Scripts/.venv-check/.installed: Scripts/requirements-check.txt
	python3 -m venv Scripts/.venv-check
	Scripts/.venv-check/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

check-python: Scripts/.venv-check/.installed
	Scripts/.venv-check/bin/ruff check --quiet --output-format concise
	Scripts/.venv-check/bin/ruff format --check --quiet
	Scripts/.venv-check/bin/mypy --no-error-summary

# What no test sees: format, imports that a target does not declare, lengths, prose; and Python.
check-sources: lint check-python
	python3 Scripts/check.py
	python3 Scripts/mutants/mutants.py --check

# The page's modules: their types, and the tests of those that need no browser.
check-page:
	Scripts/check_page.sh

# The library's pages, in .build/docs.
docs: build
	Scripts/docs.sh

# All of these, then netsim as the package of its own that it is, and the benchmarks.
check: setup check-sources check-page docs
	swift build -c release --package-path netsim
	FOVEA_BENCH=1 Scripts/setup.sh
	$(BENCHMARK_BUILD) --product codec-benchmark
	$(BENCHMARK_BUILD) --product transport-benchmark

lint:
	swift format lint --strict --recursive --parallel Sources Tests netsim Benchmarks Fuzz Examples Package.swift

# Programs, profiles and the view's page below PREFIX.
PREFIX ?= /usr/local
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/fovea $(DESTDIR)$(PREFIX)/lib/fovea
	install .build/release/fovea .build/release/netsim $(DESTDIR)$(PREFIX)/bin/
	install .build/release/fovea-decoder $(DESTDIR)$(PREFIX)/lib/fovea/
	cp -R profiles models $(DESTDIR)$(PREFIX)/share/fovea/
	install -d $(DESTDIR)$(PREFIX)/share/fovea/view $(DESTDIR)$(PREFIX)/share/fovea/niivue
	install -m 644 $(filter-out %.d.ts,$(wildcard Sources/LiveView/Page/*)) $(DESTDIR)$(PREFIX)/share/fovea/view/
	install -m 644 .niivue/* $(DESTDIR)$(PREFIX)/share/fovea/niivue/
	if [ -f .onnxruntime/libonnxruntime.so ]; then install -m 644 .onnxruntime/* $(DESTDIR)$(PREFIX)/lib/fovea/; fi

clean:
	swift package clean
