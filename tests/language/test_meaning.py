"""What notation means: compared with numpy, and with the same thing written out."""

import numpy as np
import pytest

import einrnn
from einrnn.core.nodes import Dim, Index
from einrnn.language import elaborate_text, load_model
from einrnn.language.text import text
from einrnn.source import Source
from tests.language.helpers import evaluate, normal

SIZES = {"I": 2, "J": 3, "K": 4}
RNG = np.random.default_rng(0)
ARRAYS = {
    "A": RNG.uniform(0.5, 2, (2, 3)),
    "B": RNG.uniform(0.5, 2, (3, 4)),
    "C": RNG.uniform(0.5, 2, (2, 4)),
    "x": RNG.uniform(0.5, 2, 3),
    "y": RNG.uniform(0.5, 2, 3),
    "M": RNG.uniform(0.5, 2, (3, 3)),
    "c": np.array(1.7),
}
INPUTS = "input A[I,J], B[J,K], C[I,K], x[J], y[J], M[J,J], c\n"
A, B, C, X, Y, M, S = (ARRAYS[name] for name in "ABCxyMc")


def computed(source: str) -> np.ndarray:
    clause = load_model(INPUTS + source).definitions["z"].clauses[-1]
    sizes = {Dim(name): size for name, size in SIZES.items()}
    shape = [
        int(str(limits.hi).replace("I", "2").replace("J", "3").replace("K", "4")[0])
        for limits in clause.ranges.values()
    ]
    result = np.empty(shape)
    for at in np.ndindex(*shape):
        letters = dict(zip(clause.ranges, at, strict=True))
        result[at] = evaluate(clause.body, {**sizes, **letters}, ARRAYS)
    return result


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("z := sin(2 pi (x[j] y[j])/c)", np.sin(2 * np.pi * (X @ Y) / S)),
        ("z[i,k] := A[i,j] B[j,k]", A @ B),
        ("z[i,k] := A[i,j] B[j,k] + C[i,k]", A @ B + C),
        ("z[i,k] := A[i,j] (B[j,k] + x[j] x[j])", A @ (B + (X * X)[:, None])),
        ("z := x[j] y[j] + M[j,j]", X @ Y + np.trace(M)),
        ("z := (x[j] y[j])^2", (X @ Y) ** 2),
        ("z := (x[j] - y[j])^2", np.sum((X - Y) ** 2)),
        ("z := x[j]^2 / c", np.sum(X**2) / S),
        ("z := c/(x[j] y[j])", S / (X @ Y)),
        ("z[i] := tanh(A[i,j] x[j])", np.tanh(A @ X)),
        ("z[i] := tanh(A[i,j]) x[j]", np.tanh(A) @ X),
        ("z[j] := x[j] y[j]", X * Y),
        ("z[i] := [A[i,j] x[j] > 3 c]", (A @ X > 3 * S).astype(float)),
        ("z[i] := [3 c < A[i,j] x[j] and c > 1]", ((A @ X > 3 * S) & (S > 1)).astype(float)),
        ("z[i] := { 1 if A[i,j] x[j] > 3 c ; c otherwise }", np.where(A @ X > 3 * S, 1, S)),
        ("z[i] := sum[j: M[j,k] x[k] > 3 c] A[i,j]", A @ (M @ X > 3 * S)),
        ("z[i] := max[j: M[j,k] x[k] > 0 and c > 0] (A[i,j])", A.max(axis=1)),
        ("z[i] := [A[i,j] > x[j]]", (A > X).sum(axis=1)),
        ("z[i] := A[i,j] [A[i,j] x[j] > c]", (A * (A * X > S)).sum(axis=1)),
        ("z[k,i] := B[j,k] A[i,j] x[j]", np.einsum("jk,ij,j->ki", B, A, X)),
        ("z := A[i,j] B[j,k] C[i,k]", np.einsum("ij,jk,ik->", A, B, C)),
        ("z := sum[j](x[j])^2", np.sum(X) ** 2),
        ("z := sum[j] x[j]^2", np.sum(X**2)),
        ("z := sum[j: j != 1] (x[j]) (y[j])", X[0] * Y[0] + X[2] * Y[2]),
        ("z[j] := sum[i=0..j] x[i]", np.cumsum(X)),
        ("z := prod[j] x[j]", np.prod(X)),
        ("z := max[j] x[j] y[j]", np.max(X * Y)),
        ("z := mean[j: j < 2] x[j]", np.mean(X[:2])),
        ("z := mean[j] x[j]", np.mean(X)),
        ("z[j] := softmax[j](x[j])", np.exp(X) / np.exp(X).sum()),
        ("z := y[j] softmax[j](x[j])", Y @ np.exp(X) / np.exp(X).sum()),
        ("z := logsumexp[j](x[j])", np.log(np.exp(X).sum())),
        ("z[j,i] := delta[i,j] x[j]", np.diag(X)),
        ("z[j] := { x[j] if j == 0 ; y[j] if j < 2 ; 0 otherwise }", np.array([X[0], Y[1], 0])),
        ("z[j] := x[j] [j >= 1]", X * [0, 1, 1]),
        ("z := J (1 - c)", 3 * (1 - S)),
        ("z[j] := (-1)^j x[j]", X * [1, -1, 1]),
        ("z := max(c, 2)^2", max(S, 2) ** 2),
        ("z := -c^2", -(S**2)),
        ("z := 2^-1 c", S / 2),
        ("z := 1/2 c", S / 2),
        ("z := c/2 c", S / 2 * S),
        # whole-tensor notation
        ("z := A @ B", A @ B),
        ("z := A @ x", A @ X),
        ("z := x @ B", X @ B),
        ("z := x @ y", X @ Y),
        ("z := A @ B @ C.T", A @ B @ C.T),
        ("z := x ⊗ y", np.outer(X, Y)),
        ("z := x outer y", np.outer(X, Y)),
        ("z := dot(x, y) + x · y + (x dot y)", 3 * X @ Y),
        ("z := tr(M @ M)", np.trace(M @ M)),
        ("z := tanh(A @ x) - A @ y", np.tanh(A @ X) - A @ Y),
        ("z[i] := A[i] @ x", A @ X),
        ("z := softmax(A @ x)", np.exp(A @ X) / np.exp(A @ X).sum()),
        ("z := 1 - x", 1 - X),
        ("z := c x", S * X),
        ("z[j] := (M @ x)[j]", M @ X),
    ],
)
def test_against_numpy(source: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(computed(source), expected, rtol=1e-12)


DERIVING = "input V[K,H], s[T,H], y[T,K]\nq[t,l] := V[l,m] s[t,m]\nE[t] := q[t,k] y[t,k]\n"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("dE[t]/dV", "dE[t]/dV[i,j]"),
        ("(dE[t]/dV)[i,j]", "dE[t]/dV[i,j]"),
        ("(dE/dV)[t,i,j]", "dE[t]/dV[i,j]"),
        ("∂q[t,l]/∂V[i,j]", "partial q[t,l]/partial V[i,j]"),
        ("∂ q[t,l]/∂ V[i,j]", "∂q[t,l]/∂V[i,j]"),
        ("d/dV[i,j] (E[t])", "dE[t]/dV[i,j]"),
        ("d(E[t])/dV[i,j]", "dE[t]/dV[i,j]"),
        ("∂/∂V[i,j] E[t]", "∂E[t]/∂V[i,j]"),
        ("d/dV[k,l] (dE[t]/dV[i,j])", "d/dV[k,l] d/dV[i,j] E[t]"),
        ("(dE[t]/dV[i,j])^2", "dE[t]/dV[i,j]^2"),
        ("2 dE[t]/dV[i,j] y[t,k]", "2 * (dE[t]/dV[i,j]) * y[t,k]"),
        ("y[t,k]/dE[t]/dV[i,j]", "y[t,k]/(dE[t]/dV[i,j])"),
    ],
)
def test_derivatives_are_atoms(short: str, long: str) -> None:
    model = load_model(f"{DERIVING}[1] {short} = 0\n[2] {long} = 0")
    first, second = model.claims
    assert len(first.ranges) == len(second.ranges)
    mapping = dict(zip(first.ranges, second.ranges, strict=True))
    assert str(normal(second.left)) == str(normal(renamed(first.left, mapping)))


