#!/usr/bin/env python3
"""Makes small faults in a copy of the project, one at a time, and says which of them the tests notice.

Usage: Scripts/mutants/mutants.py [--check] [--list] [--only REGEX] [--tree FOLDER] [--no-build] [--json FILE]

The faults are in the tables beside this script (*.toml; README.md there says how one is written). All faults of Swift sources go
into one build: each is a branch that the environment variable FOVEA_MUTANT chooses, and the programs that the tests start read it
too, also those without an environment of their own (they ask their parents'). Faults of files that are read when the program runs
(the page, profiles) are put in and taken out again.

A fault is killed when a test of its suites fails with it, and survives when all pass. Exit 1 when one survives, when one does not
fit the sources (exactly one place has to match) or does not compile; 69 when the tests fail without any fault, since then nothing
can be said.
"""

import argparse
import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator

from faults import SWITCH, Mutant, Place, TableError, mutated, places, read_tables

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Not in the repository, but needed to build and run.
FETCHED = [".niivue", ".onnxruntime", "Package.resolved"]
SOURCES = ("Sources/", "Tests/", "netsim/")
SWITCH_FOLDER = "Sources/MutantSwitch"

# A library of its own, linked with every program. Decoders are started without an environment and cannot read a file later, so it
# is looked up before main.
SWITCH_SOURCE = """
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int chosen = -1;

static int from_environment_of(int process) {
    char path[64], bytes[65536];
    snprintf(path, sizeof path, "/proc/%d/environ", process);
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    size_t count = fread(bytes, 1, sizeof bytes - 1, file);
    fclose(file);
    bytes[count] = 0;
    for (char *entry = bytes; entry < bytes + count; entry += strlen(entry) + 1)
        if (!strncmp(entry, "FOVEA_MUTANT=", 13)) return atoi(entry + 13);
    return -1;
}

static int parent_of(int process) {
    char path[64];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1) parent = 0;
    fclose(file);
    return parent;
}

__attribute__((constructor)) static void choose(void) {
    const char *value = getenv("FOVEA_MUTANT");
    if (value) chosen = atoi(value);
    for (int process = getppid(); chosen < 0 && process > 1; process = parent_of(process)) chosen = from_environment_of(process);
}

bool fovea_mutant_is_on(int number) { return chosen == number; }
"""
SWITCH_DECLARATION = f'@_silgen_name("{SWITCH}")\nfunc {SWITCH}(_ number: CInt) -> Bool\n'


