"""Claims about recurrences that need each other: one induction for all."""

import einrnn

PAIR = """dim T
index t : T
input x
a[t] := 2 b[t-1]   with a[-1] := 1
b[t] := a[t-1]/2   with b[-1] := 1/2
"""
ROTATION = """dim T
index t : T
input p, q
c[t] := p c[t-1] - q d[t-1]   with c[-1] := 1
d[t] := q c[t-1] + p d[t-1]   with d[-1] := 0
"""


def verdicts(text: str) -> list[str]:
    return [found.verdict for found in einrnn.parse(text).check(timeout=4)]


def test_two_claims_that_are_each_the_step_of_the_other_are_proved() -> None:
    assert verdicts(PAIR + "[1] a[t] = 1\n[2] b[t] = 1/2") == ["proved", "proved"]


def test_a_false_claim_beside_a_true_one_shows_nothing() -> None:
    found = verdicts(PAIR + "[1] a[t] = 1\n[2] refute b[t] = 1")
    assert found[0] != "refuted"
    assert found[1] == "refuted"
    assert verdicts(PAIR + "[1] a[t] = b[t]\n[2] b[t] = a[t]") == ["refuted", "refuted"]


def test_a_claim_that_lacks_values_is_no_step_of_another() -> None:
    # at x = 0 the second says nothing of b, which is 0 there, and the first is false
    text = PAIR.replace("a[t-1]/2", "{ a[t-1]/2 if x != 0 ; 0 otherwise }")
    found = verdicts(text + "[1] a[t] = 1\n[2] b[t] = x/(2 x)")
    assert found[0] != "proved"


def test_what_a_rotation_multiplies_lengths_by_is_read_off_the_right_side() -> None:
    assert verdicts(ROTATION + "[1] c[t]^2 + d[t]^2 = (p^2 + q^2)^(t+1)") == ["proved"]
    assert verdicts(ROTATION + "[1] c[t]^2 + d[t]^2 = (p^2 + q^2)^t") == ["refuted"]