def renamed(expr, mapping):  # type: ignore[no-untyped-def]
    from einrnn.core import affine as af
    from einrnn.core.traverse import substitute

    return substitute(expr, {old: af.of(new) for old, new in mapping.items()})


def test_a_declared_name_beats_a_derivative() -> None:
    model = load_model("input E, V, dE, dV\n[1] dE/dV = dE dV^-1")
    assert normal(model.claims[0].left) is normal(model.claims[0].right)


def test_definitions_have_ranges_and_boundaries() -> None:
    model = load_model(
        "input W[H,H]\ndim T\nindex t : T\n"
        "s[t,i] := W[i,j] s[t-1,j], s[-1,i] := 1\n"
        "be[t,i] := W[i,j] be[t+1,j] with be[T-1,i] := 1\n"
        "ga[t,i] := W[i,j] ga[t+1,j] with ga[T,i] := 1\n"
        "al[0,i] := 1\nal[t,i] := W[i,j] al[t-1,j]\n"
        "two[0,i] := 1\ntwo[1,i] := 2\n"
    )
    axes = {
        name: str(found.axes[0].lo) + ".." + str(found.axes[0].hi)
        for name, found in model.definitions.items()
    }
    assert axes == {"s": "-1..T-1", "be": "0..T-1", "ga": "0..T", "al": "0..T-1", "two": "0..1"}
    general = {name: found.clauses[-1].ranges for name, found in model.definitions.items()}
    assert str(general["be"][Index("t")].hi) == "T-2"
    assert str(general["al"][Index("t")].lo) == "1"
    assert str(general["s"][Index("t")]) == "Range(lo=0, hi=T-1)"


