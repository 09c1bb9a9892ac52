"""Short ways to write core expressions and models in tests."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.build import div, neg, number, sub, total
from einrnn.core.model import Clause, Definition, Input, Model, Range
from einrnn.core.nodes import Add, Affine, Apply, Dim, Element, Expr, Index, Mul, Reduce, Value

LETTERS = {letter: Index(letter) for letter in "abcdefghijklmnopqrstuvwxyz"}


def size(name: str) -> Affine:
    return af.of(Dim(name))


def whole(name: str) -> Range:
    return Range(af.ZERO, af.last(size(name)))


def at(text: str) -> Affine:
    """`t`, `t-1`, `t+1` or a number."""
    for sign in "+-":
        if sign in text[1:]:
            letter, by = text.split(sign)
            return af.shift(af.of(LETTERS[letter]), int(sign + by))
    return af.of(LETTERS[text]) if text in LETTERS else af.of(int(text))


def entry(tensor: str, *args: str) -> Element:
    return Element(tensor, tuple(at(arg) for arg in args))


def define(name: str, axes: str, letters: str, body: Expr, low: int = 0) -> Definition:
    """A definition with a general clause; ``low`` extends the first axis below 0."""
    ranges = {LETTERS[i]: whole(dim) for i, dim in zip(letters, axes, strict=True)}
    extents = [whole(dim) for dim in axes]
    clauses = [Clause(tuple(af.of(i) for i in ranges), ranges, body)]
    if low:
        extents[0] = Range(af.of(low), extents[0].hi)
        rest = dict(list(ranges.items())[1:])
        first = (af.of(low), *(af.of(i) for i in rest))
        clauses.insert(0, Clause(first, rest, number(0)))
    return Definition(name, tuple(extents), tuple(clauses))


def rnn() -> Model:
    """The document's network: s, q, yhat, E and L over inputs x, y, U, W, V."""
    j, n, m, k, t = (LETTERS[i] for i in "jnmkt")
    drive = total(j, size("D"), Mul((entry("U", "i", "j"), entry("x", "t", "j"))))
    back = total(n, size("H"), Mul((entry("W", "i", "n"), entry("s", "t-1", "n"))))
    logits = total(m, size("H"), Mul((entry("V", "k", "m"), entry("s", "t", "m"))))
    spread = Reduce("logsumexp", k, af.ZERO, af.last(size("K")), entry("q", "t", "k"))
    loss = Mul((entry("y", "t", "k"), Apply("log", (entry("yhat", "t", "k"),))))
    mean = div(total(t, size("T"), entry("E", "t")), Value(size("N")))
    rows = [
        define("s", "TH", "ti", Apply("tanh", (Add((drive, back)),)), low=-1),
        define("q", "TK", "tk", logits),
        define("yhat", "TK", "tk", Apply("exp", (sub(entry("q", "t", "k"), spread),))),
        define("E", "T", "t", neg(total(k, size("K"), loss))),
        define("L", "", "", mean),
    ]
    shapes = {"U": "HD", "W": "HH", "V": "KH", "x": "TD", "y": "TK"}
    inputs = {name: Input(name, tuple(map(size, axes))) for name, axes in shapes.items()}
    return Model(dict.fromkeys("TDHKN"), inputs, {row.name: row for row in rows})
