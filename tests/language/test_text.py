"""What is printed reads back as the same expression."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from einrnn.core import affine as af
from einrnn.core.build import delta, neg, number, total
from einrnn.core.model import Derived
from einrnn.core.nodes import Add, Apply, Dim, Element, Expr, Index, Mul, Number, Pow, Reduce
from einrnn.core.traverse import canonical
from einrnn.errors import LanguageError
from einrnn.language import load_model, parse_expression
from einrnn.language.statements import claim_text, definition_text, document_text
from einrnn.language.text import left_text, text
from tests.language.helpers import normal

DOCUMENTS = sorted((Path(__file__).parent / "documents").glob("*.ein"))
MODEL = load_model(
    "input A[N,N], B[N,N], x[N], y[N], c, s[T,N]\nE[t] := s[t,i] x[i]\nL := E[t] E[t]"
)
LETTERS = [Index(name) for name in "ijkl"]
N = af.of(Dim("N"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_documents_survive_printing(path: Path) -> None:
    model = load_model(path.read_text(encoding="utf-8"))
    again = load_model(document_text(model))
    assert set(again.inputs) == set(model.inputs)
    for name, definition in model.definitions.items():
        assert again.definitions[name].axes == definition.axes
        assert len(again.definitions[name].clauses) == len(definition.clauses)
        assert again.definitions[name].late == definition.late
    for old, new in zip(model.claims, again.claims, strict=True):
        assert (old.label, old.step, old.using, old.expect) == (
            new.label,
            new.step,
            new.using,
            new.expect,
        )
        assert normal(old.left) is normal(new.left)
        assert normal(old.right) is normal(new.right)
        assert old.condition is new.condition
    assert document_text(again) == document_text(model)


def leaves() -> st.SearchStrategy[Expr]:
    letter = st.sampled_from(LETTERS).map(af.of)
    matrix = st.builds(lambda n, a, b: Element(n, (a, b)), st.sampled_from("AB"), letter, letter)
    vector = st.builds(lambda n, a: Element(n, (a,)), st.sampled_from("xy"), letter)
    scalar = st.just(Element("c", ()))
    numbers = st.integers(-3, 5).map(number) | st.just(Number(Fraction(2, 3)))
    deltas = st.builds(delta, letter, letter)
    return matrix | vector | vector | scalar | numbers | deltas


def grow(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return (
        many.map(Mul)
        | many.map(Add)
        | st.builds(neg, inner)
        | st.builds(lambda e: Apply("tanh", (e,)), inner)
        | st.builds(lambda e, n: Pow(e, number(n)), inner, st.sampled_from([-2, -1, 2, 3]))
        | st.builds(lambda i, e: total(i, N, e), st.sampled_from(LETTERS), inner)
        | st.builds(lambda i, e: total(i, N, e), st.sampled_from(LETTERS), many.map(Mul))
        | st.builds(
            lambda op, i, e: Reduce(op, i, af.ZERO, af.last(N), e),
            st.sampled_from(["max", "prod", "logsumexp"]),
            st.sampled_from(LETTERS),
            inner,
        )
        | st.builds(
            lambda i, e: Reduce("sum", i, af.ONE, af.last(N), e), st.sampled_from(LETTERS), inner
        )
    )


def read(shown: str, free: frozenset[Index] | None) -> tuple[Expr, object]:
    """Read back what was printed; terms that do not fit together cannot be written at all."""
    try:
        return parse_expression(shown, MODEL, free)
    except LanguageError as error:
        assume(error.code != "E208")
        raise


EXPRESSIONS = st.recursive(leaves(), grow, max_leaves=9)


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS)
def test_left_sides_survive_printing(expr: Expr) -> None:
    shown = left_text(expr, MODEL)
    again, ranges = read(shown, None)
    assert normal(again) is normal(expr), shown
    assert set(ranges) == set(expr.free)


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS)
def test_right_sides_survive_printing(expr: Expr) -> None:
    shown = text(expr, MODEL)
    again, _ = read(shown, expr.free)
    assert normal(again) is normal(expr), shown


def right_side(source: str) -> tuple[str, str]:
    model = load_model("input A[N,N], B[N,N], x[N], y[N], c\n" + source)
    return source, definition_text(model.definitions["z"], model)


@pytest.mark.parametrize(
    "source",
    [
        "z[i] := A[i,j] x[j]",
        "z[i,l] := A[i,j] B[j,k] A[k,l]",
        "z := x[i]^2",
        "z := (x[i] - y[i])^2",
        "z := sum[i] x[i]",
        "z[i] := 2/3 x[i]/y[i] - 3 c",
        "z[i] := sum[j=0..i] A[i,j] x[j]",
        "z[i] := sum[j: j != i] A[i,j] x[j]",
        "z[i] := softmax[i](A[i,j] x[j])",
        "z[i,k] := inv(A)[i,j] B[j,k]",
        "z[i] := { x[i] if i < 2 ; y[i] otherwise }",
        "z[i,j] := delta[i,j] x[i] + [i < j] A[i,j]",
        "z := max[i](x[i])^2",
        "z := logdet(A) + det(B)",
        "z[i] := matpow(A, 3)[i,j] x[j]",
        "z[i] := x[i]/y[i]^2",
    ],
)
def test_people_get_their_own_text_back(source: str) -> None:
    given_text, shown = right_side(source)
    assert shown == given_text


def test_derived_tensors_print_as_derivatives() -> None:
    derived = {
        "dE/dx": Derived("total", "E", "x"),
        "∂E/∂s": Derived("immediate", "E", "s"),
        "d(dE/dx)/ds": Derived("total", "dE/dx", "s"),
    }
    axes = {
        "dE/dx": MODEL.axes("E") + MODEL.axes("x"),
        "∂E/∂s": MODEL.axes("E") + MODEL.axes("s"),
        "d(dE/dx)/ds": MODEL.axes("E") + MODEL.axes("x") + MODEL.axes("s"),
    }
    definitions = {
        name: MODEL.definitions["E"].__class__(name, found, MODEL.definitions["E"].clauses)
        for name, found in axes.items()
    }
    model = MODEL.with_definitions(definitions, derived)
    t, i, j, k = (af.of(Index(name)) for name in "tijk")
    assert text(Element("dE/dx", (t, i)), model) == "dE[t]/dx[i]"
    assert text(Element("∂E/∂s", (t, i, j)), model) == "∂E[t]/∂s[i,j]"
    nested = Element("d(dE/dx)/ds", (t, i, j, k))
    assert text(nested, model) == "d/ds[j,k] (dE[t]/dx[i])"


def test_claims_print_with_everything_they_say() -> None:
    line = "[a 1] refute dE[t]/dx[i] = s[t,i] for t >= 1 using one"
    model = load_model(
        "input s[T,N], x[N]\nassume [one] sum[i] x[i] = 1\nE[t] := s[t,i] x[i]\n" + line
    )
    assert claim_text(model.claims[0], model) == line


def test_a_whole_derivative_gets_letters() -> None:
    expr, ranges = parse_expression("dL/ds", MODEL)
    assert len(ranges) == 2
    assert canonical(expr) is expr
    again, _ = parse_expression(text(expr, MODEL), MODEL)
    assert again is expr


def test_a_comparison_between_two_ranges_is_not_printed_as_a_delta() -> None:
    text_ = "input a[N], b[M]\nc[i] := sum[j] a[i] [i == j] b[j]\nd[i] := sum[j] a[i] [i == j] a[j]"
    model = load_model(text_)
    assert [text(model.definitions[name].clauses[0].body, model) for name in "cd"] == [
        "sum[j] a[i] [i == j] b[j]",
        "sum[j] a[i] delta[i,j] a[j]",
    ]
    assert document_text(load_model(document_text(model))) == document_text(model)
