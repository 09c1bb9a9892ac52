"""Damaged documents give located diagnostics or other models, never an exception."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from einrnn.core.nodes import Add
from einrnn.language import elaborate_text, load_model
from einrnn.language.outcome import Elaborated
from einrnn.source import Source, render

DOCUMENTS = sorted((Path(__file__).parent / "documents").glob("*.ein"))
TEXTS = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
TOKENS = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "=",
    ":=",
    "+",
    "-",
    "*",
    "/",
    "^",
    ",",
    ";",
    "..",
    "sum[k]",
]
TOKENS += ["if", "∂", "d", "T", "t", "s[t-1,n]", "@", "⊗", ".T", "0", "1/2", "softmax", "\n", "=="]


def judge(text: str) -> Elaborated:
    """Elaborate, and draw every diagnostic, as a caller would."""
    source = Source.of(text)
    found = elaborate_text(source)
    for diagnostic in found.diagnostics:
        assert diagnostic.span is not None
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(source.text)
        assert render(source, diagnostic)
        assert diagnostic.help or diagnostic.severity != "error", diagnostic
    errors = [d for d in found.diagnostics if d.severity == "error"]
    assert not found.invalid or errors
    for claim in found.invalid:
        assert claim.diagnostics
    return found


def damaged(text: str, rng: random.Random) -> str:
    kind = rng.randrange(6)
    if kind == 0:
        brackets = [m.start() for m in re.finditer(r"[()\[\]{}]", text)]
        at = rng.choice(brackets)
        return text[:at] + text[at + 1 :]
    words = list(re.finditer(r"[A-Za-z]\w*", text))
    word = rng.choice(words)
    if kind == 1:
        at = rng.randrange(word.start(), word.end())
        return text[:at] + rng.choice("abckstxyzKTH") + text[at + 1 :]
    if kind == 2:
        return re.sub(
            r"\[(\w+),(\w+)\]",
            lambda m: f"[{m[2]},{m[1]}]" if rng.random() < 0.1 else m[0],
            text,
        )
    if kind == 3:
        sizes = list(re.finditer(r"\b[DHKTN]\b", text))
        size = rng.choice(sizes)
        return text[: size.start()] + rng.choice("DHKTNM3") + text[size.end() :]
    at = rng.randrange(len(text))
    if kind == 4:
        return text[:at] + " " + rng.choice(TOKENS) + " " + text[at:]
    return text[:at] + text[at + rng.randrange(1, 8) :]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_documents_are_well_formed(path: Path) -> None:
    found = judge(path.read_text(encoding="utf-8"))
    assert [d for d in found.diagnostics if d.severity != "note"] == []
    assert found.invalid == ()


@pytest.mark.parametrize("number", range(len(TEXTS)))
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_damage_is_never_an_exception(number: int, seed: int) -> None:
    rng = random.Random(seed)
    lines = TEXTS[number].splitlines()
    text = "\n".join(lines[: rng.randrange(8, len(lines) + 1)])
    for _ in range(rng.randrange(1, 4)):
        text = damaged(text, rng)
    judge(text)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([*TOKENS, "x[i]", "y", " ", "N", "input", "dim", "index"]), max_size=12
    )
)
def test_token_soup_is_never_an_exception(tokens: list[str]) -> None:
    judge(" ".join(tokens))
    judge("[1] " + " ".join(tokens))
    judge("E[t] := " + " ".join(tokens))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_never_an_exception(text: str) -> None:
    judge(text)


def test_a_sum_of_5000_terms() -> None:
    model = load_model("E := " + " + ".join(f"{n} x[k] z[k]" for n in range(5000)))
    body = model.definitions["E"].clauses[0].body
    assert isinstance(body, Add)
    assert len(body.terms) == 5000


@pytest.mark.parametrize(
    ("opening", "closing"), [("(", ")"), ("tanh(", ")"), ("-(", ")"), ("1 + (", ")"), ("2 (", ")")]
)
def test_a_thousand_nested_parentheses(opening: str, closing: str) -> None:
    model = load_model("E[t] := " + opening * 1000 + "x[t]" + closing * 1000)
    assert model.definitions["E"].clauses[0].body.free
