"""Even and odd functions of an argument and of its opposite are one."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core.nodes import Apply
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.brackets import complement
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, sorted_terms

ODD = frozenset({"tanh", "sin", "tan", "sinh", "asin", "atan", "erf", "sign"})
EVEN = frozenset({"abs", "cos", "cosh"})
_AT_ZERO = {"cos": Fraction(1), "cosh": Fraction(1), "sigmoid": Fraction(1, 2)}  # others: 0


def with_parity(function: str, inner: Poly) -> Poly:
    """f(-x) in terms of f(x): the first term of an argument has a positive coefficient."""
    if not inner:
        return tm.constant(_AT_ZERO.get(function, Fraction(0)))
    negative = sorted_terms(inner)[0][1] < 0
    argument = expression(tm.scale(inner, Fraction(-1)) if negative else inner)
    plain = tm.atom(Apply(function, (argument,)))
    if not negative or function in EVEN:
        return plain
    if function == "sigmoid":
        return complement(plain)
    return tm.scale(plain, Fraction(-1))
