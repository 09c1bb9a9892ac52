"""A short way to write closed models by hand: letters, tensors and arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core import build
from einrnn.core import nodes as n
from einrnn.core.model import Clause, Definition, Fact, Input, Model, Range
from einrnn.core.traverse import walk


class A:
    """An index expression."""

    def __init__(self, value):
        self.affine = value if isinstance(value, n.Affine) else af.of(value)

    def __add__(self, other):
        return A(af.plus(self.affine, ix(other)))

    __radd__ = __add__

    def __sub__(self, other):
        return A(af.minus(self.affine, ix(other)))

    def __rsub__(self, other):
        return A(af.minus(ix(other), self.affine))

    def __mul__(self, by):
        if isinstance(by, X):
            return self.value() * by
        return A(af.scale(self.affine, by))

    __rmul__ = __mul__

    @property
    def index(self):
        return af.letter(self.affine)

    def value(self):
        return X(n.Value(self.affine))


class X:
    """An expression."""

    def __init__(self, expr):
        self.expr = expr

    def __add__(self, other):
        return X(n.Add((self.expr, ex(other))))

    def __radd__(self, other):
        return X(n.Add((ex(other), self.expr)))

    def __sub__(self, other):
        return X(build.sub(self.expr, ex(other)))

    def __rsub__(self, other):
        return X(build.sub(ex(other), self.expr))

    def __mul__(self, other):
        return X(n.Mul((self.expr, ex(other))))

    def __rmul__(self, other):
        return X(n.Mul((ex(other), self.expr)))

    def __truediv__(self, other):
        return X(build.div(self.expr, ex(other)))

    def __rtruediv__(self, other):
        return X(build.div(ex(other), self.expr))

    def __neg__(self):
        return X(build.neg(self.expr))

    def __pow__(self, other):
        return X(n.Pow(self.expr, ex(other)))


def ix(value):
    """Whatever stands for an index expression as an Affine."""
    if isinstance(value, A):
        return value.affine
    return value if isinstance(value, n.Affine) else af.of(value)


def ex(value):
    """Whatever stands for an expression as a core node."""
    if isinstance(value, X):
        return value.expr
    if isinstance(value, A):
        return n.Value(value.affine)
    if isinstance(value, (int, Fraction)):
        return build.number(value)
    return value


def letters(names):
    found = [A(n.Index(name)) for name in names.split()]
    return found if len(found) > 1 else found[0]


def dims(names):
    found = [A(n.Dim(name)) for name in names.split()]
    return found if len(found) > 1 else found[0]


class T:
    """A tensor's name; ``T("W")[i, j]`` is an entry."""

    def __init__(self, name):
        self.name = name

    def __getitem__(self, args):
        args = args if isinstance(args, tuple) else (args,)
        return X(n.Element(self.name, tuple(ix(a) for a in args)))


def tensors(names):
    found = [T(name) for name in names.split()]
    return found if len(found) > 1 else found[0]


def scalar(name):
    return X(n.Element(name, ()))


def lookup(entry):
    return A(entry.expr)


def fn(name, *args):
    return X(build.apply(name, *(ex(a) for a in args)))


def tanh(x):
    return fn("tanh", x)


def exp(x):
    return fn("exp", x)


def log(x):
    return fn("log", x)


def red(op, index, lo, hi, body):
    return X(n.Reduce(op, index.index, ix(lo), ix(hi), ex(body)))


def total(*parts):
    """``total(i, H, j, K, body)``: sums over whole axes."""
    *pairs, body = parts
    for index, size in reversed(list(zip(pairs[::2], pairs[1::2], strict=True))):
        body = red("sum", index, 0, A(af.last(ix(size))), body)
    return body


def lse(index, size, body):
    return red("logsumexp", index, 0, A(af.last(ix(size))), body)


def softmax(index, size, body, at):
    """softmax along ``index`` read at ``at``; ``body`` makes the logits of an index."""
    return exp(body(at) - lse(index, size, body(index)))


def cmp(op, left, right):
    return n.Compare(op, ex(left), ex(right))


def both(*conds):
    return n.And(conds)


def cases(*branches, otherwise=0):
    return X(n.Cases(tuple((cond, ex(value)) for cond, value in branches), ex(otherwise)))


def delta(left, right):
    return X(build.delta(ix(left), ix(right)))


def matrix(op, row, column, size, body, at=(), power=1):
    return X(
        n.Matrix(op, row.index, column.index, ix(size), ex(body), ix(power), tuple(map(ix, at)))
    )


def argument(indices, sizes, body):
    return n.Argument(tuple(i.index for i in indices), tuple(map(ix, sizes)), ex(body))


def opaque(name, at, args, partials=()):
    return X(
        n.Opaque(
            name,
            tuple(map(ix, at)),
            tuple(args),
            tuple((p, tuple(map(ix, entry))) for p, entry in partials),
        )
    )


def span(value):
    """A size as the whole range of an axis; a pair as lo and hi."""
    if isinstance(value, tuple):
        return Range(ix(value[0]), ix(value[1]))
    return Range(af.ZERO, af.last(ix(value)))


@dataclass
class Built:
    """A model under construction."""

    model: Model

    def input(self, name, *axes, facts=()):
        facts = tuple(f if isinstance(f, Fact) else Fact(f) for f in facts)
        new = Input(name, tuple(map(ix, axes)), facts)
        self.model = replace(self.model, inputs={**self.model.inputs, name: new})
        return self._with(new.axes)

    def define(self, name, axes, *clauses):
        """Clauses are ``(args, {letter: size or (lo, hi)}, body)``."""
        made = [
            Clause(
                tuple(ix(a) for a in args),
                {letter.index: span(size) for letter, size in ranges.items()},
                ex(body),
            )
            for args, ranges, body in clauses
        ]
        new = Definition(name, tuple(span(a) for a in axes), tuple(made))
        self.model = self.model.with_definitions({name: new})
        inside = [node for c in made for node in walk(c.body) if isinstance(node, n.Affine)]
        return self._with([*(b for axis in new.axes for b in (axis.lo, axis.hi)), *inside])

    def plain(self, name, args, sizes, body):
        """One clause over whole axes."""
        return self.define(name, sizes, (args, dict(zip(args, sizes, strict=True)), body))

    def _with(self, affines):
        found = {d.name: None for a in affines for d in af.dims(a)}
        self.model = replace(self.model, dims={**found, **self.model.dims})
        return self


def built(**numbers):
    return Built(Model(dims=dict(numbers)))
