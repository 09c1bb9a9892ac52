"""Every kind of expression, compiled, against the interpreter."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from einrnn.core.model import Fact
from einrnn.core.nodes import Add, Not, Or
from einrnn.errors import EvaluationError
from tests.numeric.building import (
    X,
    argument,
    both,
    built,
    cases,
    cmp,
    delta,
    dims,
    ex,
    exp,
    fn,
    ix,
    letters,
    log,
    lookup,
    lse,
    matrix,
    opaque,
    red,
    softmax,
    tanh,
    tensors,
    total,
)
from tests.numeric.comparing import agree, program, run

i, j, k, t, r, m = letters("i j k t r m")
H, N, K, TT = dims("H N K T")
A, B, C, x, y, z, tok, s, P = tensors("A B C x y z tok s P")
SIZES = {"N": 4, "K": 3, "T": 5, "H": 3}


def base():
    b = built().input("A", N, K).input("B", K, N).input("S", N, N).input("x", N).input("y", K)
    return b.input("z", TT, N).input("tok", TT, facts=[Fact("integer", bound=ix(N))])


def data(rng=None):
    rng = rng or np.random.default_rng(0)
    return {
        "A": rng.normal(size=(4, 3)),
        "B": rng.normal(size=(3, 4)),
        "S": rng.normal(size=(4, 4)) + 3 * np.eye(4),
        "x": rng.normal(size=4),
        "y": rng.normal(size=3),
        "z": rng.normal(size=(5, 4)),
        "tok": rng.integers(0, 4, size=5),
    }


def check(expression, *axes, arrays=None, **options):
    """The expression as a definition over axes given as pairs of letter and size."""
    b = base()
    b.plain("C", axes[::2], axes[1::2], expression)
    return agree(b.model, SIZES, arrays or data(), ["C"], **options)["C"]


S = tensors("S")

EXPRESSIONS = {
    "product": (total(k, K, A[i, k] * B[k, j]), i, N, j, N),
    "product of sums": (total(k, K, A[i, k]) * total(k, K, B[k, j]), i, N, j, N),
    "same letter in two sums": (total(k, K, A[i, k] * y[k]) * total(k, K, A[i, k]), i, N),
    "bracket": (total(k, K, (A[i, k] + B[k, j] - total(m, N, S[i, m])) * y[k]), i, N, j, N),
    "guarded bracket": (
        red("sum", r, 0, t, (z[r, i] * x[i] - z[r, j]) * z[t, j]),
        t,
        TT,
        i,
        N,
        j,
        N,
    ),
    "bracket of brackets": (total(k, K, (A[i, k] + y[k]) * (B[k, j] + x[j])), i, N, j, N),
    "nested": (total(i, N, k, K, A[i, k] * total(m, N, S[i, m] * x[m])), j, N),
    "outer": (x[i] * y[k], i, N, k, K),
    "hadamard": (A[i, k] * A[i, k] * y[k], i, N, k, K),
    "missing axis": (total(k, K, x[i]), i, N),
    "constant": (ex(7), i, N, k, K),
    "broadcast": (x[j], i, N, j, N),
    "diagonal": (S[i, i] * x[i], i, N),
    "trace": (total(i, N, S[i, i]), j, N),
    "transposed": (S[j, i] - S[i, j], i, N, j, N),
    "shifted": (cases((cmp(">=", i, 1), x[i - 1]), otherwise=x[i] * 2), i, N),
    "shifted in a sum": (total(j, N, cases((cmp("<", j, N - 1), x[j + 1] * S[i, j]))), i, N),
    "reversed": (x[N - 1 - i], i, N),
    "strided": (total(k, 2, x[2 * k] * S[i, 2 * k + 1]), i, N),
    "negative stride": (total(k, 2, x[3 - 2 * k] * x[i]), i, N),
    "two letters": (total(k, 2, x[k + t] * y[k]), t, (0, 2)),
    "convolution": (red("sum", r, 0, t, z[r, i] * z[t - r, i]), t, TT, i, N),
    "later times": (red("sum", r, t, TT - 1, z[r, i] * x[i]), t, TT, i, N),
    "empty sums": (red("sum", r, t + 1, TT - 1, z[r, i]), t, TT, i, N),
    "lower triangle": (red("sum", j, 0, i - 1, S[i, j] * x[j]), i, N),
    "pairs": (total(i, N, red("sum", j, i + 1, N - 1, S[i, j] * S[j, i])), k, K),
    "without one": (total(j, N, cases((cmp("!=", j, i), S[i, j] * x[j] / x[i]))), i, N),
    "delta": (total(j, N, delta(i, j) * x[j]), i, N),
    "shifted delta": (total(j, N, delta(i, j + 1) * x[j] * S[j, i]), i, N),
    "free delta": (delta(i, j) * x[j] - delta(j, i + 1), i, N, j, N),
    "two deltas": (total(j, N, m, N, delta(i, j) * delta(j, m) * S[j, m]), i, N),
    "delta of values": (total(j, N, cases((both(cmp("==", i, j), cmp(">", x[j], 0)), x[j]))), i, N),
    "data cases": (cases((cmp(">", x[i], 0), exp(x[i])), (cmp(">", y[k], 0), 3)), i, N, k, K),
    "or not": (cases((Or((cmp("==", i, 0), Not(cmp("<", x[i], 0)))), x[i])), i, N),
    "guarded and": (cases((both(cmp(">=", i, 1), cmp(">", x[i - 1], 0)), 1)), i, N),
    "guarded and in a sum": (
        total(j, N, cases((both(cmp(">=", j, 1), cmp(">", x[j - 1], 0)), S[i, j - 1]))),
        i,
        N,
    ),
    "guarded or": (cases((Or((cmp("==", i, 0), cmp(">", x[i - 1], 0))), 1)), i, N),
    "look-up": (A[lookup(tok[t]), k], t, TT, k, K),
    "look-up with letter": (S[lookup(tok[t]), i] * z[t, i], t, TT, i, N),
    "look-up summed": (total(t, TT, z[t, lookup(tok[t])] * S[lookup(tok[t]), i]), i, N),
    "look-up of a delta": (total(t, TT, delta(i, lookup(tok[t])) * z[t, i]), i, N),
    "look-up as a number": (tok[t] * x[i], t, TT, i, N),
    "tanh": (tanh(total(k, K, A[i, k] * y[k])), i, N),
    "softmax": (softmax(k, K, lambda at: A[i, at] * 30, m), i, N, m, K),
    "log softmax": (log(softmax(k, K, lambda at: A[i, at], m)), i, N, m, K),
    "logsumexp": (lse(j, N, S[i, j] * 100), i, N),
    "masked logsumexp": (red("logsumexp", j, 0, i, S[i, j]), i, N),
    "prod": (red("prod", j, 0, i, S[i, j]), i, N),
    "prod of constants": (red("prod", j, 0, 2, x[i]), i, N),
    "max": (red("max", k, 0, K - 1, A[i, k]), i, N),
    "min over later": (red("min", j, i, N - 1, x[j]), i, N),
    "max of nothing": (red("max", j, i + 1, N - 1, x[j]), i, N),
    "powers": (x[i] ** 2 + x[i] ** 3 + x[i] ** 4 + x[i] ** 5 + x[i] ** -1 + x[i] ** -2, i, N),
    "power of a value": (fn("abs", x[i]) ** y[k], i, N, k, K),
    "alternating": (X(ex(-1)) ** i * x[i], i, N),
    "size": (x[i] / N.value() + i, i, N),
    "pi": (fn("pi") * x[i], i, N),
    "inverse": (matrix("inv", k, m, N, S[k, m], (i, j)), i, N, j, N),
    "inverse applied": (total(j, N, matrix("inv", k, m, N, S[k, m], (i, j)) * x[j]), i, N),
    "batch of inverses": (matrix("inv", k, m, N, S[k, m] + t * delta(k, m), (i, i)), t, TT, i, N),
    "determinants": (matrix("det", k, m, N, S[k, m] + t * delta(k, m)), t, TT),
    "log determinant": (matrix("logdet", k, m, N, total(j, N, S[k, j] * S[m, j])), i, N),
    "matrix power": (matrix("matpow", k, m, N, S[k, m] / 4, (i, j), 3), i, N, j, N),
    "power zero": (matrix("matpow", k, m, N, S[k, m], (i, j), 0), i, N, j, N),
    "power by index": (matrix("matpow", k, m, N, S[k, m] / 4, (i, 1), t), t, TT, i, N),
    "matrix of constants": (matrix("inv", k, m, N, delta(k, m) * 2, (i, j)), i, N, j, N),
    "opaque": (opaque("f", (), [argument([j], [N], x[j] * y[k])]), k, K),
    "opaque entries": (
        opaque("f", (i,), [argument([j], [N], x[j]), argument([], [], y[k])]),
        i,
        N,
        k,
        K,
    ),
    "opaque gradient": (
        opaque("f", (i,), [argument([j], [N], x[j])], [(0, (k,)), (0, (m,))]),
        i,
        N,
        k,
        K,
        m,
        K,
    ),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_interpreter_agrees(name):
    expression, *axes = EXPRESSIONS[name]
    check(expression, *axes, rtol=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        "exp",
        "log",
        "tanh",
        "sigmoid",
        "relu",
        "sqrt",
        "abs",
        "sign",
        "step",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "asin",
        "acos",
        "atan",
        "softplus",
        "erf",
    ],
)
def test_functions_of_entries(name):
    values = np.array([-30.0, -0.7, 0.0, 0.9])
    check(fn(name, x[i]), i, N, arrays={**data(), "x": values}, rtol=1e-12)
    if name not in ("abs", "sign", "step", "relu"):
        complex_step(name, 0.3)


def complex_step(name, at):
    b = built().input("x", N)
    b.plain("C", (i,), (N,), fn(name, x[i]))
    compiled = program(b.model, "C")
    slope = compiled(x=np.array([at + 1e-30j]))["C"][0].imag / 1e-30
    high, low = (compiled(x=np.array([at + h]))["C"][0] for h in (1e-6, -1e-6))
    assert slope == pytest.approx((high - low) / 2e-6, rel=1e-7)


@pytest.mark.parametrize("name", ["max", "min"])
def test_functions_of_two_numbers(name):
    check(fn(name, x[i], y[k]), i, N, k, K)


def test_functions_are_stable():
    big = np.array([-1000.0, 1000.0, 800.0, -800.0])
    arrays = {**data(), "x": big}
    assert np.isfinite(check(fn("sigmoid", x[i]), i, N, arrays=arrays)).all()
    assert np.isfinite(check(fn("softplus", x[i]), i, N, arrays=arrays)).all()
    assert np.isfinite(check(lse(j, N, x[j]), i, N, arrays=arrays)).all()
    soft = check(softmax(j, N, lambda at: x[at], i), i, N, arrays=arrays)
    assert soft.sum() == pytest.approx(1)


def test_log_of_a_softmax_is_finite_where_the_softmax_underflows():
    b = base()
    b.plain("P", (i,), (N,), softmax(j, N, lambda at: x[at], i))
    b.plain("C", (i,), (N,), log(P[i]))
    arrays = {**data(), "x": np.array([0.0, 2000.0, -2000.0, 1.0])}
    found = run(b.model, ["C"], SIZES, arrays)["C"]
    np.testing.assert_allclose(found, [-2000, 0, -4000, -1999])


def test_masked_out_infinities_do_not_leak_into_sums():
    """A mask times inf is nan: the masked product has to be selected instead."""
    arrays = data()
    arrays["x"] = np.array([0.0, 1.0, 2.0, 3.0])
    arrays["S"][np.diag_indices(4)] = np.inf
    off_diagonal = total(j, N, cases((cmp("!=", j, i), S[i, j] * S[j, i] * A[j, 0])))
    assert np.isfinite(check(off_diagonal, i, N, arrays=arrays)).all()
    below = red("sum", j, 0, i - 1, S[i, j] * (1 / (x[i] - x[j])))
    assert np.isfinite(check(below, i, N, arrays=arrays)).all()
    guarded = total(j, N, cases((cmp(">", x[j], 0), A[j, k] / x[j] * S[j, i])))
    check(guarded, i, N, k, K, arrays=arrays)


def test_infinities_that_are_not_masked_stay():
    arrays = data()
    arrays["x"] = np.array([0.0, 1.0, 2.0, 3.0])
    assert not np.isfinite(check(1 / x[i], i, N, arrays=arrays)[0])
    below = red("sum", j, 0, i, A[i, 0] / x[j] * y[0])
    assert not np.isfinite(check(below, i, N, arrays=arrays)).any()


def test_reads_out_of_range_are_errors_with_tensor_axis_and_range():
    b = base()
    b.plain("C", (i,), (N,), x[i - 1])
    with pytest.raises(
        EvaluationError,
        match=r"E603.*x is read out of range: position -1 to 2 on axis 0, which runs from 0 to 3",
    ):
        run(b.model, ["C"], SIZES, data())
    b = base()
    b.plain("C", (t,), (TT,), x[lookup(tok[t])])
    arrays = data()
    arrays["tok"] = np.array([0, 1, 4, 2, 0])
    with pytest.raises(EvaluationError, match=r"E603.*x is read out of range.*position 4"):
        run(b.model, ["C"], SIZES, arrays)


@pytest.mark.parametrize(
    "expression",
    [
        cases((cmp(">=", i, 0), x[i - 1])),
        cases((cmp("!=", i, 1), x[i + 1])),
        total(j, N, cases((cmp("<=", j, i + 1), S[i, j + 1]))),
        red("sum", j, 0, i + 1, x[j]),
        cases((Or((cmp("==", i, 1), cmp("==", i, 0))), x[i - 1])),
    ],
)
def test_a_condition_that_does_not_guard_is_found(expression):
    b = base()
    b.plain("C", (i,), (N,), expression)
    with pytest.raises(EvaluationError, match=r"E603.*[xS] is read out of range: position (-1|4)"):
        run(b.model, ["C"], SIZES, data())


def test_a_singular_matrix_is_an_error_unless_a_condition_hides_it():
    b = base()
    b.plain("C", (i, j), (N, N), matrix("inv", k, m, N, x[k] * x[m], (i, j)))
    with pytest.raises(EvaluationError, match="E606"):
        run(b.model, ["C"], SIZES, data())
    hidden = matrix("inv", k, m, N, x[k] * x[m] + t * delta(k, m), (i, i))
    check(cases((cmp(">", t, 0), hidden)), t, TT, i, N)


def test_positions_that_are_computed_must_be_whole():
    b = base()
    b.plain("P", (t,), (TT,), tok[t] / 2)
    b.plain("C", (t,), (TT,), x[lookup(P[t])])
    arrays = data()
    arrays["tok"] = np.array([0, 2, 0, 2, 2])
    agree(b.model, SIZES, arrays)
    arrays["tok"] = np.array([0, 1, 0, 2, 2])
    with pytest.raises(EvaluationError, match="E607"):
        run(b.model, ["C"], SIZES, arrays)


def test_a_sum_over_a_bracket_does_not_make_the_bracket():
    b = built().input("A", N, K).input("B", K, N).input("y", K)
    b.plain("C", (i, j), (N, N), total(k, K, (A[i, k] + B[k, j]) * y[k]))
    cost = program(b.model, "C").cost(N=50, K=60)
    assert cost.largest <= 60 * 50


def test_tall_and_wide_expressions():
    tall = x[i]
    for _ in range(1000):
        tall = tanh(tall + 1)
    check(tall, i, N)
    wide = X(Add(tuple(ex(x[i] * c) for c in range(5000))))
    check(wide, i, N)


def test_hundreds_of_unrolled_steps_with_sums():
    chain = letters(" ".join(f"l{number}" for number in range(300)))
    value = x[chain[-1]]
    for here, there in zip(chain[-2::-1], chain[:0:-1], strict=True):
        value = tanh(total(there, N, S[here, there] * value / 4))
    b = base()
    b.plain("C", (chain[0],), (N,), value)
    agree(b.model, SIZES, data())


def test_a_program_is_the_same_in_every_run():
    code = (
        "from tests.numeric.networks import rnn\n"
        "from tests.numeric.comparing import program\n"
        "print(program(rnn(), 'L', 'dL/dW', 'dsdW20'))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
