"""sympy expressions as fractions of polynomials in independent generators.

Symbols are generators, and so is every function that is not rational (a kernel), once its
argument has been brought to such a form itself: equal arguments give one generator. What
ties generators together is used where it is true for all real values:

- ``exp(a + b) = exp(a) exp(b)``, ``exp(p/q a) = exp(a/q)^p``, ``exp(n log b) = b^n``;
- ``log(a b) = log(a) + log(b)`` only for factors that are certainly positive;
- ``root^q = b`` for ``root = b^(1/q)``, and ``sin^2 = 1 - cos^2``;
- odd and even functions; sinh and cosh, and tanh on demand, in terms of exp.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import gcd
from typing import Any

from einrnn.sympy_backend.functions import sp
from einrnn.sympy_backend.laurent import (
    Coefficient,
    DividedByZero,
    Element,
    Field,
    GiveUp,
    Poly,
    exponents,
    monomial,
)
from einrnn.sympy_backend.postorder import postorder

_ODD = frozenset({"tanh", "sin", "asin", "atan", "erf"})
_EVEN = frozenset({"cos"})


class Restart(Exception):
    """An exponential is needed at a finer fraction than was foreseen."""


class Kernels:
    """Translates sympy expressions without Abs, sign, Max, Min and Piecewise to elements.

    ``exponential`` says that tanh is written in terms of exp. ``fractions`` remembers from
    one attempt to the next, by exponent, which roots of an exponential are needed.
    """

    def __init__(self, field: Field, exponential: bool, fractions: dict[Any, int]) -> None:
        self.field = field
        self._exponential = exponential
        self._fractions = fractions
        self._count = 0
        self._positive: set[int] = set()
        self._known: dict[Any, int] = {}
        self._arguments: dict[str, list[tuple[tuple[Element, ...], int]]] = {}
        # generator -> (degree, what that power of it is)
        self._relations: dict[int, tuple[int, Element]] = {}
        # generator of an exponential -> its logarithm; of a logarithm -> its argument
        self._logs: dict[int, Element] = {}
        self._inside: dict[int, Element] = {}
        self._own: dict[Any, Callable[[Element], Element]] = {
            sp.exp: self._exp,
            sp.log: self._log,
            sp.tanh: self._tanh,
            sp.sinh: lambda arg: self._half_sum(arg, -1),
            sp.cosh: lambda arg: self._half_sum(arg, 1),
            sp.sin: self._sin,
            sp.cos: lambda arg: self._parity("cos", arg),
            sp.tan: self._tan,
            sp.erf: lambda arg: self._parity("erf", arg),
            sp.asin: lambda arg: self._parity("asin", arg),
            sp.atan: lambda arg: self._parity("atan", arg),
        }

    def element(self, expr: Any) -> Element:
        """The form of an expression. Raises GiveUp, DividedByZero or Restart."""
        done: dict[Any, Element] = {}
        for node in postorder(expr):
            self.field.check()
            done[node] = self._node(node, done)
        return done[expr]

    def is_zero(self, element: Element) -> bool:
        """Whether an element is zero, given the relations."""
        return not self.reduced(element).num.terms

    def reduced(self, element: Element) -> Element:
        """The element with the relations applied to its numerator, the latest first."""
        field = self.field
        for generator in sorted(self._relations, reverse=True):
            degree, value = self._relations[generator]
            groups: dict[int, dict[int, Coefficient]] = {}
            for power, coefficient in element.num.terms.items():
                exponent = dict(exponents(power)).get(generator, 0)
                times = exponent // degree
                lower = power - monomial(generator, times * degree)
                groups.setdefault(times, {})[lower] = coefficient
            if set(groups) <= {0}:
                continue
            parts = [
                field.mul(
                    Element(Poly(terms, element.num.bound), element.den),
                    field.power(value, times),
                )
                for times, terms in sorted(groups.items())
            ]
            element = field.add(parts)
        return element

    # --- generators ---------------------------------------------------------------------

    def _new(self, positive: bool = False) -> int:
        self._count += 1
        if positive:
            self._positive.add(self._count - 1)
        return self._count - 1

    def _named(self, key: Any, positive: bool = False) -> int:
        if key not in self._known:
            self._known[key] = self._new(positive)
        return self._known[key]

    def _same(self, kind: str, args: tuple[Element, ...]) -> int | None:
        """The generator that stands for the function at equal arguments."""
        field = self.field
        for others, generator in self._arguments.get(kind, []):
            if len(args) == len(others) and all(
                self.is_zero(field.add([a, field.negated(b)]))
                for a, b in zip(args, others, strict=True)
            ):
                return generator
        return None

    def _function(self, kind: str, args: tuple[Element, ...], positive: bool = False) -> int:
        found = self._same(kind, args)
        if found is None:
            found = self._new(positive)
            self._arguments.setdefault(kind, []).append((args, found))
        return found

    # --- nodes --------------------------------------------------------------------------

    def _node(self, node: Any, done: dict[Any, Element]) -> Element:
        field = self.field
        if node.is_Rational:
            return field.constant(Fraction(int(node.p), int(node.q)))
        if node.is_Symbol:
            return field.generator(self._named(node, bool(node.is_positive)))
        if node is sp.pi:
            return field.generator(self._named(node, True))
        if node is sp.E:
            return self._exp(field.one)
        below = [done[arg] for arg in node.args]
        if node.is_Add:
            return field.add(below)
        if node.is_Mul:
            result = field.one
            for factor in below:
                result = field.mul(result, factor)
            return result
        if node.is_Pow:
            return self._pow(node, below)
        own = self._own.get(node.func)
        if own is not None:
            return own(self.reduced(below[0]))
        if isinstance(node, sp.Function):
            name = f"function {node.func.__name__}"
            return field.generator(self._function(name, tuple(map(self.reduced, below))))
        raise GiveUp

    def _pow(self, node: Any, below: list[Element]) -> Element:
        base, exponent = below
        if node.exp.is_Rational:
            p, q = int(node.exp.p), int(node.exp.q)
            return self.field.power(base if q == 1 else self._root(base, q), p)
        if node.base is sp.E:
            return self._exp(self.reduced(exponent))
        if self._certainly_positive(base):
            return self._exp(self.field.mul(exponent, self._log(self.reduced(base))))
        return self.field.generator(self._function("^", (base, exponent)))

    def _root(self, base: Element, degree: int) -> Element:
        base = self.reduced(base)
        number = self._function(f"root{degree}", (base,), positive=True)
        self._relations[number] = (degree, base)
        return self.field.generator(number)

    def _exp(self, arg: Element) -> Element:
        field = self.field
        result = field.one
        for power, coefficient in sorted(arg.num.terms.items()):
            single = exponents(power)
            if not arg.den and len(single) == 1 and single[0][1] == 1:
                inside = self._inside.get(single[0][0])
                if inside is not None and coefficient == int(coefficient):
                    result = field.mul(result, field.power(inside, int(coefficient)))
                    continue
            result = field.mul(result, self._exp_term(power, arg, Fraction(coefficient)))
        return result

    def _exp_term(self, power: int, arg: Element, coefficient: Fraction) -> Element:
        field = self.field
        # generators get the same numbers in every attempt only up to a Restart, so the
        # fractions are counted for all exponentials at once
        finest = self._fractions.setdefault("exp", 1)
        if finest % coefficient.denominator:
            common = finest * coefficient.denominator // gcd(finest, coefficient.denominator)
            self._fractions["exp"] = common
            raise Restart
        number = self._named(("exp", power, arg.den), positive=True)
        term = Element(Poly({power: Fraction(1, finest)}, arg.num.bound), arg.den)
        self._logs[number] = term
        return field.generator(number, int(coefficient * finest))

    def _log(self, arg: Element) -> Element:
        """The logarithm, split as far as factors are certainly positive."""
        field = self.field
        if not arg.num.terms:
            raise DividedByZero
        coefficient, lead, poly = field.normal(arg.num)
        known: list[Element] = []
        rest = field.constant(1 if coefficient > 0 else -1)
        known += self._log_number(abs(Fraction(coefficient)))
        for generator, exponent in exponents(lead):
            if generator in self._positive:
                scale = field.constant(exponent)
                known.append(field.mul(scale, self._log_generator(generator)))
            else:
                rest = field.mul(rest, field.generator(generator, exponent))
        for factor, exponent in [(poly, 1), *((field.factors[f], -p) for f, p in arg.den)]:
            if len(factor.terms) == 1:
                continue
            whole = Element(factor, ())
            if self._certainly_positive(whole):
                part = self._log_block(whole)
                known.append(field.mul(field.constant(exponent), part))
            else:
                rest = field.mul(rest, field.power(whole, exponent))
        if rest.den or set(rest.num.terms) != {0} or rest.num.terms[0] != 1:
            known.append(self._log_block(rest))
        return field.add(known)

    def _log_block(self, arg: Element) -> Element:
        number = self._function("log", (arg,))
        self._inside[number] = arg
        return self.field.generator(number)

    def _log_number(self, value: Fraction) -> list[Element]:
        if max(value.numerator, value.denominator) > 10**12:
            return [self._log_block(self.field.constant(value))]
        primes = [(p, int(e)) for p, e in sp.factorint(value.numerator).items()]
        primes += [(p, -int(e)) for p, e in sp.factorint(value.denominator).items()]
        field = self.field
        return [
            field.mul(field.constant(e), self._log_block(field.constant(int(p))))
            for p, e in primes
            if p != 1
        ]

    def _log_generator(self, generator: int) -> Element:
        if generator in self._logs:
            return self._logs[generator]
        if generator in self._relations:
            degree, base = self._relations[generator]
            return self.field.mul(self.field.constant(Fraction(1, degree)), self._log(base))
        return self._log_block(self.field.generator(generator))

    def _certainly_positive(self, element: Element) -> bool:
        polys = [element.num, *(self.field.factors[factor] for factor, _ in element.den)]
        return bool(element.num.terms) and all(map(self._positive_poly, polys))

    def _positive_poly(self, poly: Poly) -> bool:
        """All terms are nonnegative and one is positive, wherever they are defined."""
        strict = False
        for power, coefficient in poly.terms.items():
            if coefficient < 0:
                return False
            open_powers = [e for g, e in exponents(power) if g not in self._positive]
            if any(exponent % 2 for exponent in open_powers):
                return False
            strict = strict or not open_powers
        return strict

    def _tanh(self, arg: Element) -> Element:
        if not self._exponential:
            return self._parity("tanh", arg)
        field = self.field
        square = self._exp(field.mul(field.constant(2), arg))
        top = field.add([square, field.constant(-1)])
        return field.mul(top, field.inverse(field.add([square, field.one])))

    def _half_sum(self, arg: Element, sign: int) -> Element:
        field = self.field
        up = self._exp(arg)
        down = field.mul(field.constant(sign), field.inverse(up))
        return field.mul(field.constant(Fraction(1, 2)), field.add([up, down]))

    def _sin(self, arg: Element) -> Element:
        field = self.field
        cosine = self._parity("cos", arg)
        sine = self._parity("sin", arg)
        (power,) = sine.num.terms
        number = exponents(power)[0][0]
        square = field.negated(field.power(cosine, 2))
        self._relations[number] = (2, field.add([field.one, square]))
        return sine

    def _tan(self, arg: Element) -> Element:
        return self.field.mul(self._sin(arg), self.field.inverse(self._parity("cos", arg)))

    def _parity(self, kind: str, arg: Element) -> Element:
        field = self.field
        if self.is_zero(arg) and kind in _ODD:
            return field.zero
        mirrored = self._same(kind, (field.negated(arg),))
        if mirrored is not None and kind in _ODD:
            return field.negated(field.generator(mirrored))
        if mirrored is not None and kind in _EVEN:
            return field.generator(mirrored)
        return field.generator(self._function(kind, (arg,)))
