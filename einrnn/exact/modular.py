"""What numbers and functions are modulo the primes of the tower.

A difference between two residues refutes an equation wherever everything used is a rational
operation, an exponential, or an unknown function. Order among numbers, logarithms that no
law resolves, roots of sums and exponentials above the tower have stand-ins that keep only
some of their laws: what depends on them is flagged SOFT, and a difference there means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from einrnn.core import nodes as n
from einrnn.core.build import apply
from einrnn.core.model import Model
from einrnn.exact import logs, matrices, oracles
from einrnn.exact.evaluate import Evaluator, Steps, order_of
from einrnn.exact.field import FIELDS, Field, Residues
from einrnn.exact.logic import RELATIONS, is_whole, no_contraction, reduced, rows, total
from einrnn.exact.oracles import seed_of
from einrnn.exact.places import Whole
from einrnn.exact.values import (
    SOFT,
    UNDEFINED,
    Array,
    Env,
    Flags,
    Values,
    aligned,
    marked,
    merged,
)

_TOP = len(FIELDS) - 1
# larger numbers are not taken apart into prime factors
_FACTORED = 10**8
_ODD = ("asin", "atan", "erf")


class Modular:
    """Arithmetic modulo the primes of :mod:`einrnn.exact.field`; levels are their numbers."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._exps: dict[n.Expr, n.Expr | None] = {}
        self._logs: dict[n.Expr, n.Expr | None] = {}

    def number(self, node: n.Number, level: int) -> Values:
        """A rational number."""
        try:
            return Values(FIELDS[level].number(node.value))
        except ZeroDivisionError:
            return _undefined(1)

    def whole(self, values: Whole, level: int) -> Array:
        """Whole numbers as residues."""
        return FIELDS[level].whole(values)

    def read_whole(self, values: Array, level: int) -> Whole:
        """The whole numbers of least magnitude."""
        return FIELDS[level].signed(values)

    def add(self, terms: Sequence[Array], level: int) -> Array:
        """The sum of arrays that broadcast."""
        return FIELDS[level].add(terms)

    def mul(self, left: Array, right: Array, level: int) -> Array:
        """The product of arrays that broadcast."""
        return left * right % FIELDS[level].prime

    def opaque(self, ev: Evaluator, node: n.Opaque, level: int, env: Env) -> Steps:
        """An unknown function: a random oracle."""
        return oracles.opaque(ev, FIELDS[level], node, level, env)

    def matrix(self, ev: Evaluator, node: n.Matrix, level: int, env: Env) -> Steps:
        """A function of a matrix."""
        if node.op == "logdet":
            det = n.Matrix("det", node.row, node.column, node.size, node.body, node.power, ())
            return ev.steps(apply("log", det), level, env)
        return matrices.modular(ev, FIELDS[level], node, level, env)

    def compare(
        self, ev: Evaluator, node: n.Compare, left: Values, right: Values, level: int
    ) -> Values:
        """Equality is that of residues; order is exact for whole numbers only."""
        field = FIELDS[level]
        flags = merged(left.flags, right.flags)
        relation = RELATIONS[node.op]
        if node.op in ("==", "!="):
            return Values(relation(left.data, right.data), flags)
        if is_whole(ev.model, node.left) and is_whole(ev.model, node.right):
            return Values(relation(field.signed(left.data), field.signed(right.data)), flags)
        sign = field.character(field.sub(left.data, right.data))
        return Values(relation(sign, 0), merged(flags, marked(sign != 0, SOFT)))

    def reduce(self, ev: Evaluator, node: n.Reduce, level: int, env: Env) -> Steps:
        """A reduction."""
        match node.op:
            case "sum":
                return total(ev, node, level, env, FIELDS[level].sum, no_contraction)
            case "prod":
                return reduced(ev, node, level, env, 1, FIELDS[level].prod)
            case "logsumexp":
                inner = apply("exp", node.body)
                summed = n.Reduce("sum", node.index, node.lo, node.hi, inner)
                return ev.steps(apply("log", summed), level, env)
            case "max" | "min":
                return self._extreme(ev, node, level, env)

    def _extreme(self, ev: Evaluator, node: n.Reduce, level: int, env: Env) -> Steps:
        """The row that is not below any other; undefined where the order has a cycle."""
        field = FIELDS[level]
        outer = order_of(node.free)
        found = yield from rows(ev, node, node.body, level, env)
        if found is None:
            return _undefined(len(outer) + 1)
        data = np.moveaxis(found.body.data, found.axis, 0)
        flags: Flags | None = None
        if is_whole(ev.model, node.body):
            signed = field.signed(data)
            beats = signed[:, None] - signed[None, :]
        else:
            beats = field.character(field.sub(data[:, None], data[None, :]))
            flags = marked(np.any(beats != 0, axis=(0, 1)), SOFT)
        beats = beats >= 0 if node.op == "max" else beats <= 0
        counted = np.ones((1,) * data.ndim, dtype=np.bool_)
        if found.counted is not None:
            counted = np.moveaxis(found.counted, found.axis, 0)
        if found.body.flags is not None:
            marks = np.moveaxis(found.body.flags, found.axis, 0) * counted
            flags = merged(flags, np.bitwise_or.reduce(marks, axis=0))
        best = (beats | ~counted[None, :]).all(axis=1) & counted
        winner = np.argmax(best, axis=0)[None]
        picked = np.take_along_axis(np.broadcast_to(data, best.shape), winner, axis=0)[0]
        flags = merged(flags, marked(~best.any(axis=0), UNDEFINED))
        axes = tuple(index for index in found.axes if index is not node.index)
        return aligned(Values(picked, flags), axes, outer)

    def apply(self, ev: Evaluator, node: n.Apply, level: int, env: Env) -> Steps:
        """A known function."""
        if not node.args:
            return self._constant(node.function, level)
        x = node.args[0]
        match node.function:
            case "exp":
                return self._exp(ev, x, level, env)
            case "log":
                return self._log(ev, x, level, env)
            case "sqrt":
                return self.power(ev, n.Pow(x, n.Number(Fraction(1, 2))), level, env)
            case "softplus":
                return ev.steps(
                    apply("log", n.Add((n.Number(Fraction(1)), apply("exp", x)))), level, env
                )
            case "abs" | "sign" | "step" | "relu":
                return self._signed(ev, node.function, x, level, env)
            case "max" | "min":
                return self._larger(ev, node, level, env)
            case "sin" | "cos" | "tan":
                return self._circular(ev, node.function, x, level, env)
            case "asin" | "acos" | "atan" | "erf":
                return self._odd(ev, node.function, x, level, env)
            case name:
                rational = logs.by_exp(name, x)
                assert rational is not None
                return ev.steps(rational, level, env)

    def _constant(self, name: str, level: int) -> Steps:
        if name != "pi":
            return _undefined(1)
        value = np.array([seed_of(name, level)], dtype=np.uint64)
        return Values(FIELDS[level].oracle(0, value))
        yield

    def _exp(self, ev: Evaluator, x: n.Expr, level: int, env: Env) -> Steps:
        if x not in self._exps:
            self._exps[x] = logs.exp_of(self.model, x)
        known = self._exps[x]
        if known is not None:
            return (yield ev.steps(known, level, env))
        if level < _TOP:
            value: Values = yield ev.steps(x, level + 1, env)
            return Values(FIELDS[level].exp(value.data), value.flags)
        value = yield ev.steps(x, level, env)
        soft = marked(value.data != 0, SOFT)
        data = FIELDS[level].exp_oracle(seed_of("exp", level), value.data)
        return Values(data, merged(value.flags, soft))

    def _log(self, ev: Evaluator, x: n.Expr, level: int, env: Env) -> Steps:
        """By the laws as far as they reach; ``log(a + b) = log(ab)/2 + h((a + b)^2/(ab))``."""
        value: Values = yield ev.steps(x, level, env)
        missing = marked(value.data == 0, UNDEFINED)
        field = FIELDS[level]
        if x not in self._logs:
            self._logs[x] = logs.log_of(self.model, x)
        known = self._logs[x]
        if known is not None:
            found: Values = yield ev.steps(known, level, env)
            lifted = aligned(found, order_of(known.free), order_of(x.free))
            return Values(lifted.data, merged(lifted.flags, value.flags, missing))
        if isinstance(x, n.Number) and x.value > 0:
            return Values(_log_rational(field, x.value))
        pure = logs.pure_sum(self.model, x)
        if pure is None:
            even = np.minimum(value.data, field.neg(value.data))
            data = field.oracle(seed_of("log", level), even)
            return Values(data, merged(value.flags, missing, marked(value.data > 0, SOFT)))
        parts = yield from ev.all(pure, order_of(x.free), level, env)
        log, product, count = [part.data for part in parts]
        scale = field.inverse(count)
        key = field.mul(field.powers(value.data, count), field.inverse(product))
        rest = field.oracle(seed_of("log mean", level), key)
        rest = np.where(count == 1, 0, rest).astype(np.uint64)
        data = field.mul(field.add((log, rest)), scale)
        flags = merged(value.flags, missing, marked(rest > 0, SOFT), *(p.flags for p in parts))
        return Values(data, flags)

    def _signed(self, ev: Evaluator, name: str, x: n.Expr, level: int, env: Env) -> Steps:
        value: Values = yield ev.steps(x, level, env)
        field = FIELDS[level]
        if is_whole(ev.model, x):
            sign, flags = np.sign(field.signed(value.data)), value.flags
        else:
            sign = field.character(value.data)
            soft = None if logs.is_positive(ev.model, x) else marked(sign != 0, SOFT)
            flags = merged(value.flags, soft)
        positive = (sign > 0).astype(np.int64)
        factor = field.whole(sign if name in ("abs", "sign") else positive)
        data = field.mul(value.data, factor) if name in ("abs", "relu") else factor
        return Values(data, flags)

    def _larger(self, ev: Evaluator, node: n.Apply, level: int, env: Env) -> Steps:
        left, right = node.args
        op = ">=" if node.function == "max" else "<="
        chosen = n.Cases(((n.Compare(op, left, right), left),), right)
        return ev.steps(chosen, level, env)

    def _circular(self, ev: Evaluator, name: str, x: n.Expr, level: int, env: Env) -> Steps:
        """Rational in the tangent of half the angle, an odd oracle: no addition theorem."""
        value: Values = yield ev.steps(x, level, env)
        field = FIELDS[level]
        half = field.odd_oracle(seed_of("half", level), value.data)
        one = np.array(1, dtype=np.uint64)
        square = field.mul(half, half)
        above = field.sub(one, square) if name == "cos" else field.add((half, half))
        below = field.sub(one, square) if name == "tan" else field.add((one, square))
        data = field.mul(above, field.inverse(below))
        return Values(data, merged(value.flags, marked(value.data != 0, SOFT)))

    def _odd(self, ev: Evaluator, name: str, x: n.Expr, level: int, env: Env) -> Steps:
        value: Values = yield ev.steps(x, level, env)
        field = FIELDS[level]
        known = name if name in _ODD else "asin"
        data = field.odd_oracle(seed_of(known, level), value.data)
        if name == "acos":  # pi/2 - asin
            pi = field.oracle(0, np.array([seed_of("pi", level)], dtype=np.uint64))
            half = field.mul(pi, field.number(Fraction(1, 2)))
            data = field.sub(half.reshape((1,) * data.ndim), data)
        # erf has no addition theorem, the inverses have
        soft = None if name == "erf" else marked(value.data != 0, SOFT)
        return Values(data, merged(value.flags, soft))

    def power(self, ev: Evaluator, node: n.Pow, level: int, env: Env) -> Steps:
        """A power: of anything to a whole number, of squares to anything else."""
        field = FIELDS[level]
        order = order_of(node.free)
        base: Values = yield ev.steps(node.base, level, env)
        base = aligned(base, order_of(node.base.free), order)
        if isinstance(node.exponent, n.Number) and node.exponent.value.denominator == 1:
            whole = int(node.exponent.value)
            missing = marked(base.data == 0, UNDEFINED) if whole < 0 else None
            return Values(field.power(base.data, whole), merged(base.flags, missing))
        if is_whole(ev.model, node.exponent):
            exponent: Values = yield ev.steps(node.exponent, level, env)
            exponent = aligned(exponent, order_of(node.exponent.free), order)
            return _whole_power(field, base, exponent)
        return (yield self._root(ev, node, base, level, env))

    def _root(self, ev: Evaluator, node: n.Pow, base: Values, level: int, env: Env) -> Steps:
        """``base^e`` for a square: e counts modulo the order of the group of squares."""
        field = FIELDS[level]
        order = order_of(node.free)
        sign = field.character(base.data)
        missing = marked(sign < 0, UNDEFINED)
        soft = None if logs.is_positive(ev.model, node.base) else marked(sign != 0, SOFT)
        if isinstance(node.exponent, n.Number):
            value, group = node.exponent.value, (field.prime - 1) // 2
            data = field.power(
                base.data, value.numerator * pow(value.denominator, -1, group) % group
            )
            none = marked(sign == 0, UNDEFINED) if value < 0 else None
            return Values(data, merged(base.flags, missing, soft, none))
        none = marked(sign == 0, UNDEFINED)
        exponent: Values = yield ev.steps(node.exponent, min(level + 1, _TOP), env)
        exponent = aligned(exponent, order_of(node.exponent.free), order)
        if level < _TOP:
            data = field.powers(base.data, exponent.data)
        else:
            soft = marked(sign != 0, SOFT)
            key = oracles.scramble(base.data) ^ exponent.data
            data = field.oracle(seed_of("power", level), key)
        return Values(data, merged(base.flags, exponent.flags, missing, soft, none))


