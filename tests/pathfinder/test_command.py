"""``einrnn paths`` and ``einrnn.paths``: tables, JSON, pictures, and errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import einrnn
from einrnn.cli import main
from einrnn.errors import EinrnnError

RNN = "specs/rnn.ein"
SIZES = {"a": 8, "b": 64, "c": 64, "d": 2}


def run(*arguments: str):
    return CliRunner().invoke(main, ["paths", *arguments])


def sized(**sizes: object) -> list[str]:
    return [part for name, size in sizes.items() for part in ("--size", f"{name}={size}")]


def test_an_einsum_string_gives_a_row_for_each_finder_in_one_unit() -> None:
    result = run("ab,bc,cd->ad", *sized(**SIZES), "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    rows = {row["finder"]: row for row in data["finders"]}
    # (B C) first: 2·64·64·2, then 2·8·64·2
    assert rows["einrnn"]["flops"] == 2 * 64 * 64 * 2 + 2 * 8 * 64 * 2
    assert rows["naive"]["flops"] == 3 * 8 * 64 * 64 * 2
    assert rows["einrnn"]["ratio"] == 1
    assert rows["einrnn"]["measured"] > 0
    assert rows["einrnn"]["predicted"] > 0
    assert {"opt_einsum optimal", "opt_einsum auto", "numpy greedy"} <= rows.keys()
    assert [step["step"] for step in data["steps"]] == [
        "t1[b,d] = B[b,c] C[c,d]",
        "t2[a,d] = A[a,b] t1[b,d]",
    ]


def test_a_finder_is_chosen_by_name() -> None:
    sizes = {"a": 8, "b": 64, "c": 64}
    found = einrnn.paths("ab,bc->ac", sizes=sizes, finder="einrnn,greedy", measure=False)
    assert [row.finder for row in found.rows] == [
        "einrnn",
        "opt_einsum greedy",
        "numpy greedy",
    ]
    assert "<table>" in found._repr_html_()
    assert "t1[a,c] = A[a,b] B[b,c]" in str(found)


def test_an_index_equation_is_costed_as_its_program() -> None:
    found = einrnn.paths("C[i,k] = A[i,j] B[j,k]", sizes={"I": 3, "J": 4, "K": 5})
    (ours,) = [row for row in found.rows if row.finder == "einrnn"]
    assert ours.flops == 2 * 3 * 4 * 5


@pytest.mark.parametrize("label", ["21", "24"])
def test_the_literal_sum_over_pairs_of_times_grows_with_their_number(label: str) -> None:
    sizes = sized(T="16..64", H=4, D=3, K=5)
    result = run(RNN, label, *sizes, "--finder", "einrnn", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    growth = {one["name"]: one["growth"] for one in data["strategies"]}
    flops = {one["name"]: one["costs"][-1]["flops"] for one in data["strategies"]}
    assert growth["literal, as written"] > 1.7
    assert growth["forward scan"] == pytest.approx(1, abs=0.1)
    assert growth["reverse scan"] == pytest.approx(1, abs=0.1)
    assert flops["reverse scan"] < flops["forward scan"] < flops["literal, as written"]


def test_the_cost_of_an_einsum_string_is_shown_against_a_size() -> None:
    found = run("ab,bc,c->a", *sized(a=5, b="10..1000", c=7), "--finder", "einrnn", "--json")
    data = json.loads(found.stdout)
    ours = {one["name"]: one for one in data["strategies"]}["einrnn"]
    assert [(c["size"], c["flops"]) for c in ours["costs"]] == [
        (size, 2 * size * 7 + 2 * 5 * size) for size in (10, 100, 1000)
    ]
    assert ours["growth"] == pytest.approx(1)


def test_a_limit_on_memory_slices() -> None:
    # the product of any two operands has 8**4 entries, as many as all operands hold twice over
    sizes = sized(**dict.fromkeys("abcdef", 8))
    result = run("abc,ade,bdf,cef->", *sizes, "--memory", "4000", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["sliced"]
    assert found["peak"] <= 4000
    assert found["slices"] > 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["ab,bc->ac", "--size", "a=3"], "E610"),
        (["ab,bc->ac", "--size", "a=x"], "E004"),
        (["ab,bc->ac", "--size", "a=9..3"], "E004"),
        (["ab,bc->az", *sized(a=2, b=2, c=2)], "E702"),
        (["ab,b1->a", *sized(a=2, b=2)], "E706"),
        (["ab,bc->ac", *sized(a=2, b=2, c=2), "--finder", "magic"], "E712"),
        (["ab,bc->ac", *sized(a=9, b=9, c=9), "--memory", "20"], "E711"),
        (["ab,bc->ac", "L", *sized(a=9, b=9, c=9)], "E714"),
        (["C[i] = A[i,j] b[j]", "ab->a", *sized(I=2, J=2)], "E714"),
        (["C[i] = A[i,j] b[j", *sized(I=2, J=2)], "E102"),
        (["C[i,k] = A[i,j] B[j,k]", *sized(I=2, J=2)], "E610"),
        (["ab,bc->aa", *sized(a=2, b=2, c=2)], "E703"),
        (["...b,bc->c", *sized(b=2, c=2)], "E707"),
        (["αβ,βγ->αγ", *sized(α=2, β=2, γ=2)], "E706"),
        (["ab,bc->ac", *sized(a=0, b=2, c=2)], "E004"),
        (["ab,bc->ac", *sized(a="2..2", b=2, c=2)], "E004"),
        (["ab,bc->ac", *sized(a="2..4", b="2..3", c=2)], "E004"),
        (["ab,bc->ac", *sized(a=2, b=2, c=2), "--seconds", "-1"], "E004"),
        (["ab,bc->ac", *sized(a=2, b=2, c=2), "--plot", "x.pdf"], "E004"),
        ([RNN, "L", *sized(T=3, H=3, D=3, K=3), "--memory", "20"], "E711"),
        ([RNN, "L", *sized(T=3, H=3, D=3, K=3), "--finder", "magic"], "E712"),
        ([RNN, "--size", "T=3"], "E802"),
        (["missing.ein", "L"], "E001"),
        ([RNN, "nothing", *sized(T=3, H=3, D=3, K=3)], "E4"),
        ([RNN, "L", *sized(T=3, H=3)], "E610"),
    ],
)
def test_bad_input_is_a_diagnostic(arguments: list[str], code: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert f"error[{code}" in result.stderr


def test_a_tree_and_a_growth_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name, arguments in {
        "tree.svg": ["ab,bc,cd->ad", *sized(**SIZES)],
        "growth.png": [RNN, "dL/dW", *sized(T="5..20", H=2, D=2, K=2)],
    }.items():
        target = tmp_path / name
        result = run(*arguments, "--finder", "einrnn", "--plot", str(target))
        assert result.exit_code == 0, result.output
        assert target.stat().st_size > 1000
    result = run("ab,bc->ac", *sized(a=2, b=2, c=2), "--plot", str(tmp_path / "tree.txt"))
    assert result.exit_code == 2


def test_a_document_is_refused_only_with_the_projects_errors() -> None:
    with pytest.raises(EinrnnError):
        einrnn.paths("C[i] = ", sizes={})
