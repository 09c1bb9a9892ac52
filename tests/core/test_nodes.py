import copy
import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import einrnn
from einrnn.core import affine as af
from einrnn.core.build import number, total
from einrnn.core.model import Clause, Range
from einrnn.core.nodes import Add, Affine, Apply, Dim, Element, Index, Mul, Number, Reduce, Value
from einrnn.core.show import show
from einrnn.core.traverse import canonical, elements, rename_dims, substitute, walk
from einrnn.core.verify import problems
from tests.builders import LETTERS, at, entry, rnn, size

I, J, K = (LETTERS[i] for i in "ijk")


def test_equal_nodes_are_one_object():
    assert Number(Fraction(2)) is number(2)
    assert entry("W", "i", "j") is Element("W", (af.of(I), af.of(J)))
    assert af.plus(af.of(I), af.of(1)) is at("i+1")
    assert entry("W", "i", "j") is not entry("W", "j", "i")


def test_pickled_and_copied_nodes_are_the_same_objects():
    node = einrnn.parse("input A[N,N], x[N]\ny[i] := A[i,j] x[j] + {x[i] if i < N - 1; 2}").model
    body = node.definitions["y"].clauses[0].body
    assert pickle.loads(pickle.dumps(body)) is body
    assert copy.deepcopy(body) is body


def test_keys_are_the_same_in_every_run():
    first = total(K, size("N"), Mul((entry("a", "k"), entry("b", "k"))))
    keys = [node.key for node in walk(first)]
    assert len(set(keys)) == len(keys)
    assert first.key.hex() == "d81cfd92c6f2819eeb1e6f0d"


def test_substitution_renames_what_would_be_captured():
    body = total(K, size("N"), Mul((entry("a", "i", "k"), entry("b", "k"))))
    moved = substitute(body, {I: at("k-1")})
    assert show(moved) == "(sum k1 0..N-1 (* a[k-1,k1] b[k1]))"
    assert moved.free == {K}


def test_substitution_leaves_bound_indices_alone():
    body = total(K, size("N"), entry("a", "k"))
    assert substitute(body, {K: at("3")}) is body


def test_substitution_reaches_bounds_but_not_the_bound_index():
    inner = Reduce("sum", K, af.ZERO, at("k"), entry("a", "k"))
    assert show(substitute(inner, {K: at("i+1")})) == "(sum k 0..i+1 a[k])"


def test_canonical_forms_of_renamed_sums_are_one_object():
    def double(first: Index, second: Index):
        inner = Element("A", (af.of(first), af.of(second)))
        return total(first, size("N"), total(second, size("M"), inner))

    assert canonical(double(I, J)) is canonical(double(K, I))
    assert canonical(double(I, J)) is not canonical(
        total(I, size("N"), total(J, size("M"), entry("A", "j", "i")))
    )


def test_dims_are_replaced_everywhere():
    body = total(K, size("N"), Mul((Value(size("N")), entry("a", "k"))))
    renamed = rename_dims(body, {Dim("N"): af.plus(size("M"), af.of(1))})
    assert show(renamed) == "(sum k 0..M (* <M+1> a[k]))"


def test_long_sums_and_deep_nesting_are_walked_without_recursion():
    wide = Add(tuple(Mul((number(n), entry("a", "i"))) for n in range(2, 5002)))
    assert sum(1 for _ in walk(wide)) > 10_000
    deep = entry("a", "i")
    for _ in range(1_000):
        deep = Apply("tanh", (Add((deep, entry("b", "i"))),))
    moved = substitute(deep, {I: at("j")})
    assert moved.free == {J}
    assert [e.tensor for e in elements(moved)] == ["a", "b"]
    assert len(show(moved)) > 10_000


@given(
    st.integers(-9, 9),
    st.lists(st.tuples(st.sampled_from([I, J, K, Dim("N")]), st.integers(-3, 3)), max_size=5),
)
def test_index_expressions_add_up_as_integers_do(constant: int, terms: list[tuple[object, int]]):
    values = {I: 2, J: -5, K: 7, Dim("N"): 11}
    expected = constant
    built = af.of(constant)
    for atom, times in terms:
        built = af.plus(built, af.of(atom), times)
        expected += times * values[atom]

    def value(expression: Affine) -> int:
        return expression.constant + sum(c * values[a] for a, c in expression.terms)

    assert value(built) == expected
    assert all(times for _, times in built.terms)
    assert af.minus(built, built) is af.ZERO


def test_the_verifier_accepts_the_network():
    assert problems(rnn()) == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (entry("W", "i"), "W is read with 1 positions"),
        (entry("nothing", "i"), "there is no tensor nothing"),
        (entry("W", "i", "j"), "the index j is bound by nothing"),
        (Apply("sine", (number(1),)), "there is no function sine"),
        (Apply("tanh", ()), "tanh has 0 arguments"),
    ],
)
def test_the_verifier_notices_corrupted_definitions(body, complaint: str):
    model = rnn()
    broken = model.definitions["s"]
    clause = Clause(broken.clauses[1].args, broken.clauses[1].ranges, body)
    changed = type(broken)("s", broken.axes, (broken.clauses[0], clause))
    found = problems(model.with_definitions({"s": changed}))
    assert found == [f"s: {complaint}"]


def test_the_verifier_notices_a_missing_range():
    model = rnn()
    old = model.definitions["q"]
    clause = Clause(old.clauses[0].args, {LETTERS["t"]: Range(af.ZERO, af.ZERO)}, number(0))
    changed = type(old)("q", old.axes, (clause,))
    assert "not those it has ranges for" in problems(model.with_definitions({"q": changed}))[0]
