"""The whole texts of what ``einrnn paths`` says about wrong use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import einrnn
import einrnn.path_plot
import einrnn.pathfinder.external
from einrnn.cli import main

GOLDEN = Path(__file__).parent / "golden"
PRODUCT = ["ab,bc->ac", "--size", "a=9", "--size", "b=9", "--size", "c=9"]
EQUATION = "C[i,k] = A[i,j] B[j,k]"
# no recurrence and no tree: nothing to draw
PLAIN = "dim N\ninput x[N]\ny[i] := exp(x[i])\n"


def of(*names: str) -> list[str]:
    return [part for name in names for part in ("--size", f"{name}=3")]


CASES = {
    "E610_letters": ["ab,bc->ac", "--size", "a=3"],
    "E610_equation": [EQUATION, "--size", "I=3"],
    "E610_document": ["specs/rnn.ein", "L", *of("T", "H", "D")],
    "E711_string": [*PRODUCT, "--memory", "20"],
    "E711_document": ["specs/rnn.ein", "L", *of("T", "H", "D", "K"), "--memory", "20"],
    "E712": [*PRODUCT, "--finder", "magic"],
    "E616_letters": ["ab,bc->ac", "--size", "A=3"],
    "E616_equation": [EQUATION, "--size", "i=3"],
    "E714": [*PRODUCT, "L"],
    "E802_claims": ["specs/rnn.ein", "21", "24", *of("T", "H", "D", "K")],
    "E803": ["specs/rnn.ein", "99", *of("T", "H", "D", "K")],
    "E715": [*PRODUCT, "--plot", "tree.svg"],
    "E716": ["plain.ein", "y", *of("N"), "--plot", "tree.svg"],
}


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_what_it_was(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    specs = Path("specs").resolve()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").symlink_to(specs)
    (tmp_path / "plain.ein").write_text(PLAIN)
    if name == "E712":
        # the finders that there are depend on what is installed
        monkeypatch.setattr(einrnn.pathfinder.external, "find_spec", lambda _: None)
    if name == "E715":
        monkeypatch.setattr(einrnn.path_plot, "find_spec", lambda _: None)
    if name == "E716":
        pytest.importorskip("matplotlib")
    result = CliRunner().invoke(main, ["paths", *CASES[name]])
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"error[{name[:4]}]")
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("EINRNN_WRITE_GOLDEN"):
        path.write_text(result.stderr, encoding="utf-8")
    assert result.stderr == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "wrong",
    [
        {"sizes": {"a": 2, "b": 3, "c": 0}},
        {"sizes": {"a": 2, "b": 3, "c": 2.5}},
        {"sizes": {"a": 2, "b": 3, "c": "4"}},
        {"vary": ("a", 0, 8)},
        {"memory": -5},
        {"seconds": -1.0},
    ],
)
def test_numbers_that_are_none(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"sizes": {"a": 2, "b": 3, "c": 4}} | wrong
    with pytest.raises(einrnn.EinrnnError) as found:
        einrnn.paths("ab,bc->ac", **given)
    assert found.value.code == "E004"