def test_a_bad_statement_leaves_the_others() -> None:
    text = "input x[N]\ny[i] := x[i] +\nz[i] := 2 x[i]\n[1] y[i] = x[i]\n[2] z[i] = x[i] + x[i]"
    found = elaborate_text(Source.of(text))
    assert [claim.label for claim in found.model.claims] == ["2"]
    assert [claim.label for claim in found.invalid] == ["1"]
    assert [d.code for d in found.diagnostics if d.severity == "error"] == ["E101", "E406"]


def test_every_syntax_error_is_reported() -> None:
    text = "a := (1\nb := 2 +\nc := 3)\n[1] 2 == 2\n[2 x = 3\nd[i] := e[i"
    found = elaborate_text(Source.of(text))
    lines = {Source.of(text).place(d.span.start)[0] for d in found.diagnostics if d.span}
    assert lines >= {1, 2, 3, 4, 6}


def test_sizes_are_named_after_letters() -> None:
    model = load_model("y[i] := A[i,j] x[j]\nconv[n] := sig[n+p] w[p]")
    assert str(model.inputs["A"].axes) == "(I, J)"
    assert str(model.inputs["sig"].axes) == "(N+P-1,)"


def test_sizes_of_axes_that_are_read_shifted_are_named_too() -> None:
    model = load_model("C[i,k] := A[i,j] B[j+k]")
    assert set(model.dims) == {"I", "J", "K"}
    assert str(model.inputs["B"].axes[0]) == "J+K-1"


def test_letters_counted_from_the_end_have_the_size_of_the_axis() -> None:
    model = load_model("input w[K], u[N+K-1]\nc[n] := sum[k] w[K-1-k] u[n+k]\n")
    (clause,) = model.definitions["c"].clauses
    assert str(clause.body) == "(sum k 0..K-1 (* w[K-k-1] u[k+n]))"


def test_positions_before_the_first_are_an_error_whatever_the_letter() -> None:
    found = elaborate_text(Source.of("input x[N]\ny := sum[k] x[-1-k]\n"))
    assert [d.code for d in found.diagnostics if d.severity == "error"] == ["E217"]


LATTICE = "input e[T,S]\na[t,s] := e[t,s] (a[t-1,s] + a[t-1,s-1])   with a[-1,s] := 1, a[t,-1] := 0"


def test_entries_between_two_boundaries_must_have_a_value() -> None:
    found = elaborate_text(Source.of(LATTICE))
    (error,) = [d for d in found.diagnostics if d.severity == "error"]
    assert error.code == "E217"
    assert "a[-1,-1]" in error.label
    assert not elaborate_text(Source.of(f"{LATTICE}, a[-1,-1] := 0")).diagnostics


def test_a_condition_may_keep_reads_from_between_boundaries() -> None:
    guarded = LATTICE.replace("a[t-1,s-1])", "{ a[t-1,s-1] if t >= 1 ; 0 otherwise })")
    assert not elaborate_text(Source.of(guarded)).diagnostics


