"""What people write instead of what they mean, with the whole texts of the messages.

EINRNN_WRITE_GOLDEN=1 writes the texts anew; read each of them aloud.
"""

import os
from pathlib import Path

import pytest

from einrnn.language import elaborate_text
from einrnn.source import Source, render

FILES = sorted((Path(__file__).parent / "mistakes").glob("*.ein"))


def messages(text: str) -> str:
    source = Source.of(text, "example.ein")
    found = elaborate_text(source)
    return "\n".join([text.rstrip(), "", *(render(source, d) for d in found.diagnostics), ""])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_messages_are_what_they_were(path: Path) -> None:
    documents = path.read_text(encoding="utf-8").split("---\n")
    text = "\n".join(messages(document) for document in documents)
    golden = path.with_suffix(".txt")
    if os.environ.get("EINRNN_WRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_a_product_on_the_left_that_looks_summed_is_remarked_on():
    text = "input A[N,N], B[N,N]\nassume A[i,j] B[j,k] = delta[i,k]\n[1] A[i,j] A[i,j] = A[i,j]^2\n"
    (found,) = elaborate_text(Source.of(text, "a.ein")).diagnostics
    assert found.code == "W209"
    assert found.help == "a left side is not summed: write sum[j] A[i,j] B[j,k] if that is meant"
