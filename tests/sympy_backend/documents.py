"""Models built by hand, with the short names the tests of this part use."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core import nodes as n
from einrnn.core.build import ONE, ZERO, apply, delta, div, neg, number, power, sub, total
from einrnn.core.model import Clause, Definition, Fact, Input, Model, Range

T, H, K, D = (n.Dim(name) for name in "THKD")
b, i, j, k, m, p, r, t = (n.Index(name) for name in "bijkmprt")
ell = n.Index("l")


def size(dim: n.Dim) -> n.Affine:
    return af.of(dim)


def at(name: str, *args: int | n.Atom | n.Affine) -> n.Element:
    return n.Element(name, tuple(a if isinstance(a, n.Affine) else af.of(a) for a in args))


def add(*terms: n.Expr) -> n.Expr:
    return n.Add(terms)


def mul(*factors: n.Expr) -> n.Expr:
    return n.Mul(factors)


def before(index: n.Index) -> n.Affine:
    return af.shift(af.of(index), -1)


def whole(dim: n.Dim) -> Range:
    return Range(af.ZERO, af.last(size(dim)))


def is_delta(left: n.Index, right: n.Index) -> n.Expr:
    return delta(af.of(left), af.of(right))


def tensor(name: str, indices: list[tuple[n.Index, n.Dim]], body: n.Expr) -> Definition:
    ranges = {index: whole(dim) for index, dim in indices}
    clause = Clause(tuple(af.of(index) for index in ranges), ranges, body)
    return Definition(name, tuple(ranges.values()), (clause,))


def over_time(
    name: str, rest: list[tuple[n.Index, n.Dim]], start: n.Expr, body: n.Expr
) -> Definition:
    """A recurrence in t with the value ``start`` at t = -1."""
    ranges = {index: whole(dim) for index, dim in rest}
    args = tuple(af.of(index) for index in ranges)
    first = Clause((af.of(-1), *args), ranges, start)
    general = Clause((af.of(t), *args), {t: whole(T), **ranges}, body)
    axes = (Range(af.of(-1), af.last(size(T))), *ranges.values())
    return Definition(name, axes, (first, general))


def model(inputs: list[Input], definitions: list[Definition]) -> Model:
    return Model(
        inputs={given.name: given for given in inputs},
        definitions={made.name: made for made in definitions},
    )


def given(name: str, *axes: n.Dim, facts: tuple[Fact, ...] = ()) -> Input:
    return Input(name, tuple(size(axis) for axis in axes), facts)


def rnn() -> Model:
    """s = tanh(U x + W s), yhat = softmax(V s), E = -y log yhat, L = sum E, and by hand
    ds/dW, dE/dq (for any y) and dL/dW."""
    z = add(
        total(p, size(D), mul(at("U", i, p), at("x", t, p))),
        total(j, size(H), mul(at("W", i, j), at("s", before(t), j))),
    )
    q = total(m, size(H), mul(at("V", k, m), at("s", t, m)))
    exponent = sub(
        at("q", t, k), n.Reduce("logsumexp", ell, af.ZERO, af.last(size(K)), at("q", t, ell))
    )
    loss = neg(total(k, size(K), mul(at("y", t, k), apply("log", at("yhat", t, k)))))
    recurrent = total(ell, size(H), mul(at("W", m, ell), at("ds/dW", before(t), ell, i, j)))
    inner = add(mul(is_delta(m, i), at("s", before(t), j)), recurrent)
    ds = mul(sub(ONE, power(at("s", t, m), 2)), inner)
    weight = sub(mul(at("yhat", t, k), total(ell, size(K), at("y", t, ell))), at("y", t, k))
    dl = total(
        t,
        size(T),
        total(
            k,
            size(K),
            total(m, size(H), mul(at("dE/dq", t, k), at("V", k, m), at("ds/dW", t, m, i, j))),
        ),
    )
    return model(
        [
            *(given("U", H, D), given("W", H, H), given("V", K, H)),
            *(given("x", T, D), given("y", T, K), given("s0", H)),
        ],
        [
            over_time("s", [(i, H)], at("s0", i), apply("tanh", z)),
            tensor("q", [(t, T), (k, K)], q),
            tensor("yhat", [(t, T), (k, K)], apply("exp", exponent)),
            tensor("E", [(t, T)], loss),
            tensor("L", [], total(t, size(T), at("E", t))),
            over_time("ds/dW", [(m, H), (i, H), (j, H)], ZERO, ds),
            tensor("dE/dq", [(t, T), (k, K)], weight),
            tensor("dL/dW", [(i, H), (j, H)], dl),
        ],
    )


__all__ = [
    "ONE",
    "ZERO",
    "D",
    "Fact",
    "Fraction",
    "H",
    "K",
    "T",
    "add",
    "apply",
    "at",
    "b",
    "before",
    "div",
    "ell",
    "given",
    "i",
    "is_delta",
    "j",
    "k",
    "m",
    "model",
    "mul",
    "neg",
    "number",
    "over_time",
    "p",
    "power",
    "r",
    "rnn",
    "size",
    "sub",
    "t",
    "tensor",
    "total",
    "whole",
]
