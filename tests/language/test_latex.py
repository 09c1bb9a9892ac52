"""LaTeX as a person would set it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from einrnn.language import load_model, parse_expression
from einrnn.language.latex import document_latex, latex

DOCUMENTS = sorted((Path(__file__).parent / "documents").glob("*.ein"))
MODEL = load_model(
    "input W[H,H], x[T,H], s0[H], yhat[T,H], ŷ[H], N\n"
    "s[t,i] := tanh(W[i,j] s[t-1,j] + x[t,i]) with s[-1,i] := s0[i]"
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s[t-1,m]", r"s_{t-1,m}"),
        ("ds[t,m]/dW[i,j]", r"\frac{\mathrm{d} s_{t,m}}{\mathrm{d} W_{i,j}}"),
        ("∂s[t,m]/∂W[i,j]", r"\frac{\partial s_{t,m}}{\partial W_{i,j}}"),
        ("sum[r=0..t] x[r,i]", r"\sum_{r=0}^{t} x_{r,i}"),
        ("sum[k: k != i] x[t,k] W[i,k]", r"\sum_{k:\, k \ne i} x_{t,k} W_{i,k}"),
        ("delta[i,j] x[t,j]", r"\delta_{ij} x_{t,j}"),
        ("yhat[t,k] ŷ[k]", r"\hat{y}_{t,k} \hat{y}_{k}"),
        ("-x[t,k]/yhat[t,k]", r"-\frac{x_{t,k}}{\hat{y}_{t,k}}"),
        ("(1 - s[t,m]^2) W[m,n]", r"\left(1 - s_{t,m}^{2}\right) W_{m,n}"),
        ("2/3 sqrt(x[t,i])", r"\frac{2}{3} \sqrt{x_{t,i}}"),
        ("1/N", r"\frac{1}{N}"),
        (
            "{ x[t,i] if i == 0 ; 0 otherwise }",
            r"\begin{cases} x_{t,i} & i = 0 \\ 0 & \text{otherwise} \end{cases}",
        ),
        ("softmax[i](x[t,i])", r"\operatorname{softmax}_{i}\left(x_{t,i}\right)"),
    ],
)
def test_expressions(source: str, expected: str) -> None:
    expr, _ = parse_expression(source, MODEL)
    assert latex(expr, MODEL) == expected


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_documents_are_balanced(path: Path) -> None:
    model = load_model(path.read_text(encoding="utf-8"))
    shown = document_latex(model)
    assert shown.count("{") == shown.count("}")
    assert len(re.findall(r"\\left\b", shown)) == len(re.findall(r"\\right\b", shown))
    rows = shown.split(r"\begin{align}")[1].split(r"\end{align}")[0].split("\\\\\n")
    assert all("&" in row for row in rows)
    for claim in model.claims:
        assert rf"\tag{{{claim.label}}}" in shown


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX here")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_documents_compile(path: Path, tmp_path: Path) -> None:
    model = load_model(path.read_text(encoding="utf-8"))
    (tmp_path / "document.tex").write_text(document_latex(model), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
