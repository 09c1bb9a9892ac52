"""The command line: exit status, JSON, and whole outputs."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from einrnn.cli import main

TRUE = "input A[N,M], x[M]\ny[i] := A[i,j] x[j]\n[1] dy[i]/dx[k] = A[i,k]\n"
FALSE = TRUE + "[2] dy[i]/dx[k] = A[k,i]\n"
WRONG = TRUE + "[2] dy[i]/dx[k] = 2 A[i,k]\n"
BROKEN = TRUE + "[2] dy[i]/dx[k] = A[i,k\n"


def run(*args: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, list(args), input=text, catch_exceptions=False)


def check(text: str, *options: str) -> Result:
    return run("check", "-", *options, text=text)


def test_status_0_when_all_is_proved():
    result = check(TRUE)
    assert result.exit_code == 0
    assert "1 proved: all as expected" in result.output


def test_status_1_when_a_claim_is_refuted():
    result = check(WRONG)
    assert result.exit_code == 1
    assert "[2] refuted, but must hold" in result.output
    assert "counterexample with" in result.output


def test_status_2_when_a_claim_is_malformed():
    for text in (FALSE, BROKEN):
        result = check(text)
        assert result.exit_code == 2
        assert "<stdin>:4:" in result.output


def test_status_2_when_a_file_is_missing():
    result = run("check", "no-such-file.ein")
    assert result.exit_code == 2
    assert "cannot read no-such-file.ein" in result.output


def test_status_2_for_bytes_that_are_not_utf8(tmp_path: Path):
    file = tmp_path / "latin.ein"
    file.write_bytes(b"input \xe4[N]\n")
    result = run("check", str(file))
    assert result.exit_code == 2
    assert "not UTF-8" in result.output


def test_tested_is_good_only_when_accepted():
    text = "input x, y\n[1] max(x, y) + min(x, y) = x + y\n"
    strict, lenient = check(text), check(text, "--accept", "tested")
    verdict = json.loads(check(text, "--json").output)["files"][0]["claims"][0]["verdict"]
    assert strict.exit_code == (0 if verdict == "proved" else 1)
    assert lenient.exit_code == 0


def test_refute_must_be_refuted():
    assert check(TRUE + "[2] refute dy[i]/dx[k] = 2 A[i,k]\n").exit_code == 0
    assert check(TRUE + "[2] refute dy[i]/dx[k] = A[i,k]\n").exit_code == 1


def test_json_has_the_fixed_shape():
    found = json.loads(check(WRONG, "--json").output)
    assert set(found) >= {"files", "summary", "seconds"}
    assert found["summary"] == {
        "proved": 1,
        "tested": 0,
        "refuted": 1,
        "invalid": 0,
        "unexpected": 1,
    }
    (file,) = found["files"]
    assert file["file"] == "<stdin>"
    first, second = file["claims"]
    fields = {"label", "step", "line", "column", "statement", "expect", "verdict", "method"}
    fields |= {"assumptions", "sizes_tested", "max_error", "counterexample", "residual"}
    fields |= {"suggestion", "seconds"}
    for claim in (first, second):
        assert set(claim) >= fields
    assert first["line"] == 3
    assert second["counterexample"]["left"] != second["counterexample"]["right"]
    assert set(second["counterexample"]) == {"sizes", "inputs", "at", "left", "right", "exact"}


def test_json_diagnostics_have_places():
    found = json.loads(check(BROKEN, "--json").output)
    (problem,) = found["files"][0]["diagnostics"]
    assert problem["severity"] == "error"
    assert (problem["line"], problem["code"][0]) == (4, "E")
    assert problem["end_column"] > problem["column"]
    assert found["summary"]["invalid"] == 1
    assert found["summary"]["proved"] == 1


def test_labels_select_claims():
    found = json.loads(check(WRONG, "--json", "--label", "1").output)
    assert [claim["label"] for claim in found["files"][0]["claims"]] == ["1"]
    assert check(WRONG, "--label", "nowhere").exit_code == 2


def test_no_colour_codes_in_a_pipe():
    assert "\x1b[" not in check(WRONG).output


@pytest.fixture
def network(tmp_path: Path) -> Path:
    file = tmp_path / "net.ein"
    file.write_text(TRUE + "L := 1/2 sum[i] y[i]^2\n", encoding="utf-8")
    return file


def test_derive_prints_text_latex_and_json(network: Path):
    assert run("derive", str(network), "dL/dx[k]").output == "dL/dx[k] = y[i] A[i,k]\n"
    assert "A_{i,k}" in run("derive", str(network), "dL/dx[k]", "--latex").output
    found = json.loads(run("derive", str(network), "dL/dx[k]", "--json").output)
    assert found["text"] == "y[i] A[i,k]"


def test_derive_of_nonsense_is_an_error(network: Path):
    result = run("derive", str(network), "dL/dq[k]")
    assert result.exit_code == 2
    assert "q" in result.output


def test_run_reads_and_writes_arrays(network: Path, tmp_path: Path):
    rng = np.random.default_rng(0)
    arrays = {"A": rng.normal(size=(4, 3)), "x": rng.normal(size=3), "unused": np.ones(2)}
    np.savez(tmp_path / "in.npz", **arrays)
    out = tmp_path / "out.npz"
    result = run(
        "run",
        str(network),
        "L",
        "dL/dx",
        "--data",
        str(tmp_path / "in.npz"),
        "--out",
        str(out),
    )
    assert result.exit_code == 0
    with np.load(out) as found:
        y = arrays["A"] @ arrays["x"]
        np.testing.assert_allclose(found["L"], 0.5 * y @ y)
        np.testing.assert_allclose(found["dL/dx"], arrays["A"].T @ y)


@pytest.mark.parametrize("content", [b"not an archive", b"PK\x03\x04 broken"])
def test_run_refuses_what_is_no_archive(network: Path, tmp_path: Path, content: bytes):
    data = tmp_path / "in.npz"
    data.write_bytes(content)
    result = run("run", str(network), "L", "--data", str(data), "--out", str(tmp_path / "o"))
    assert result.exit_code == 2
    assert "E003" in result.output
    assert not (tmp_path / "o").exists()


def test_run_names_a_missing_input(network: Path, tmp_path: Path):
    np.savez(tmp_path / "in.npz", x=np.ones(3))
    args = ("--data", str(tmp_path / "in.npz"), "--out", str(tmp_path / "o"))
    result = run("run", str(network), "L", *args)
    assert result.exit_code == 2
    assert "A" in result.output


def test_latex_is_written(network: Path, tmp_path: Path):
    file = tmp_path / "net.tex"
    assert run("latex", str(network), "-o", str(file)).exit_code == 0
    assert "A_{i,j}" in file.read_text(encoding="utf-8")


def test_unknown_backend(network: Path, tmp_path: Path):
    np.savez(tmp_path / "in.npz", x=np.ones(3))
    args = ("--data", str(tmp_path / "in.npz"), "--out", "o", "--backend", "fortran")
    result = run("run", str(network), "L", *args)
    assert result.exit_code == 2
    assert "fortran" in result.output


def test_an_expression_that_is_asked_for_is_shown_with_the_place(network: Path):
    for command in ("derive", "export"):
        result = run(command, str(network), "dL/dq[k]")
        assert result.exit_code == 2
        assert "<expression>:1:5: error[E401]: unknown name q" in result.output
        assert "| dL/dq[k]\n    |     ^ not declared" in result.output


@pytest.mark.parametrize(
    "args",
    [
        ("derive", "-", "dy/dx"),
        ("export", "-", "y"),
        ("latex", "-"),
        ("paths", "-", "y", "--size", "N=3"),
        ("run", "-", "y", "--data", "a", "--out", "b"),
    ],
    ids=lambda args: args[0],
)
def test_a_document_with_an_error_is_shown_with_the_place_by(args: tuple[str, ...]):
    result = run(*args, text="input x[N]\ny := x[i\n")
    assert result.exit_code == 2
    assert "<stdin>:2:7: error[E102]" in result.output
    assert "help: " in result.output


def test_wrong_options_of_check_have_a_code_and_help(network: Path):
    for options, code in ((("--label", "2"), "E803"), (("--timeout", "nan"), "E004")):
        result = run("check", str(network), *options)
        assert result.exit_code == 2
        assert code in result.output
        assert "help: " in result.output
    assert run("check", str(network), "--seed", "-1").exit_code == 2


def test_a_claim_that_is_not_well_formed_keeps_no_one_from_deriving(tmp_path):
    file = tmp_path / "a.ein"
    file.write_text("input W[N,N], x[N]\nL := x[i] W[i,j] x[j]\n[1] dL/dW[i,j] = x[i] x[k]\n")
    result = CliRunner().invoke(main, ["derive", str(file), "dL/dW[i,j]"])
    assert (result.exit_code, result.output) == (0, "dL/dW[i,j] = x[i] x[j]\n")
    assert CliRunner().invoke(main, ["latex", str(file)]).exit_code == 2
