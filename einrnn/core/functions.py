"""The scalar functions of the language, one row each: value, derivative, names elsewhere.

``numpy`` and ``sympy`` name an attribute of that library, or of the project's own module
of kernels where the library has none (:mod:`einrnn.numeric.kernels`,
:mod:`einrnn.sympy_backend.functions`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from einrnn.core.build import ONE, ZERO, apply, div, neg, number, power, sub
from einrnn.core.nodes import Cases, Compare, Element, Expr, Mul
from einrnn.core.traverse import walk
from einrnn.dataclass import dataclass

Rule = Callable[..., Expr]
Rule1 = Callable[[Expr], Expr]
Rule2 = Callable[[Expr, Expr], Expr]


@dataclass(frozen=True)
class Function:
    """A function of ``len(derivatives)`` scalars.

    ``value`` takes floats; ``derivatives`` gives for each argument the partial
    derivative as an expression in all arguments.
    """

    name: str
    value: Callable[..., float]
    derivatives: tuple[Rule, ...]
    numpy: str
    sympy: str
    latex: str

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.derivatives)


def _stable_sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _guarded(value: Callable[[float], float]) -> Callable[[float], float]:
    """IEEE results instead of Python's exceptions: overflow is inf, no value is nan."""

    def run(x: float) -> float:
        try:
            return value(x)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan

    return run


def _step(x: Expr) -> Expr:
    return Cases(((Compare(">", x, ZERO), ONE),), ZERO)


def _square(x: Expr) -> Expr:
    return power(x, 2)


def _row(
    name: str,
    value: Callable[[float], float],
    derivative: Rule1,
    numpy: str = "",
    sympy: str = "",
    latex: str = "",
) -> Function:
    return Function(
        name,
        _guarded(value),
        (derivative,),
        numpy or name,
        sympy or name,
        latex or rf"\operatorname{{{name}}}",
    )


_SQRT_PI = apply("sqrt", apply("pi"))

_UNARY = (
    _row("exp", math.exp, lambda x: apply("exp", x), latex=r"\exp"),
    _row("log", _log, lambda x: power(x, -1), latex=r"\log"),
    # tanh' = 1 - tanh^2
    _row("tanh", math.tanh, lambda x: sub(ONE, _square(apply("tanh", x))), latex=r"\tanh"),
    # sigmoid' = sigmoid (1 - sigmoid)
    _row(
        "sigmoid",
        _stable_sigmoid,
        lambda x: Mul((apply("sigmoid", x), sub(ONE, apply("sigmoid", x)))),
        latex=r"\sigma",
    ),
    _row("relu", lambda x: max(x, 0.0), _step),
    _row("sqrt", math.sqrt, lambda x: div(number(Fraction(1, 2)), apply("sqrt", x))),
    _row("abs", abs, lambda x: apply("sign", x), sympy="Abs"),
    _row("sign", lambda x: float((x > 0) - (x < 0)), lambda x: ZERO),
    _row("step", lambda x: float(x > 0), lambda x: ZERO),
    _row("sin", math.sin, lambda x: apply("cos", x), latex=r"\sin"),
    _row("cos", math.cos, lambda x: neg(apply("sin", x)), latex=r"\cos"),
    # tan' = 1 + tan^2
    _row(
        "tan",
        math.tan,
        lambda x: sub(ONE, neg(_square(apply("tan", x)))),
        latex=r"\tan",
    ),
    _row("sinh", math.sinh, lambda x: apply("cosh", x), latex=r"\sinh"),
    _row("cosh", math.cosh, lambda x: apply("sinh", x), latex=r"\cosh"),
    _row(
        "asin",
        math.asin,
        lambda x: power(apply("sqrt", sub(ONE, _square(x))), -1),
        numpy="arcsin",
        latex=r"\arcsin",
    ),
    _row(
        "acos",
        math.acos,
        lambda x: neg(power(apply("sqrt", sub(ONE, _square(x))), -1)),
        numpy="arccos",
        latex=r"\arccos",
    ),
    _row(
        "atan",
        math.atan,
        lambda x: power(sub(ONE, neg(_square(x))), -1),
        numpy="arctan",
        latex=r"\arctan",
    ),
    _row("softplus", _softplus, lambda x: apply("sigmoid", x)),
    # erf' = 2 exp(-x^2) / sqrt(pi)
    _row(
        "erf",
        math.erf,
        lambda x: Mul((number(2), apply("exp", neg(_square(x))), power(_SQRT_PI, -1))),
    ),
)


def _choice(relation: str) -> tuple[Rule2, Rule2]:
    """The derivatives of the larger (``>``) or the smaller (``<``) of two numbers; where they are
    the same, that of the second, or of the only one that is constant: so is ``max(0, x)``
    differentiated as ``relu(x)`` is."""
    op = ">" if relation == ">" else "<"

    def first(a: Expr, b: Expr) -> Expr:
        return Cases(((Compare(op, a, b), ONE),), ZERO)

    def second(a: Expr, b: Expr) -> Expr:
        if any(isinstance(node, Element) for node in walk(a)):
            return Cases(((Compare(op, a, b), ZERO),), ONE)
        return Cases(((Compare(op, b, a), ONE),), ZERO)

    return first, second


_BINARY = (
    Function("max", max, _choice(">"), "maximum", "Max", r"\max"),
    Function("min", min, _choice("<"), "minimum", "Min", r"\min"),
)

_CONSTANTS = (
    Function("pi", lambda: math.pi, (), "pi", "pi", r"\pi"),
    Function("inf", lambda: math.inf, (), "inf", "oo", r"\infty"),
    # the value of cases of which none applies
    Function("undefined", lambda: math.nan, (), "nan", "nan", r"\mathrm{undefined}"),
)

FUNCTIONS: dict[str, Function] = {row.name: row for row in (*_UNARY, *_BINARY, *_CONSTANTS)}
