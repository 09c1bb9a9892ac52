"""Warnings of one kind: the first in full, of the others where they are."""

from click.testing import CliRunner

from einrnn.cli import main

TEXT = """input W[H,H], x[T,H], b[H], c[H], d[H]
h[t,i] := tanh(W[i,j] x[t,j] + b[i])
g[t,i] := tanh(W[i,j] x[t,j] + c[i])
k[t,i] := tanh(W[i,j] x[t,j] + d[i])
[1] h[t,i] = h[t,i]
"""


def test_warnings_of_one_kind_are_told_once() -> None:
    found = CliRunner().invoke(main, ["check", "-"], input=TEXT)
    assert found.exit_code == 0
    assert found.output.count("it is taken to be the same for every t") == 1
    assert "warning[W209]: 2 more like this, in lines 3, 4" in found.output


def test_json_has_them_all() -> None:
    found = CliRunner().invoke(main, ["check", "--json", "-"], input=TEXT)
    assert found.output.count('"W209"') == 3
