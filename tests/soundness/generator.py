"""Random expressions, and copies of them that are equal by construction.

Nothing here uses the normal form: a copy is made by moves that are plainly identities
(order, brackets, names of dummies, the distributive law, sums exchanged, an index put
behind a delta, a symmetric tensor read the other way round).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from einrnn.core import affine as af
from einrnn.core.build import ZERO, compare, delta, number, power
from einrnn.core.model import Fact, Input, Model
from einrnn.core.nodes import Add, Apply, Cases, Element, Expr, Index, Mul, Number, Pow, Reduce
from einrnn.core.traverse import substitute
from tests.builders import LETTERS, size, whole

I, J = LETTERS["i"], LETTERS["j"]
N = size("N")
FREE = {I: whole("N"), J: whole("N")}
RANK = {"x": 1, "y": 1, "A": 2, "S": 2, "B": 3}
MODEL = Model(
    {"N": None},
    {
        name: Input(name, (N,) * rank, (Fact("symmetric"),) if name == "S" else ())
        for name, rank in RANK.items()
    },
)
FUNCTIONS = ("tanh", "exp", "sigmoid", "sin")


@dataclass
class Maker:
    """Random expressions over the inputs of :data:`MODEL`, with i and j free."""

    rng: random.Random
    _dummies: Iterator[int] = field(default_factory=count)

    def expression(self, depth: int, letters: tuple[Index, ...] = (I, J)) -> Expr:
        """One expression; sums and functions nest no deeper than ``depth``."""
        if depth == 0 or self.rng.random() < 0.15:
            return self.leaf(letters)
        kind = self.rng.choice(["add", "mul", "mul", "sum", "sum", "delta", "power", "function"])
        match kind:
            case "add" | "mul":
                parts = [
                    self.expression(depth - 1, letters) for _ in range(self.rng.choice((2, 2, 3)))
                ]
                return Add(tuple(parts)) if kind == "add" else Mul(tuple(parts))
            case "sum":
                return self.sum(depth, letters)
            case "delta":
                first, second = self.rng.choice(letters), self.rng.choice(letters)
                bracket = Cases(
                    (
                        (
                            compare(
                                self.rng.choice(("==", "<=", "<")), af.of(first), af.of(second)
                            ),
                            self.expression(depth - 1, letters),
                        ),
                    ),
                    ZERO,
                )
                return bracket
            case "power":
                return Pow(self.expression(depth - 1, letters), number(2))
            case _:
                return Apply(self.rng.choice(FUNCTIONS), (self.expression(depth - 1, letters),))

    def leaf(self, letters: tuple[Index, ...]) -> Expr:
        """An entry of a tensor, its reciprocal or a number."""
        if self.rng.random() < 0.12:
            return number(self.rng.choice((-2, -1, 2, 3)))
        tensor = self.rng.choice(("x", "x", "y", "A", "A", "S", "B"))
        args = tuple(af.of(self.rng.choice(letters)) for _ in range(RANK[tensor]))
        entry = Element(tensor, args)
        return power(entry, -1) if self.rng.random() < 0.1 else entry

    def sum(self, depth: int, letters: tuple[Index, ...]) -> Expr:
        """A sum over a new dummy: the whole range, up to a letter, or from one on."""
        index = Index(f"d{next(self._dummies)}")
        low, high = af.ZERO, af.last(N)
        bound = af.of(self.rng.choice(letters))
        kind = self.rng.random()
        if kind < 0.15:
            high = bound
        elif kind < 0.3:
            low = bound
        body = self.expression(depth - 1, (*letters, index))
        held = Element("x", (af.of(index),))
        return Reduce("sum", index, low, high, Mul((held, body)))


@dataclass
class Shuffler:
    """Copies of expressions that are equal to them."""

    rng: random.Random
    _dummies: Iterator[int] = field(default_factory=count)

    def copy(self, expr: Expr) -> Expr:
        """The copy, changed in every place where a move applies and a coin says so."""
        match expr:
            case Add(parts):
                return Add(self._grouped(Add, [self.copy(part) for part in parts]))
            case Mul(parts):
                return self._product([self.copy(part) for part in parts])
            case Reduce():
                return self._sum(expr)
            case Cases():
                return self._bracket(expr)
            case Pow(base, Number(value)) if value == 2 and self._coin():
                return Mul((self.copy(base), self.copy(base)))
            case Pow(base, exponent):
                return Pow(self.copy(base), exponent)
            case Apply(function, args):
                return Apply(function, tuple(self.copy(arg) for arg in args))
            case Element("S", (first, second)) if self._coin():
                return Element("S", (second, first))
            case Element():
                return self._behind_delta(expr) if self.rng.random() < 0.15 else expr
            case _:
                return expr

    def _coin(self) -> bool:
        return self.rng.random() < 0.5

    def _grouped(self, node: type[Add] | type[Mul], parts: list[Expr]) -> tuple[Expr, ...]:
        self.rng.shuffle(parts)
        if len(parts) > 2 and self._coin():
            return (parts[0], node(tuple(parts[1:])))
        return tuple(parts)

    def _product(self, parts: list[Expr]) -> Expr:
        sums = [part for part in parts if isinstance(part, Add)]
        if sums and self._coin():
            chosen = sums[0]
            others = [part for part in parts if part is not chosen]
            rows = [Mul((term, *others)) for term in chosen.terms]
            self.rng.shuffle(rows)
            return Add(tuple(rows))
        return Mul(self._grouped(Mul, parts))

    def _sum(self, expr: Reduce) -> Expr:
        index = Index(f"e{next(self._dummies)}")
        body = self.copy(substitute(expr.body, {expr.index: af.of(index)}))
        if isinstance(body, Add) and self._coin():
            rows = [Reduce("sum", index, expr.lo, expr.hi, term) for term in body.terms]
            return Add(tuple(rows))
        if isinstance(body, Reduce) and not {index} & (body.lo.free | body.hi.free):
            inside = Reduce("sum", index, expr.lo, expr.hi, body.body)
            return Reduce("sum", body.index, body.lo, body.hi, inside)
        return Reduce("sum", index, expr.lo, expr.hi, body)

    def _bracket(self, expr: Cases) -> Expr:
        ((cond, branch),) = expr.branches
        inner = self.copy(branch)
        if not self._coin():
            return Cases(((cond, inner),), expr.otherwise)
        bracket = Cases(((cond, number(1)),), ZERO)
        return Mul((inner, bracket))

    def _behind_delta(self, entry: Element) -> Expr:
        """x[i] as the sum over d of delta[i,d] x[d]."""
        letter = self.rng.choice(sorted(entry.free, key=lambda i: i.name))
        index = Index(f"e{next(self._dummies)}")
        moved = substitute(entry, {letter: af.of(index)})
        body = Mul((delta(af.of(letter), af.of(index)), moved))
        return Reduce("sum", index, af.ZERO, af.last(N), body)