def test_arithmetic_on_positions_gives_no_warning() -> None:
    text = "input w[K], g[N], x[2*N+K-2]\n[1] x[m] = sum[n,k: 2*n+k == m] w[k] g[n]\n"
    assert not elaborate_text(Source.of(text)).diagnostics


def test_look_ups_make_inputs_whole_numbers() -> None:
    model = load_model("e[t,j] := C[tok[t],j]")
    fact = model.inputs["tok"].facts[0]
    assert (fact.name, fact.bound) == ("integer", model.inputs["C"].axes[0])


def test_chains_keep_their_steps_and_labels() -> None:
    model = load_model(
        "input a[N]\n[1] a[i] = a[i] + 0 = 2 a[i] - a[i]\n[2] = a[i] using 1 for i >= 1"
    )
    assert [(c.label, c.step) for c in model.claims] == [("1", 1), ("1", 2), ("2", 1)]
    assert model.claims[2].left is model.claims[1].right
    assert model.claims[2].using == ("1",)
    assert model.claims[2].condition is not None
    assert model.claims[2].text == "2 a[i] - a[i] = a[i]"


def test_facts_know_their_axis() -> None:
    model = load_model(
        "input y[T,K] one-hot in K, A[N,N] symmetric positive, p[K,T] probability in K, "
        "tok[T] integer in K, b[T] boolean"
    )
    assert model.inputs["y"].facts[0].axis == 1
    assert [fact.name for fact in model.inputs["A"].facts] == ["symmetric", "positive"]
    assert model.inputs["p"].facts[0].axis == 0
    assert str(model.inputs["tok"].facts[0].bound) == "K"
    assert model.inputs["b"].has("boolean")


def test_declared_functions_are_opaque() -> None:
    model = load_model(
        "function f(x[i], y[j])\nfunction x[i](r)\nfunction phi(a)\nz[i] := phi(x[i])"
    )
    assert str(model.definitions["f"].clauses[0].body) == "(?f[] (i<I -> x[i]) (j<J -> y[j]))"
    assert str(model.definitions["x"].clauses[0].body) == "(?x[i] ( -> r[]))"
    assert str(model.definitions["z"].clauses[0].body) == "(?phi[] ( -> x[i]))"
    assert set(model.inputs) == {"y", "r", "a"}


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("input V[K,H]\nq[l] = V[l,m] V[l,m]", "to define q, write ':=' instead of '='"),
        ("input V[K,H], Vold[K,H]\nq[l] := V[l,m] vold[l,m]", "did you mean Vold?"),
        (
            "input a[N]\n[1] a[i] == a[i]",
            "a claim has '=' between its sides; '==' belongs in conditions",
        ),
        (
            "b := sum[k: k = 2] a[k]",
            "write '==' in a condition; '=' stands between the sides of a claim",
        ),
    ],
)
def test_suggestions(text: str, help: str) -> None:
    found = elaborate_text(Source.of(text))
    assert [d.help for d in found.diagnostics if d.severity == "error"] == [help]


def test_a_broken_name_is_one_short_error_for_each_claim() -> None:
    text = "input x[N]\ny[i] := x[i] (\n[1] y[i] = y[i] + x[i]\n[2] x[i] = y[i] = 2 y[i]"
    found = elaborate_text(Source.of(text))
    assert [[d.code for d in claim.diagnostics] for claim in found.invalid] == [["E406"]] * 3


def test_an_input_with_a_name_of_the_language_costs_none_of_those_after_it() -> None:
    text = "input x[N], tr[N,N], y[N]\n[1] x[i] y[i] = y[i] x[i]"
    found = elaborate_text(Source.of(text))
    assert [d.code for d in found.diagnostics] == ["E403"]
    assert list(found.model.inputs) == ["x", "y"]
    assert len(found.model.claims) == 1


def test_a_recurrence_whose_step_is_broken_is_not_its_boundary_clause() -> None:
    text = "input x[T]\nh[t] := h[t-1] + z[t]   with h[0] := x[0]\n[1] h[T-1] = x[0]"
    found = elaborate_text(Source.of(text))
    assert [d.code for d in found.diagnostics] == ["E401", "E406"]


