"""Presented derivatives: equal to what they present, short, and readable by the language."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import einrnn
from einrnn.core.build import power
from einrnn.core.nodes import Add, Derivative, Element, Expr, Mul
from einrnn.core.traverse import canonical, walk
from einrnn.errors import LanguageError
from einrnn.language.expression import parse_expression
from einrnn.language.text import left_text
from einrnn.symbolic.derived import complete, fewer_axes
from einrnn.symbolic.present.cost import cost
from einrnn.symbolic.present.simplest import Style, present
from einrnn.symbolic.tidy import tidy
from tests.builders import entry, whole
from tests.symbolic.test_rules import EXPRESSIONS, I, J, value_of

SPECS = Path("specs")
RANGES = {I: whole("N"), J: whole("N")}


@settings(max_examples=200, deadline=None)
@given(EXPRESSIONS)
def test_presenting_keeps_the_value(expr: Expr):
    shown = present(tidy(expr, RANGES), RANGES, Style())
    for env in ({I: 0, J: 0}, {I: 1, J: 2}, {I: 2, J: 0}):
        assert value_of(shown, env) == pytest.approx(value_of(expr, env), rel=1e-8, abs=1e-8)


FACTORS = st.sampled_from([entry(n, i) for n in "xyw" for i in "ij"])
QUOTIENTS = st.tuples(FACTORS, FACTORS).map(lambda pair: Mul((pair[0], power(pair[1], -1))))
SUMS = st.lists(st.one_of(FACTORS, QUOTIENTS), min_size=2, max_size=3).map(tuple).map(Add)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(FACTORS, SUMS), min_size=2, max_size=4))
def test_cancelling_and_factoring_keep_the_value_and_shorten(factors: list[Expr]):
    expr = tidy(Mul(tuple(factors)), RANGES)
    shown = present(expr, RANGES, Style())
    assert cost(shown) <= cost(expr)
    env = {I: 1, J: 2}
    assert value_of(shown, env) == pytest.approx(value_of(expr, env), rel=1e-8, abs=1e-8)


RNN = [
    ("dE[t]/dV[i,j]", (), "(yhat[t,i] sum[k] y[t,k] - y[t,i]) s[t,j]"),
    ("dE[t]/dV[i,j]", ("onehot",), "(yhat[t,i] - y[t,i]) s[t,j]"),
    ("dE[t]/dV", ("onehot",), "(yhat[t,i] - y[t,i]) s[t,j]"),
    ("dE[t]/dq[t,l]", ("onehot",), "yhat[t,l] - y[t,l]"),
    ("dyhat[t,k]/dq[t,l]", (), "yhat[t,k] (delta[k,l] - yhat[t,l])"),
    ("dE[t]/dW[i,j]", (), "sum[r=0..t] dE[t]/dz[r,i] s[r-1,j]"),
    ("dL/dW[i,j]", (), "sum[t] dL/dz[t,i] s[t-1,j]"),
    ("dL/dV[i,j]", ("onehot",), "1/N (yhat[t,i] - y[t,i]) s[t,j]"),
    ("∂s[r,n]/∂W[i,j]", (), "delta[n,i] (1 - s[r,n]^2) s[r-1,j]"),
]


@pytest.fixture(scope="module")
def rnn() -> einrnn.Document:
    return einrnn.load(SPECS / "rnn.ein")


@pytest.mark.parametrize(("asked", "using", "expected"), RNN)
def test_gradients_of_the_document(rnn: einrnn.Document, asked: str, using, expected: str):
    assert str(rnn.derive(asked, using=using)) == expected


def test_the_adjoint_recurrence_has_its_end_and_no_other_condition(rnn: einrnn.Document):
    assert rnn.derive("dL/dW[i,j]", using=("onehot",)).where == (
        "dL/dz[t,i] := dL/ds[t,i] (1 - s[t,i]^2) with dL/dz[T,i] := 0",
        "dL/ds[t,i] := 1/N (yhat[t,l] - y[t,l]) V[l,i] + dL/dz[t+1,j] W[j,i]",
    )


def test_the_sum_over_time(rnn: einrnn.Document):
    path = "sum[r=0..t] ds[t,m]/ds[r,i] (1 - s[r,i]^2) s[r-1,j]"
    assert str(rnn.derive("ds[t,m]/dW[i,j]", form="sum")) == path
    loss = rnn.derive("dE[t]/dW[i,j]", form="sum", using=("onehot",))
    assert str(loss) == f"(yhat[t,k] - y[t,k]) V[k,m] {path}"


ELSEWHERE = [
    ("logistic.ein", "dL/dw[d]", "(p[n] - y[n]) X[n,d]"),
    ("logistic.ein", "d/dw[e] (dL/dw[d])", "X[n,d] p[n] (1 - p[n]) X[n,e]"),
    ("attention.ein", "dL/dS[i,j]", "(V[j,p] - O[i,p]) G[i,p] A[i,j]"),
    ("two_layer.ein", "dL/dW2[o,h]", "1/B (out[b,o] - Y[b,o]) a1[b,h]"),
    ("corpus/softmax_ce.ein", "dE/dq[l]", "yh[l] - y[l]"),
    ("corpus/poisson.ein", "dL/dw[d]", "(mu[n] - y[n]) X[n,d]"),
    ("corpus/linreg.ein", "dL/dw[d]", "2 r[n] X[n,d]"),
]


@pytest.mark.parametrize(("file", "asked", "expected"), ELSEWHERE)
def test_gradients_elsewhere(file: str, asked: str, expected: str):
    assert str(einrnn.load(SPECS / file).derive(asked)) == expected


def test_assumptions_and_forms_that_are_not_there_are_errors(rnn: einrnn.Document):
    with pytest.raises(einrnn.EinrnnError) as caught:
        rnn.derive("dL/dW[i,j]", using=("onehott",))
    assert (caught.value.code, caught.value.help) == ("E807", "the document has: onehot")
    with pytest.raises(einrnn.EinrnnError) as caught:
        rnn.derive("dL/dW[i,j]", form="both")  # type: ignore[arg-type]
    assert caught.value.code == "E806"


def test_an_uneven_sum_is_written_out():
    """``(delta[k,l] - p[n,l]) …`` does not tell by itself that n is summed around all of it."""
    grad = einrnn.load(SPECS / "corpus/softreg.ein").derive("dg[k,d]/dW[l,e]")
    assert str(grad).startswith("sum[n] ")


def derivatives(path: Path) -> list[str]:
    model = einrnn.load(path).model
    asked = [
        left_text(c.left, model)
        for c in model.claims
        if isinstance(c.left, Derivative) and isinstance(c.left.body, Element)
    ]
    return list(dict.fromkeys(asked))


# documents that have names such as dz of their own: there dL/dz cannot be written
SHADOWING = {
    "rnn_bptt_adjoint",
    "rnn_bptt_init_mean",
    "w_captaine_f",
    "w_doc24",
    "w_mxnet4057",
    "diff_transpose",
}
FILES = [f for f in sorted(SPECS.rglob("*.ein")) if f.stem not in SHADOWING]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_text_parses_back_to_the_same_expression(path: Path):
    doc = einrnn.load(path)
    for asked in derivatives(path):
        try:
            grad = doc.derive(asked)
        except LanguageError as error:
            if error.code != "E217":  # else the claim restricts the range that it is read in
                raise
            continue
        if any("?" in repr(node) for node in walk(grad.expr)):
            continue  # derivatives of opaque functions print as derivatives of their names
        read, _ = parse_expression(str(grad), doc.model, tuple(grad.ranges))
        _, (read,) = complete(grad.model, [(read, grad.ranges)], fewer_axes)
        plain = [canonical(tidy(expr, grad.ranges)) for expr in (read, grad.expr)]
        assert plain[0] is plain[1], asked


CHECKED = [
    ("rnn.ein", "dL/dU[i,j]", "adjoint", ("onehot",)),
    ("rnn.ein", "ds[t,m]/dU[i,j]", "sum", ()),
    ("lstm.ein", "dL/db[a,h]", "adjoint", ()),
    ("corpus/hmm.ein", "dL/dB[j,k]", "adjoint", ()),
    ("corpus/crf.ein", "dL/de[u,j]", "adjoint", ()),
    ("corpus/mlp_relu_softmax.ein", "dL/dW2[h,j]", "adjoint", ()),
]


@pytest.mark.parametrize(("file", "asked", "form", "using"), CHECKED)
def test_the_result_as_statements_of_the_document_checks(file: str, asked: str, form, using):
    """The recurrences define names of their own there, so the claim is about what they compute."""
    text = (SPECS / file).read_text()
    statements = einrnn.parse(text).derive(asked, form=form, using=using).statements("result")
    report = einrnn.parse(f"{text}\n{statements}").check(labels=["result"], timeout=2)
    assert [v.verdict for v in report] in (["proved"], ["tested"])


def test_wrong_statements_are_refuted():
    text = (SPECS / "rnn.ein").read_text()
    statements = einrnn.parse(text).derive("dL/dU[i,j]").statements("result")
    wrong = statements.replace("1 - s[t,i]^2", "1 + s[t,i]^2")
    assert wrong != statements
    report = einrnn.parse(f"{text}\n{wrong}").check(labels=["result"], timeout=2)
    assert [v.verdict for v in report] == ["refuted"]