def _undefined(rank: int) -> Values:
    shape = (1,) * rank
    return Values(np.zeros(shape, dtype=np.uint64), np.full(shape, UNDEFINED, dtype=np.uint8))


def _whole_power(field: Field, base: Values, exponent: Values) -> Values:
    signed = field.signed(exponent.data)
    lifted = np.where(signed < 0, field.inverse(base.data), base.data).astype(np.uint64)
    data = field.powers(lifted, np.abs(signed).astype(np.uint64))
    missing = marked((signed < 0) & (base.data == 0), UNDEFINED)
    return Values(data, merged(base.flags, exponent.flags, missing))


def _log_rational(field: Field, value: Fraction) -> Residues:
    """The logarithm of a positive rational by its prime factors, where they are small."""
    if max(value.numerator, value.denominator) > _FACTORED:
        return field.oracle(seed_of("log", field.level), field.number(value))
    total = np.zeros(1, dtype=np.uint64)
    for part, sign in ((value.numerator, 1), (value.denominator, -1)):
        factor = 2
        while part > 1:
            if factor * factor > part:
                factor = part
            if part % factor == 0:
                part //= factor
                key = np.array([factor], dtype=np.uint64)
                drawn = field.oracle(seed_of("log", field.level), key)
                total = field.add((total, drawn if sign > 0 else field.neg(drawn)))
            else:
                factor += 1
    return total
