#!/usr/bin/env python3
"""Checks what no compiler does: layers, lengths and prose.

Usage: Scripts/check.py

- Layers: a Swift file imports no module of ours that its target does not declare in Package.swift, and netsim's parts none of
  Fovea's.
- Lengths: no file of code has more than 400 lines, no function more than 60, no paragraph or list of a document more than
  600 characters without a blank line.
- Doc comments begin with what a thing is or does, never with What, Whether, How or Where.

Prints each fault with its file and line. Exit 1 when there is one.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

PROJECT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILE_LINES, FUNCTION_LINES, PARAGRAPH_CHARACTERS = 400, 60, 600
NETSIM = {"CNetSim", "Faults", "Files", "NetSim", "StrictYAML", "LinkProfiles", "netsim"}
IMPORT = re.compile(r"^\s*(?:@\w+ )?(?:public |package |internal )?import (?:struct |enum |class |func )?(\w+)", re.MULTILINE)
FUNCTION = re.compile(r"^( *)(?:[\w@()]+ )*(?:func [^ ]+|init[?(<])")


def tracked(*endings: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=PROJECT, check=True, capture_output=True, text=True
    ).stdout
    return [name for name in listed.splitlines() if name.endswith(endings) and os.path.isfile(os.path.join(PROJECT, name))]


def text_of(name: str) -> str:
    with open(os.path.join(PROJECT, name), encoding="utf-8") as file:
        return file.read()


def targets() -> dict[str, tuple[str, set[str]]]:
    """Every target's folder and the targets that it declares."""
    dumped = subprocess.run(["swift", "package", "dump-package"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    found = {}
    for target in json.loads(dumped)["targets"]:
        folder = target.get("path") or ("Tests/" if target["type"] == "test" else "Sources/") + target["name"]
        found[target["name"]] = (folder, {entry["byName"][0] for entry in target["dependencies"] if "byName" in entry})
    return found


def layer_faults() -> Iterator[str]:
    known = targets()
    modules = {name.replace("-", "_") for name in known}
    for target, (folder, declared) in known.items():
        if target in NETSIM and not declared <= NETSIM:
            yield f"Package.swift: {target} depends on {', '.join(sorted(declared - NETSIM))}, which is not netsim's"
        allowed = {name.replace("-", "_") for name in declared} | {target}
        for name in tracked(".swift"):
            if not name.startswith(folder + "/"):
                continue
            for line, module in imports(text_of(name)):
                if module in modules and module not in allowed:
                    yield f"{name}:{line}: imports {module}, which {target} does not declare"


def imports(text: str) -> Iterator[tuple[int, str]]:
    for match in IMPORT.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1]


def length_faults() -> Iterator[str]:
    for name in tracked(".swift", ".py", ".js", ".mjs", ".c", ".h"):
        lines = text_of(name).splitlines()
        if len(lines) > FILE_LINES:
            yield f"{name}: {len(lines)} lines"
        if name.endswith(".swift"):
            yield from function_faults(name, lines)


def function_faults(name: str, lines: list[str]) -> Iterator[str]:
    for start, line in enumerate(lines):
        match = FUNCTION.match(line)
        if not match:
            continue
        # What swift format lays out ends with a brace as far in as it began.
        ends = (number for number in range(start, len(lines)) if lines[number] == match[1] + "}")
        one_line = line.rstrip().endswith("}") or "{" not in "".join(lines[start : start + 8])
        end = start if one_line else next(ends, start)
        if end - start + 1 > FUNCTION_LINES:
            yield f"{name}:{start + 1}: a function of {end - start + 1} lines"


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """A document's blocks of prose, lists among them, with the line that each begins at: no code, tables or headings."""
    in_code = False
    block: list[str] = []
    start = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        in_code ^= line.lstrip().startswith("```")
        is_prose = line.strip() and not in_code and not re.match(r"(\||#|!\[|    )", line)
        if is_prose or (block and line.startswith("    ") and line.strip() and not in_code):
            start = start if block else number
            block.append(line.strip())
            continue
        yield start, " ".join(block)
        block = []


def prose_faults() -> Iterator[str]:
    for name in tracked(".md"):
        for start, block in blocks(text_of(name)):
            if len(block) > PARAGRAPH_CHARACTERS:
                yield f"{name}:{start}: a paragraph or list of {len(block)} characters without a blank line"
    for name in tracked(".swift", ".py", ".js", ".mjs"):
        previous = ""
        for number, line in enumerate(text_of(name).splitlines(), 1):
            begins = not previous.lstrip().startswith(("///", "*"))
            if begins and re.match(r'\s*(///|"""|/\*\*) ?(What|Whether|How|Where)\b', line):
                yield f"{name}:{number}: {line.strip()[:60]}"
            # A later paragraph may say where something is so; it too says the thing.
            if previous.strip() == "///" and re.match(r"\s*/// (What|Whether|How)\b", line):
                yield f"{name}:{number}: {line.strip()[:60]}"
            previous = line


def main() -> int:
    faults = [*layer_faults(), *length_faults(), *prose_faults()]
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