class Tree:
    """The copy: sources with all faults in them, built once."""

    def __init__(self, path: str) -> None:
        self.path = path

    def lay_out(self, found: dict[str, list[Place]]) -> None:
        """Copies the project, changed files alone, so that a second build is a short one."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
        names = {name for name in listed.stdout.split("\0") if name and os.path.isfile(os.path.join(PROJECT, name))}
        modules: set[str] = set()
        for name in sorted(names):
            with open(os.path.join(PROJECT, name), "rb") as file:
                content = file.read()
            if name in found and name.endswith(".swift"):
                content = mutated(content.decode(), found[name]).encode()
                modules.add(module_folder(name))
            if name == "Package.swift":
                content = with_switch(content)
            self.put(name, content)
            shutil.copymode(os.path.join(PROJECT, name), os.path.join(self.path, name))
        for folder in modules:
            name = f"{folder}/MutantSwitch.swift"
            self.put(name, SWITCH_DECLARATION.encode())
            names.add(name)
        for name, source in (("switch.c", SWITCH_SOURCE), ("include/switch.h", "")):
            self.put(f"{SWITCH_FOLDER}/{name}", source.encode())
            names.add(f"{SWITCH_FOLDER}/{name}")
        for folder, _, files in os.walk(self.path):
            for file_name in files:
                name = os.path.relpath(os.path.join(folder, file_name), self.path)
                if name.startswith(SOURCES) and name not in names and "__pycache__" not in name:
                    os.unlink(os.path.join(self.path, name))
        for name in FETCHED:
            there, here = os.path.join(PROJECT, name), os.path.join(self.path, name)
            if os.path.isdir(there) and not os.path.exists(here):
                shutil.copytree(there, here)
            elif os.path.isfile(there) and not os.path.exists(here):
                shutil.copy(there, here)

    def put(self, name: str, content: bytes) -> None:
        path = os.path.join(self.path, name)
        try:
            with open(path, "rb") as file:
                if file.read() == content:
                    return
        except OSError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def build(self) -> list[str]:
        """The compiler's errors, none when all is built."""
        done = subprocess.run(
            ["swift", "build", "-c", "release", "--build-tests"], cwd=self.path, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return []
        errors = sorted({line for line in done.stdout.splitlines() + done.stderr.splitlines() if "error:" in line})
        return errors or [f"error: {(done.stdout + done.stderr)[-2000:]}"]

    def blamed(self, errors: Iterable[str], found: dict[str, list[Place]]) -> set[str]:
        """The faults that do not compile: those on a line with an error."""
        blamed: set[str] = set()
        for error in errors:
            where = re.match(r"(\S+\.swift):(\d+):", error)
            if not where:
                continue
            name = os.path.relpath(where[1], self.path)
            try:
                with open(os.path.join(self.path, name), encoding="utf-8") as file:
                    lines = file.read().splitlines()
            except OSError:
                continue
            line = lines[int(where[2]) - 1] if int(where[2]) <= len(lines) else ""
            numbers = {int(number) for number in re.findall(SWITCH + r"\((\d+)\)", line)}
            blamed |= {place.mutant.id for place in found.get(name, []) if place.mutant.number in numbers}
        return blamed


def with_switch(manifest: bytes) -> bytes:
    """The package with the switch linked to every library. Warnings are allowed: a branch that is never taken may earn one."""
    for old, new in (
        (b".treatAllWarnings(as: .error),", b""),
        (b"// C libraries", b'.target(name: "MutantSwitch"),'),
        (b".target(name: name, dependencies: dependencies,", b'.target(name: name, dependencies: dependencies + ["MutantSwitch"],'),
    ):
        if manifest.count(old) != 1:
            raise TableError(f"Package.swift: not one place for {old.decode()}")
        manifest = manifest.replace(old, new)
    return manifest


def module_folder(name: str) -> str:
    """The folder of a source's module."""
    parts = name.split("/")
    return "/".join(parts[:3] if parts[0] == "netsim" else parts[:2])


@dataclasses.dataclass
class Run:
    """The result of a run of some suites."""

    passed: bool
    # Tests that ran and were not skipped.
    count: int
    seconds: float
    # The first test that failed, or why there is no result.
    note: str
    timed_out: bool = False


def run_suites(tree: str, suites: str, limit: float, number: int = 0, is_baseline: bool = False) -> Run:
    environment = {key: value for key, value in os.environ.items() if key != "FOVEA_MUTANT"}
    if number:
        environment["FOVEA_MUTANT"] = str(number)
    began = time.monotonic()
    # The tests' own program: `swift test` would think for seconds before each fault.
    program = os.path.join(tree, ".build", "release", "FoveaPackageTests.xctest")
    process = subprocess.Popen(
        [program, "--testing-library", "swift-testing", "--no-parallel", "--filter", suites],
        cwd=tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    alarm = threading.Timer(limit, kill_all, [process])
    alarm.start()
    lines: list[str] = []
    failed = False
    for line in process.stdout or []:
        lines.append(line)
        # One failure is enough: the rest of the suites would tell nothing more.
        if " recorded an issue" in line and not is_baseline:
            failed = True
            break
    alarm.cancel()
    seconds = time.monotonic() - began
    if failed:
        kill_all(process)
    code = process.wait()
    # What a test that crashed has left behind.
    kill_all(process)
    output = "".join(lines)
    if not failed and seconds >= limit:
        return Run(False, 0, seconds, f"did not end within {limit:.0f} s", timed_out=True)
    total = sum(int(count) for count in re.findall(r"Test run with (\d+) tests?", output))
    skipped = len(set(re.findall(r"^. Test (.+?) skipped", output, re.MULTILINE)))
    passed = code == 0 and not failed
    return Run(passed, total - skipped, seconds, "" if passed else failure(output))


def kill_all(process: subprocess.Popen[str]) -> None:
    """Ends a process and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def failure(output: str) -> str:
    failed = re.search(r"^. Test (.+?) recorded an issue", output, re.MULTILINE) or re.search(
        r"^. Test (.+?) failed", output, re.MULTILINE
    )
    if failed:
        return failed[1]
    crash = re.search(r"^.*(Fatal error|unexpected signal|Exited with).*$", output, re.MULTILINE)
    return crash[0].strip()[:160] if crash else (output.strip().splitlines() or ["no output"])[-1][:160]


@dataclasses.dataclass
class Outcome:
    mutant: Mutant
    result: str
    note: str
    seconds: float


class Session:
    """Runs the suites of one fault after the other."""

    def __init__(self, tree: Tree, found: dict[str, list[Place]]) -> None:
        self.tree = tree
        self.places = {place.mutant.id: place for entries in found.values() for place in entries}
        self.baselines: dict[str, Run] = {}

    def baseline(self, suites: str) -> Run:
        if suites not in self.baselines:
            self.baselines[suites] = run_suites(self.tree.path, suites, 900, is_baseline=True)
        return self.baselines[suites]

    def outcome(self, mutant: Mutant) -> Outcome:
        before = self.baseline(mutant.suites)
        if not before.passed:
            return Outcome(mutant, "unclear", f"fails without any fault: {before.note}", 0)
        if before.count == 0:
            return Outcome(mutant, "unclear", f"no test of {mutant.suites} ran", 0)
        limit = 120 + 5 * before.seconds
        if mutant.is_compiled:
            run = run_suites(self.tree.path, mutant.suites, limit, mutant.number)
        else:
            place = self.places[mutant.id]
            with open(os.path.join(PROJECT, mutant.file), encoding="utf-8") as file:
                text = file.read()
            try:
                self.tree.put(mutant.file, mutated(text, [place]).encode())
                run = run_suites(self.tree.path, mutant.suites, limit)
            finally:
                self.tree.put(mutant.file, text.encode())
        # A machine that is busy with other things is no proof of a fault.
        return Outcome(mutant, "unclear" if run.timed_out else "survived" if run.passed else "killed", run.note, run.seconds)


def built(tree: Tree, mutants: list[Mutant]) -> tuple[dict[str, list[Place]], dict[str, str]]:
    """Builds the copy, without what does not compile; what that is, and why."""
    refused: dict[str, str] = {}
    # An error in one module hides those of all that import it.
    for _ in range(20):
        found, _ = places((mutant for mutant in mutants if mutant.id not in refused), PROJECT)
        tree.lay_out(found)
        errors = tree.build()
        if not errors:
            return found, refused
        blamed = tree.blamed(errors, found)
        if not blamed:
            sys.exit("\n".join([f"{tree.path}: the copy does not build", *errors[:20]]))
        print(f"These do not compile: {', '.join(sorted(blamed))}", flush=True)
        for name in blamed:
            refused[name] = "does not compile: " + errors[0].split("error:")[-1].strip()
    sys.exit(f"{tree.path}: the copy does not build")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only see that every entry fits the sources; builds nothing")
    parser.add_argument("--list", action="store_true", help="list the entries")
    parser.add_argument("--only", metavar="REGEX", default="", help="run only entries whose name or file matches; all are built in")
    parser.add_argument(
        "--tree", metavar="FOLDER", default=os.path.join(PROJECT, ".build", "mutants"), help="where the copy is (%(default)s)"
    )
    parser.add_argument("--no-build", action="store_true", help="run what was built last")
    parser.add_argument("--json", metavar="FILE", help="write the outcomes there, too")
    options = parser.parse_args()
    try:
        mutants = read_tables()
    except TableError as error:
        print(error, file=sys.stderr)
        return 1
    chosen = [mutant for mutant in mutants if re.search(options.only, f"{mutant.id} {mutant.file}")]
    if options.list:
        for mutant in chosen:
            print(f"{mutant.id:42} {mutant.file}: {mutant.says}")
        return 0
    found, faults = places(mutants, PROJECT)
    for fault in faults:
        print(fault, file=sys.stderr)
    if options.check:
        print(f"{len(mutants)} entries, {len(faults)} do not fit the sources.")
        return 1 if faults else 0

    all_outcomes = [
        Outcome(mutant, "did not apply", "does not fit the sources", 0)
        for mutant in chosen
        if not any(mutant.id == place.mutant.id for entries in found.values() for place in entries)
    ]
    fitting = [mutant for mutant in mutants if mutant not in [outcome.mutant for outcome in all_outcomes]]
    tree = Tree(os.path.abspath(options.tree))
    if not options.no_build:
        os.makedirs(tree.path, exist_ok=True)
    for outcome in run(fitting, chosen, tree, not options.no_build):
        all_outcomes.append(outcome)
        print(f"{outcome.result:13} {outcome.mutant.id:42} {outcome.seconds:5.1f} s  {outcome.note}", flush=True)
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump([{**dataclasses.asdict(entry), "mutant": entry.mutant.id} for entry in all_outcomes], file, indent=1)
    return summarize(all_outcomes)


def run(fitting: list[Mutant], chosen: list[Mutant], tree: Tree, builds: bool) -> Iterator[Outcome]:
    wanted = {mutant.id for mutant in chosen}
    if builds:
        print(f"Building {tree.path} with {sum(mutant.is_compiled for mutant in fitting)} faults in it.", flush=True)
        found, refused = built(tree, fitting)
    else:
        (found, _), refused = places(fitting, PROJECT), {}
    session = Session(tree, found)
    for mutant in fitting:
        if mutant.id not in wanted:
            continue
        yield Outcome(mutant, "did not apply", refused[mutant.id], 0) if mutant.id in refused else session.outcome(mutant)


def summarize(all_outcomes: list[Outcome]) -> int:
    counts = {
        result: sum(outcome.result == result for outcome in all_outcomes)
        for result in ("killed", "survived", "did not apply", "unclear")
    }
    print("\n" + ", ".join(f"{count} {result}" for result, count in counts.items()))
    for outcome in all_outcomes:
        if outcome.result != "killed":
            print(f"{outcome.result:13} {outcome.mutant.id:42} {outcome.mutant.file}: {outcome.mutant.says}")
    if counts["survived"] or counts["did not apply"]:
        return 1
    return 69 if counts["unclear"] else 0


if __name__ == "__main__":
    sys.exit(main())
