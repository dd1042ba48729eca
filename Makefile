# make demo and make test install what is missing, build and run. Everything is built in release: voxel loops are forty times
# slower without optimisation, and tests run the real programs.
SWIFT_BUILD = swift build -c release

.PHONY: setup build demo test measure format lint install clean

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

format:
	swift format --in-place --recursive --parallel Sources Tests netsim Package.swift

lint:
	swift format lint --strict --recursive --parallel Sources Tests netsim Package.swift

# Programs and profiles below PREFIX.
PREFIX ?= /usr/local
install: build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/fovea
	install .build/release/fovea .build/release/netsim $(DESTDIR)$(PREFIX)/bin/
	cp -R profiles $(DESTDIR)$(PREFIX)/share/fovea/

clean:
	swift package clean
