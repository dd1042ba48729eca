# make demo and make test install what is missing (ONNX Runtime's library too), build and run. Everything is built in release: voxel loops are forty times
# slower without optimisation, and tests run the real programs.
SWIFT_BUILD = swift build -c release

.PHONY: setup build demo test measure train train-test format lint install clean

setup:
	@Scripts/setup.sh

build: setup
	$(SWIFT_BUILD) --product fovea
	$(SWIFT_BUILD) --product netsim

demo: build
	.build/release/fovea demo --out demo-out

test: setup
	$(SWIFT_BUILD) --build-tests
	swift test -c release --skip-build --no-parallel

# The figures in the README and in Docs/Measurements.md.
measure: build
	python3 Scripts/measure.py

# Trains a segmenter: on a BraTS 2020 folder (make train DATA=folder), or without one on generated heads. PRESET is robust or published.
# Everything below goes into training/.venv and training-out.
PRESET ?= robust
MINUTES ?=
PYTHON = training/.venv/bin/python

training/.venv/.installed: training/requirements.txt
	python3 -m venv training/.venv
	training/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

train: training/.venv/.installed
	cd training && ../$(PYTHON) -m fovea_training.train --preset $(PRESET) --out ../training-out $(if $(DATA),--data "$(abspath $(DATA))") $(if $(MINUTES),--minutes $(MINUTES))
	cd training && ../$(PYTHON) -m fovea_training.export ../training-out --name $(PRESET) --out ../training-out

# The training's tests, and a quarter of a minute of training on generated slices, which fails unless the loss falls.
train-test: training/.venv/.installed
	cd training && ../$(PYTHON) -m pytest -q tests && ../$(PYTHON) -m fovea_training.train --smoke

format:
	swift format --in-place --recursive --parallel Sources Tests netsim Package.swift

lint:
	swift format lint --strict --recursive --parallel Sources Tests netsim Package.swift

# Programs and profiles below PREFIX.
PREFIX ?= /usr/local
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/fovea $(DESTDIR)$(PREFIX)/lib/fovea
	install .build/release/fovea .build/release/netsim $(DESTDIR)$(PREFIX)/bin/
	cp -R profiles models $(DESTDIR)$(PREFIX)/share/fovea/
	if [ -f .onnxruntime/libonnxruntime.so ]; then install -m 644 .onnxruntime/* $(DESTDIR)$(PREFIX)/lib/fovea/; fi

clean:
	swift package clean
