"""Small faults: the tables that list them, and how a source's text is rewritten with all of them in it, each behind a switch."""

import dataclasses
import os
import re
import tomllib
import zlib
from collections.abc import Iterable
from typing import Any

TABLES = os.path.dirname(os.path.abspath(__file__))
# A function of the program: whether the fault of a number is on.
SWITCH = "fovea_mutant_is_on"


class TableError(Exception):
    """An entry of a table that cannot be used."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One fault: its name, its place, and the suites that have to notice it."""

    id: str
    file: str
    says: str
    # The place, with « » around what changes, where that is not all of it. Spaces and line breaks do not count.
    find: str
    # What stands there instead; None: nothing, a statement is left out.
    make: str | None
    # Instead of `make`, the whole new text of the place, with {on} for the condition and {old} for what stood there.
    write: str | None
    suites: str

    @property
    def number(self) -> int:
        """Stays the same when others are added, so that nothing else is compiled anew."""
        return zlib.crc32(self.id.encode()) & 0x3FFFFFFF

    @property
    def is_compiled(self) -> bool:
        return self.file.endswith(".swift")

    def span(self, text: str) -> tuple[int, int]:
        """Its place in a file's text."""
        parts = re.split("[«»]", self.find)
        if len(parts) == 1:
            parts = ["", parts[0], ""]
        if len(parts) != 3 or not parts[1].strip():
            raise TableError(f"{self.id}: wants one part between « and »")
        before, inner, after = (loosely(part) for part in parts)
        pattern = before + (r"\s*" if before else "") + f"({inner})" + (r"\s*" if after else "") + after
        found = list(re.finditer(pattern, text))
        if len(found) != 1:
            raise TableError(
                f"{self.id}: {len(found) or 'no'} place{'s' if len(found) > 1 else ''} in {self.file} for: {self.find}"
            )
        return found[0].span(1)

    def rewritten(self, old: str) -> str:
        """The text that stands at the place in the copy."""
        on = f"{SWITCH}({self.number})"
        if self.write is not None:
            return self.write.replace("{on}", on).replace("{old}", old)
        if not self.is_compiled:
            return self.make or ""
        return f"({on} ? ({self.make}) : ({old}))" if self.make is not None else f"if !{on} {{ {old} }}"


def loosely(text: str) -> str:
    """A regular expression for a piece of source that does not mind where lines are broken."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    pattern = ""
    for index, token in enumerate(tokens):
        if index:
            pattern += r"\s+" if token[0].isalnum() and tokens[index - 1][0].isalnum() else r"\s*"
        pattern += re.escape(token)
    return pattern


def read_tables() -> list[Mutant]:
    mutants: list[Mutant] = []
    for name in sorted(os.listdir(TABLES)):
        if not name.endswith(".toml"):
            continue
        with open(os.path.join(TABLES, name), "rb") as file:
            try:
                entries: list[dict[str, Any]] = tomllib.load(file).get("mutant", [])
            except tomllib.TOMLDecodeError as error:
                raise TableError(f"{name}: {error}") from None
        for entry in entries:
            known = {"id", "file", "says", "find", "make", "write", "suites"}
            lacking = {"id", "file", "says", "find", "suites"} - entry.keys()
            if lacking or entry.keys() - known or not all(isinstance(value, str) for value in entry.values()):
                raise TableError(
                    f"{name}: {entry.get('id', 'an entry')}: lacks or does not know {sorted(lacking or entry.keys() - known)}"
                )
            mutants.append(Mutant(make=entry.pop("make", None), write=entry.pop("write", None), **entry))
    for key in ("id", "number"):
        seen: set[Any] = set()
        for mutant in mutants:
            if getattr(mutant, key) in seen:
                raise TableError(f"{mutant.id}: a second one of that name or number")
            seen.add(getattr(mutant, key))
    return mutants


@dataclasses.dataclass
class Place:
    mutant: Mutant
    start: int
    end: int


def places(mutants: Iterable[Mutant], root: str) -> tuple[dict[str, list[Place]], list[str]]:
    """Each fault's place by file, outer ones before those inside them; and what is wrong with the tables."""
    found: dict[str, list[Place]] = {}
    faults: list[str] = []
    texts: dict[str, str] = {}
    for mutant in mutants:
        try:
            if mutant.file not in texts:
                with open(os.path.join(root, mutant.file), encoding="utf-8") as file:
                    texts[mutant.file] = file.read()
            found.setdefault(mutant.file, []).append(Place(mutant, *mutant.span(texts[mutant.file])))
        except OSError:
            faults.append(f"{mutant.id}: there is no {mutant.file}")
        except TableError as error:
            faults.append(str(error))
    for name, entries in found.items():
        entries.sort(key=lambda place: (place.start, -place.end))
        if not name.endswith(".swift"):
            continue
        for index, place in enumerate(entries):
            for other in entries[index + 1 :]:
                if place.start < other.start < place.end < other.end:
                    faults.append(f"{other.mutant.id}: overlaps {place.mutant.id}; one has to lie within the other")
    return found, faults


def mutated(text: str, entries: list[Place]) -> str:
    """A file's text with every fault as a branch. Those inside another's place are put into what it leaves as it was."""
    result = ""
    position = 0
    index = 0
    while index < len(entries):
        outer = entries[index]
        index += 1
        inner: list[Place] = []
        while index < len(entries) and entries[index].end <= outer.end:
            inner.append(Place(entries[index].mutant, entries[index].start - outer.start, entries[index].end - outer.start))
            index += 1
        old = mutated(text[outer.start : outer.end], inner)
        result += text[position : outer.start] + outer.mutant.rewritten(old)
        position = outer.end
    return result + text[position:]
