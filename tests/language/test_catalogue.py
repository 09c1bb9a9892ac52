"""Every code is reached by its example, and its whole text is what it was."""

import os
import re
from pathlib import Path

import pytest

from einrnn.language import elaborate_text
from einrnn.language.catalogue import CATALOGUE, ENTRIES, Entry
from einrnn.language.failures import FAILURES
from einrnn.source import Source, render

GOLDEN = Path(__file__).parent / "golden"
PACKAGE = Path(__file__).parents[2] / "einrnn" / "language"


def rendered(entry: Entry) -> str:
    source = Source.of(entry.example, "example.ein")
    found = elaborate_text(source)
    return "\n".join(render(source, diagnostic) for diagnostic in found.diagnostics) + "\n"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_the_example_has_the_code_and_the_text(entry: Entry) -> None:
    text = rendered(entry)
    path = GOLDEN / f"{entry.code}.txt"
    if os.environ.get("EINRNN_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert f"[{entry.code}]" in text
    assert text == path.read_text(encoding="utf-8")


def test_every_code_in_the_sources_is_in_the_catalogue() -> None:
    used: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        if path.name not in ("catalogue.py", "failures.py"):
            used |= set(re.findall(r'"([EWN]\d{3})"', path.read_text(encoding="utf-8")))
    assert used == set(CATALOGUE)


def test_every_code_of_a_computation_has_a_meaning() -> None:
    used: set[str] = set()
    for path in PACKAGE.parent.rglob("*.py"):
        if path.name != "failures.py":
            used |= set(re.findall(r'"(E[678]\d{2})"', path.read_text(encoding="utf-8")))
    assert used == set(FAILURES)


def test_codes_are_in_order_and_unique() -> None:
    codes = [entry.code[1:] for entry in ENTRIES]
    assert codes == sorted(set(codes))