def test_a_letter_that_is_declared_over_less_reads_the_first_of_an_axis() -> None:
    text = "dim T\nindex t : T\ninput r[T], V[T+1], W[H]\nd[t] := r[t] + V[t+1] - V[t]"
    found = elaborate_text(Source.of(text))
    assert not found.diagnostics
    assert str(found.model.definitions["d"].axes[0].hi) == "T-1"
    wrong = elaborate_text(Source.of(text + "\ne[t] := r[t] + W[t]"))
    assert [d.code for d in wrong.diagnostics] == ["E301"]
    undeclared = elaborate_text(Source.of(text.replace("index t : T\n", "")))
    (problem,) = undeclared.diagnostics
    assert problem.code == "E301"
    assert problem.help.endswith("declare index t : T if t ends there")


def test_the_order_of_hashes_decides_nothing() -> None:
    import os
    import subprocess
    import sys
    from pathlib import Path

    document = Path(__file__).parent / "documents" / "rnn.ein"
    code = (
        "import sys; from pathlib import Path; from einrnn.language import load_model;"
        "from einrnn.language.text import document_text;"
        "print(document_text(load_model(Path(sys.argv[1]).read_text(encoding='utf-8'))))"
    )
    root = Path(__file__).parents[2]
    shown = {
        subprocess.run(
            [sys.executable, "-c", code, str(document)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(shown) == 1


def test_dot_behind_a_factor_is_a_call() -> None:
    half, double = (
        einrnn.parse(f"input r[N]\nf := {text}\n").compile("f")(r=np.arange(3.0))["f"]
        for text in ("1/2 dot(r, r)", "2 dot(r, r)^2")
    )
    assert (half, double) == (2.5, 50.0)


STEPS = """dim N
input x[N+1]
index i : N+1
index n : N
L := sum[n] 1/2 (x[n+1] - x[n])^2
e[n] := x[n+1] - x[n]
"""


def test_conditions_may_keep_a_declared_letter_inside_an_axis():
    text = "g[i] := { -e[0] if i == 0 ; e[N-1] if i == N ; e[i-1] - e[i] otherwise }\n"
    document = einrnn.parse(STEPS + text + "[1] dL/dx[i] = g[i]\n")
    assert document.check()["1"].verdict == "proved"
    found = document.compile("g", "dL/dx")(x=np.array([1.0, 3, 2, 7]))
    assert found["g"].tolist() == found["dL/dx"].tolist() == [-2, 3, -6, 5]


def test_a_declared_letter_reads_nothing_beyond_an_axis():
    (problem,) = einrnn.parse(STEPS + "g[i] := e[i] x[i]\n").diagnostics
    assert problem.code == "E217"


@pytest.mark.parametrize(
    ("right", "noted"),
    [
        ("{ 1 - A[i,j] x[j] if c > 0 ; 1 - A[i,j] y[j] otherwise }", True),
        ("{ (A[i,j] x[j])^2 if c > 0 ; A[i,j] y[j] otherwise }", True),
        ("{ A[i,j] x[j] if c > 0 ; A[i,j] y[j] otherwise }", False),
        ("A[i,j] [A[i,j] x[j] > 0]", True),
        ("A[i,j] [x[j] > 0]", False),
    ],
)
def test_a_sum_that_may_belong_inside_is_noted(right: str, noted: bool):
    found = einrnn.parse(f"{INPUTS}z[i] := {right}\n").diagnostics
    assert any(one.code == "N210" for one in found) == noted


def test_a_softmax_is_printed_where_it_is_one():
    head = "dim J\ninput S[J,J], x[J], q[J]\nindex i, j, k : J\n"
    rows = {
        "q[j] - logsumexp[k] q[k]": True,
        "q[j] - logsumexp[k=0..j] q[k]": False,
        "q[j] - logsumexp[k=0..J-2] q[k]": False,
        "S[j,j] x[j] - logsumexp[k](S[j,k] x[k])": False,
    }
    for argument, is_one in rows.items():
        model = einrnn.parse(f"{head}z[j] := exp({argument})\n").model
        (clause,) = model.definitions["z"].clauses
        shown = text(clause.body, model, tuple(clause.ranges))
        assert ("softmax" in shown) == is_one


def test_a_letter_that_nothing_gives_a_size_has_that_of_its_name():
    """An axis of its own would differ from the T that everything else speaks of."""
    model = load_model("dim T\ninput a, x0\nx[t] := a x[t-1] with x[-1] := x0\n")
    (axis,) = model.definitions["x"].axes
    assert axis.hi.terms == ((Dim("T"), 1),)
    assert model.dims == {"T": None}
