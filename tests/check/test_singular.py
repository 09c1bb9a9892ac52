"""An engine that finds a singular matrix where others have values does not go unnoticed."""

import pytest

import einrnn
from einrnn.check import compare, memo, witnesses
from einrnn.check.verdict import Verdict
from einrnn.errors import EvaluationError

REGULAR = "input A[N,N] spd, x[N]\n[1] x[i] = inv(A)[i,j] A[j,k] x[k]"
# X has fewer rows than columns at the sizes with the fewest entries
THIN = "input X[N,D]\nS[d,e] := X[n,d] X[n,e]\n[1] delta[d,e] = inv(S)[d,f] S[f,e]"
# the first of the matrices is 0, and the claim does not speak of it
UNNEEDED = (
    "dim T = 3\ninput A[N,N] spd\nindex t : T\nP[t,i,j] := t A[i,j]\n"
    "B[t,i,j] := inv(P[t])[i,j]\n[1] delta[i,j] = B[1,i,k] A[k,j]"
)


def judged(text: str) -> Verdict:
    memo.forget()
    return einrnn.parse(text).check(timeout=3)["1"]


def refusing(*_: object) -> list[tuple[float, float]]:
    raise EvaluationError("E606", "a matrix of inv is singular")


def lying(point, ready, chosen) -> list[tuple[float, float]]:
    return [(1.5, 1.5)] * len(chosen)


@pytest.mark.parametrize("text", [REGULAR, THIN, UNNEEDED])
def test_right_claims_are_proved(text: str) -> None:
    assert judged(text).verdict == "proved"


@pytest.mark.parametrize(
    ("where", "name"),
    [(witnesses, "interpreted"), (witnesses, "in_sympy"), (compare.Compiled, "both")],
    ids=["interpreter", "sympy", "program"],
)
@pytest.mark.parametrize("text", [REGULAR, THIN], ids=["regular", "thin"])
def test_a_singular_matrix_that_is_none_is_a_defect(
    text: str, where: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, refusing)
    verdict = judged(text)
    assert verdict.verdict == "invalid"
    assert [d.code for d in verdict.diagnostics] == ["E900"]
    assert "singular" in verdict.diagnostics[0].message


@pytest.mark.parametrize("text", [THIN, UNNEEDED], ids=["thin", "unneeded"])
def test_engines_are_compared_where_one_of_them_has_no_value(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "interpreted", lying)
    assert [d.code for d in judged(text).diagnostics] == ["E900"]
