"""Verdicts kept on disk are found again exactly as long as nothing they depend on changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from einrnn import Document
from einrnn.check import memo, shelf
from einrnn.check.shelf import Shelf
from einrnn.check.verdict import Derivation, Report, Verdict
from einrnn.cli import main
from einrnn.document import read_source

TEXT = """
dim N
index i : N
input x[N]
input w[N]
L := sum[i] (w[i] x[i])^2
[a] dL/dw[i] = 2 w[i] x[i]^2
[b] refute dL/dx[i] = w[i]^2 x[i]
[c] dL/dx[i] = 2 x[i] w[i]^2
"""


def _check(path: Path, text: str = TEXT) -> Report:
    """A check as in a new process, which remembers nothing but what is on disk."""
    path.write_text(text, encoding="utf-8")
    memo.forget()
    kept = Shelf.of(str(path))
    assert kept is not None
    return Document(read_source(str(path))).check(shelf=kept)


def _plain(report: Report) -> list[dict[str, object]]:
    return [verdict.as_json() for verdict in report]


def test_everything_is_known_the_second_time(tmp_path: Path) -> None:
    first = _check(tmp_path / "a.ein")
    again = _check(tmp_path / "a.ein")
    assert [v.verdict for v in first] == ["proved", "refuted", "proved"]
    assert (first.known, again.known) == (0, 3)
    assert _plain(again) == _plain(first)


def test_lines_are_those_of_the_text_now(tmp_path: Path) -> None:
    first = _check(tmp_path / "a.ein")
    again = _check(tmp_path / "a.ein", "# a word first\n" + TEXT)
    assert again.known == 3
    assert [v.line for v in again] == [v.line + 1 for v in first]


@pytest.mark.parametrize(
    ("old", "new", "known", "verdicts"),
    [
        # a claim and all after it, which may lean on it
        ("2 x[i] w[i]^2", "3 x[i] w[i]^2", 2, ["proved", "refuted", "refuted"]),
        ("= 2 w[i] x[i]^2", "= w[i] x[i]^2", 0, ["refuted", "refuted", "proved"]),
        # what the claims are about
        ("(w[i] x[i])^2", "(w[i] x[i])^3", 0, ["refuted", "refuted", "refuted"]),
        ("input x[N]", "input x[N] positive", 0, ["proved", "refuted", "proved"]),
        # what is expected
        ("[b] refute", "[b]", 1, ["proved", "refuted", "proved"]),
    ],
)
def test_what_changed_is_judged_again(
    tmp_path: Path, old: str, new: str, known: int, verdicts: list[str]
) -> None:
    _check(tmp_path / "a.ein")
    assert old in TEXT
    again = _check(tmp_path / "a.ein", TEXT.replace(old, new))
    assert [v.verdict for v in again] == verdicts
    assert again.known == known


def test_another_program_believes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _check(tmp_path / "a.ein")
    monkeypatch.setattr(shelf, "_program", lambda: "another one")
    assert _check(tmp_path / "a.ein").known == 0


@pytest.mark.parametrize("damage", ["", "[", "[1]", '{"a": 1}', '{"a": {"label": "a"}}'])
def test_a_damaged_file_is_none(tmp_path: Path, damage: str) -> None:
    first = _check(tmp_path / "a.ein")
    kept = Shelf.of(str(tmp_path / "a.ein"))
    assert kept is not None
    kept.path.write_text(damage, encoding="utf-8")
    again = _check(tmp_path / "a.ein")
    assert again.known == 0
    assert [v.verdict for v in again] == [v.verdict for v in first]


def test_what_is_not_certain_is_not_kept(tmp_path: Path) -> None:
    kept = Shelf(tmp_path / "kept.json")
    derivation = (Derivation("the step", (("a", ""), ("b", "by hand"))),)
    row = Verdict("a", 1, 1, 1, "a = b", "hold", "proved", "normal form", derivation=derivation)
    fields = {name: getattr(row, name) for name in ("label", "step", "line", "column")}
    others = [
        Verdict(**fields, statement="a = b", expect="hold", verdict="tested"),
        Verdict(**fields, statement="a = b", expect="hold", verdict="invalid"),
        Verdict(**fields, statement="a = b", expect="hold", verdict="refuted"),  # no repair yet
    ]
    kept.put([(n,) for n in range(4)], [row, *others])
    found = Shelf(tmp_path / "kept.json").take([(n,) for n in range(4)])
    assert found == [row, None, None, None]


def test_fresh_asks_nothing_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.ein"
    path.write_text(TEXT, encoding="utf-8")
    runner = CliRunner()
    for options, known in (([], False), ([], True), (["--fresh"], False)):
        memo.forget()
        result = runner.invoke(main, ["check", str(path), *options])
        assert result.exit_code == 0, result.output
        assert ("known from before" in result.output) == known


def test_a_folder_that_cannot_be_written_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EINRNN_CACHE", str(tmp_path / "file" / "below"))
    path = tmp_path / "a.ein"
    path.write_text(TEXT, encoding="utf-8")
    memo.forget()
    result = CliRunner().invoke(main, ["check", str(path), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["summary"]["proved"] == 2
