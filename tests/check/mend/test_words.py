"""Whole outputs of ``einrnn check`` on wrong documents, as people read them.

``UPDATE_GOLDEN=1`` writes the files anew; look at the difference before keeping it.
"""

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from einrnn.cli import main

GOLDEN = Path(__file__).parent.parent / "golden"
RUNS = {
    "softmax": ("softmax.ein",),
    "softmax_proved": ("softmax.ein", "--explain", "1"),
    "hidden": ("hidden.ein",),
    "hidden_asked": ("hidden.ein", "--explain", "2"),
}


def output(name: str, *options: str) -> str:
    text = (GOLDEN / name).read_text(encoding="utf-8")
    result = CliRunner().invoke(main, ["check", "-", *options], input=text, catch_exceptions=False)
    return re.sub(r"\(\d+\.\d+ s\)", "(… s)", result.output)


@pytest.mark.parametrize("name", RUNS)
def test_whole_outputs(name: str):
    shown = output(*RUNS[name])
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


def test_json_has_the_explanation():
    found = json.loads(output("softmax.ein", "--json"))["files"][0]["claims"]
    first, second, third = found
    assert first["repair"] is None
    assert second["suggestion"] == "dE/dq[l] = p[l] sum[k] y[k] - y[l]"
    assert second["true_under"] == "sum[k] y[k] = 1 [onehot]"
    assert second["wrong_term"] == "p[l]"
    assert third["repair"]["verdict"] == "proved"
    assert set(third["repair"]) == {"statement", "right", "edit", "verdict", "method"}


def test_an_unknown_label_is_an_error():
    assert (
        "no claim labelled"
        in CliRunner()
        .invoke(main, ["check", "-", "--explain", "9"], input="input x\n[1] x = x\n")
        .stderr
    )
