"""Every rule of the normal form alone: it fires on its example, and the value stays."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, apply, compare, delta, div, neg, number, power, sub, total
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Assumption, Fact, FactName, Input, Model, Range
from einrnn.core.nodes import Add, Cases, Compare, Expr, Index, Matrix, Mul, Pow, Reduce, Value
from einrnn.core.traverse import walk
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic.normal import finish
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.facts import Facts
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.rules import granted, inverse_pair, reduce_quotient, rules_of, vanishes
from einrnn.symbolic.normal.stated import facts_of
from tests.builders import LETTERS, at, entry, size

I, J, K, L, T = (LETTERS[i] for i in "ijklt")
N = size("N")
WHOLE = Range(af.ZERO, af.last(N))
RANGES = {I: WHOLE, J: WHOLE}
COUNT = 3


def arrays() -> dict[str, np.ndarray]:
    """Inputs with the facts that their names stand for."""
    rng = np.random.default_rng(4)
    square = rng.normal(size=(COUNT, COUNT))
    hot = np.eye(COUNT)[[2, 0, 2]]
    share = rng.uniform(0.1, 1, (COUNT, COUNT))
    return {
        "x": np.array([-0.7, 0.4, 1.3]),
        "z": np.array([0.0, 0.5, -0.5]),
        "p": rng.uniform(0.2, 2, COUNT),
        "A": square + 3 * np.eye(COUNT),
        "S": square + square.T,
        "Q": np.linalg.qr(square)[0],
        "y": hot,
        "w": share / share.sum(1, keepdims=True),
        "m": np.array([1, 0, 1]),
        "u": np.array([2.0, -3.0, 2.0]),
    }


RANK = {name: array.ndim for name, array in arrays().items()}


def model(**facts: Fact) -> Model:
    inputs = {
        name: Input(name, (N,) * rank, (facts[name],) if name in facts else ())
        for name, rank in RANK.items()
    }
    return Model({"N": None}, inputs)


def values(expr: Expr) -> np.ndarray:
    """The expression at all i and j."""
    run = Interpreter(model(), {"N": COUNT}, arrays())
    return np.array(
        [[float(run.value(expr, {I: i, J: j})) for j in range(COUNT)] for i in range(COUNT)]
    )


def counted(rule: Rule, fired: list[int]) -> Rule:
    def run(work, term):
        found = rule(work, term)
        if found is not None:
            fired.append(1)
        return found

    return run


def of_fact(tensor: str, name: FactName, axis: int | None = None) -> tuple[Rule, ...]:
    """The rules that one fact about one input gives."""
    known = model(**{tensor: Fact(name, axis)})
    return rules_of(known, (), facts_of(known))[2:]


def inverse(row: str, column: str) -> Matrix:
    body = entry("A", "k", "l")
    return Matrix("inv", K, L, N, body, af.ONE, (at(row), at(column)))


def unit_sum() -> Rule:
    one = Assumption(
        name="one",
        left=total(K, N, entry("w", "i", "k")),
        right=ONE,
        ranges={I: WHOLE},
        text="one",
    )
    rule = granted(one, Facts())
    assert rule is not None
    return rule


x, p = entry("x", "i"), entry("p", "i")
DIRECTED: dict[str, tuple[tuple[Rule, ...], Expr]] = {
    "quotient": ((reduce_quotient,), div(p, Add((ONE, p)))),
    "quotient under a sum": (
        (reduce_quotient,),
        total(K, N, div(entry("p", "k"), Add((number(2), entry("p", "k"))))),
    ),
    "x [x == 0]": (
        (vanishes,),
        Mul((entry("z", "i"), Cases(((Compare("==", entry("z", "i"), ZERO), ONE),), ZERO))),
    ),
    "one-hot adds up": (of_fact("y", "one-hot", 1), total(K, N, entry("y", "i", "k"))),
    "one-hot squared": (of_fact("y", "one-hot", 1), power(entry("y", "i", "j"), 2)),
    "one-hot excludes": (
        of_fact("y", "one-hot", 1),
        total(K, N, Mul((entry("y", "i", "j"), entry("y", "i", "k"), entry("x", "k")))),
    ),
    "shares add up": (
        of_fact("w", "probability", 1),
        total(K, N, Mul((entry("w", "i", "k"), entry("x", "j")))),
    ),
    "boolean": (of_fact("m", "boolean"), Mul((x, power(entry("m", "j"), 3)))),
    "orthogonal, columns": (
        of_fact("Q", "orthogonal"),
        total(K, N, Mul((entry("Q", "i", "k"), entry("Q", "j", "k")))),
    ),
    "orthogonal, rows": (
        of_fact("Q", "orthogonal"),
        total(K, N, Mul((entry("Q", "k", "i"), entry("Q", "k", "j"), x))),
    ),
    "inverse, left": (
        (inverse_pair,),
        total(K, N, Mul((inverse("i", "k"), entry("A", "k", "j")))),
    ),
    "inverse, right": (
        (inverse_pair,),
        total(K, N, Mul((entry("A", "i", "k"), inverse("k", "j"), x))),
    ),
    "granted": ((unit_sum(),), total(K, N, Mul((entry("w", "j", "k"), x)))),
}


@pytest.mark.parametrize("name", DIRECTED)
def test_a_directed_rule_fires_and_keeps_the_value(name: str):
    rules, expr = DIRECTED[name]
    fired: list[int] = []
    work = Normaliser(known_from(RANGES), rules=tuple(counted(rule, fired) for rule in rules))
    np.testing.assert_allclose(values(work.simple(expr)), values(expr), atol=1e-12)
    assert fired


def upto(end: str, body: Expr, start: str = "0") -> Expr:
    return Reduce("sum", K, at(start), at(end), body)


X = entry("x", "k")
FORMS: dict[str, Expr] = {
    "delta under a sum": total(K, N, Mul((delta(at("i"), at("k")), X))),
    "shifted delta": total(K, N, Mul((delta(at("i+1"), at("k")), X))),
    "delta of free indices": Mul((delta(at("i"), at("j")), x, entry("p", "j"))),
    "contradiction": Mul((delta(at("i"), at("j")), delta(at("i"), at("j+1")), x)),
    "a range counted": total(K, N, x),
    "part of a range counted": upto("i", ONE),
    "an empty range": upto("i-1", X, "i"),
    "two inequalities joined": Cases(
        ((compare("<=", at("i"), at("j")), Cases(((compare("<=", at("j"), at("i")), x),), ZERO)),),
        ZERO,
    ),
    "bracket squared": power(Cases(((Compare(">", x, ZERO), ONE),), ZERO), 2),
    "a sum over itself": Mul(
        (total(K, N, entry("p", "k")), power(total(L, N, entry("p", "l")), -1), x)
    ),
    "power of a product": power(Mul((number(3), x, p)), -2),
    "common factor of a divisor": power(Add((Mul((x, p)), Mul((number(2), x)))), -1),
    "power multiplied out": power(Add((x, p, total(K, N, X))), 3),
    "symbolic exponent": Pow(p, Add((Value(at("i")), number(2)))),
    "exp of a sum": apply("exp", Add((x, Mul((number(2), p)), total(K, N, X)))),
    "exp of a log": apply("exp", Mul((number(3), apply("log", p)))),
    "log of exponentials": apply("log", Mul((apply("exp", x), total(K, N, apply("exp", X))))),
    "log of a coefficient": apply("log", Mul((number(Fraction(1, 3)), p))),
    "log of a negative product": apply("log", neg(Mul((number(-2), p)))),
    "logsumexp": Reduce("logsumexp", K, af.ZERO, af.last(N), X),
    "relu": apply("relu", neg(x)),
    "step": apply("step", x),
    "square root": power(apply("sqrt", p), 3),
    "root of a square": apply("sqrt", power(x, 2)),
    "less": Cases(((Compare("<", x, p), p),), x),
    "at most": Cases(((Compare("<=", neg(x), ZERO), p),), x),
    "unequal": Cases(((compare("!=", at("i"), at("j")), p),), x),
    "first of two cases": Cases(
        ((compare("<", at("i"), at("j")), x), (compare("<=", at("i"), at("j")), p)), number(5)
    ),
}
FORMS |= {
    f"{name} of the negative": apply(name, neg(x))
    for name in ("tanh", "sin", "tan", "sinh", "asin", "atan", "erf", "sign", "abs", "cos")
    if name != "asin"
}
FORMS |= {
    "asin of the negative": apply("asin", neg(div(x, number(2)))),
    "cosh of the negative": apply("cosh", neg(x)),
    "sigmoid of the negative": apply("sigmoid", neg(x)),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_keeps_the_value(name: str):
    expr = FORMS[name]
    simple = Normaliser(known_from(RANGES)).simple(expr)
    assert simple is not expr
    if name == "shifted delta":
        before, after = values_inside(expr), values_inside(simple)
    else:
        before, after = values(expr), values(simple)
    np.testing.assert_allclose(after, before, atol=1e-12)


def values_inside(expr: Expr) -> np.ndarray:
    """The values where i + 1 is a position too."""
    return values(Cases(((compare("<", at("i"), af.last(N)), expr),), ZERO))


@pytest.mark.parametrize("name", finish._BY_OTHERS)
def test_functions_in_terms_of_exponentials(name: str):
    expr = apply(name, x)
    changed = finish.exponentials(expr)
    assert changed is not expr
    assert not any(getattr(node, "function", "") == name for node in walk(changed))
    expected = [FUNCTIONS[name].value(float(v)) for v in arrays()["x"]]
    np.testing.assert_allclose(values(changed)[:, 0], expected, rtol=1e-12)


PEELED: dict[str, Callable[[], Expr]] = {
    "last": lambda: sub(upto("i", X), upto("i-1", X)),
    "first": lambda: sub(upto("i", X), upto("i", X, "1")),
}


@pytest.mark.parametrize("name", PEELED)
def test_ends_split_off_keep_the_value(name: str):
    expr = PEELED[name]()
    work = Normaliser(known_from(RANGES))
    poly = work.poly(expr)
    peeled = work.canonical(finish.peeled(poly))
    assert peeled != poly
    np.testing.assert_allclose(values(expression(peeled)), values(expr), atol=1e-12)


def test_dummies_are_named_apart_from_free_letters():
    taken = Index("·0")
    expr = total(K, N, Mul((X, Value(af.of(taken)))))
    simple = Normaliser().simple(expr)
    assert taken in simple.free
