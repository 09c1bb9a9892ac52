"""Generated modules against the step-by-step executor, the interpreter and hand-worked values."""

import importlib
import math
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from click.testing import CliRunner

import einrnn
from einrnn.cli import main
from einrnn.core.functions import FUNCTIONS
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.interpret import Interpreter

BACKENDS = [
    "numpy",
    *(
        pytest.param(
            name, marks=pytest.mark.skipif(find_spec(name) is None, reason=f"no {name} here")
        )
        for name in ("jax", "torch")
    ),
]

RNN = """
dim D, H, K, T
index t : T
input x[T,D], y[T,K] one-hot in K, U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
L         := -sum[t] y[t,k] log(yhat[t,k])
"""

WORDS = """
dim D, H, K, T
index t : T
input x[T] integer in D, y[T] integer in K, U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,x[t]] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
L         := -sum[t] log(yhat[t,y[t]])
"""

GATES = """
dim H, T
index t : T
input a[T,H], w[H,H], c[T,H]
f[t,i] := sigmoid(a[t,i] + w[i,j] h[t-1,j])
g[t,i] := softplus(a[t,i]) relu(h[t-1,i]) + abs(a[t,i])
h[t,i] := f[t,i] h[t-1,i] + (1 - f[t,i]) sin(a[t,i]) + { g[t,i] if t >= 2 ; 0 otherwise }
          with h[-1,i] := 1/2
L := sum[t,i] c[t,i] h[t,i]^2
"""

DOWN = """
dim K, T
index t : T
input A[K,K], o[T,K]
b[t,i] := logsumexp[j](A[i,j] + o[t+1,j] + b[t+1,j])   with b[T-1,i] := 0
L := logsumexp[i](b[0,i] + o[0,i])
"""

CASES = {
    "rnn": (RNN, ["L", "dL/dU", "dL/dV", "dL/dW", "yhat"]),
    "words": (WORDS, ["L", "dL/dU", "dL/dV", "dL/dW"]),
    "gates": (GATES, ["L", "dL/dw", "dL/da", "h"]),
    "down": (DOWN, ["L", "dL/dA", "dL/do"]),
}
SIZES = {"D": 3, "H": 4, "K": 5, "T": 6}


def compiled(name, backend="numpy"):
    text, outputs = CASES[name]
    doc = einrnn.parse(text)
    doc.raise_errors()
    return doc.compile(*outputs, backend=backend)


def data_for(program, seed=0):
    rng = np.random.default_rng(seed)
    data = {}
    for name, axes in program.inputs.items():
        shape = tuple(SIZES[str(axis)] for axis in axes)
        given = program.model.inputs[name]
        if given.integer:
            data[name] = rng.integers(3, size=shape)
        elif given.has("one-hot"):
            data[name] = np.eye(shape[-1])[rng.integers(shape[-1], size=shape[0])]
        else:
            data[name] = rng.normal(size=shape)
    return data


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_as_the_step_by_step_executor(name, backend):
    program = compiled(name, backend)
    data = data_for(program)
    found = program(**data)
    sizes = {size: SIZES[size] for size in program.sizes}
    setting = Setting(np.dtype("float64"), program.model, sizes, 0)
    expected = Executable(program.plan(**sizes), setting).run(data)
    for output in found:
        np.testing.assert_allclose(found[output], expected[output], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", CASES)
def test_gradients_by_finite_differences_of_the_interpreter(name):
    """The oracle shares nothing with planning: it evaluates L of the document entry by entry."""
    text, outputs = CASES[name]
    program = compiled(name)
    data = data_for(program)
    found = program(**data)
    model = einrnn.parse(text).model
    rng = np.random.default_rng(5)
    for output in outputs:
        if not output.startswith("dL/d"):
            continue
        wrt = output.removeprefix("dL/d")
        direction = rng.normal(size=data[wrt].shape)
        ends = []
        for sign in (1, -1):
            moved = {**data, wrt: data[wrt] + sign * 1e-5 * direction}
            ends.append(float(Interpreter(model, SIZES, moved).entry("L", ())))
        slope = (ends[0] - ends[1]) / 2e-5
        assert np.sum(found[output] * direction) == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("backend", BACKENDS)
def test_source_runs_without_einrnn(backend, tmp_path):
    program = compiled("rnn", backend)
    data = data_for(program)
    found = program(**data)
    (tmp_path / "grads.py").write_text(program.source(), encoding="utf-8")
    np.savez(tmp_path / "data.npz", **data)
    code = (
        "import sys, numpy as np, grads\n"
        "out = grads.program(dict(np.load('data.npz')))\n"
        "assert not any(name.split('.')[0] == 'einrnn' for name in sys.modules)\n"
        "np.savez('out.npz', **{str(n): v for n, v in enumerate(out.values())})\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    out = np.load(tmp_path / "out.npz")
    for number, name in enumerate(found):
        np.testing.assert_allclose(out[str(number)], found[name], rtol=1e-12, atol=1e-14)


def test_names_of_the_user_are_no_code(tmp_path):
    """Names that are Python's keywords or not ASCII become identifiers of their own."""
    doc = einrnn.parse("dim n\ninput lambda[n], ŷ[n], class[n]\nL := lambda[i] ŷ[i] class[i]")
    doc.raise_errors()
    program = doc.compile("L", "dL/dŷ")
    ones = np.array([1.0, 2.0])
    out = program(**{"lambda": ones, "ŷ": ones, "class": ones})
    assert out["L"] == 9
    np.testing.assert_array_equal(out["dL/dŷ"], [1, 4])


@pytest.mark.parametrize("length", [1, 2, 3])
def test_outputs_that_are_what_was_just_stored(length):
    """At one time step the output is a view of the last store. Worked by hand, a = 2, x = 1."""
    doc = einrnn.parse("dim T\ninput x[T], a\nh[t] := a h[t-1] + x[t]  with h[-1] := 0")
    out = doc.compile("h", "dh/da")(x=np.ones(length), a=np.array(2.0))
    np.testing.assert_array_equal(out["h"], [1, 3, 7][:length])
    np.testing.assert_array_equal(out["dh/da"], [0, 1, 5][:length])


def test_results_do_not_change_with_later_calls():
    program = compiled("rnn")
    first = program(**data_for(program, 0))
    kept = {name: value.copy() for name, value in first.items()}
    program(**data_for(program, 1))
    for name, value in first.items():
        np.testing.assert_array_equal(value, kept[name])


def test_inputs_are_not_written_to():
    program = compiled("rnn")
    data = data_for(program)
    for array in data.values():
        array.flags.writeable = False
    program(**data)


def test_float32_stays_float32():
    program = compiled("rnn")
    data = {name: array.astype(np.float32) for name, array in data_for(program).items()}
    found = program(**data)
    assert {value.dtype for value in found.values()} == {np.dtype(np.float32)}


def test_softmax_of_extreme_logits_is_finite():
    doc = einrnn.parse(
        "dim K\ninput q[K], y[K] one-hot in K\np[k] := softmax[k](q[k])\nL := -y[k] log(p[k])"
    )
    q = np.array([1000.0, -1000.0, 0.0])
    out = doc.compile("L", "p", "dL/dq")(q=q, y=np.array([0.0, 1.0, 0.0]))
    assert out["L"] == pytest.approx(2000)
    np.testing.assert_allclose(out["p"], [1, 0, 0])
    # p is 0 to working precision where y is 1: y / p is inf, and p times it must not be
    np.testing.assert_allclose(out["dL/dq"], [1, -1, 0])


def test_a_look_up_out_of_range_is_an_error():
    program = compiled("words")
    data = data_for(program)
    data["x"][2] = 7
    with pytest.raises(einrnn.EinrnnError) as caught:
        program(**data)
    assert caught.value.code == "E603"


def test_lookups_are_added_up_and_not_multiplied():
    program = compiled("words")
    program(**data_for(program))
    text = str(program)
    assert "scatter" in text
    assert "if all finite" not in text


def test_export_and_its_errors(tmp_path):
    (tmp_path / "r.ein").write_text(RNN, encoding="utf-8")
    run = CliRunner().invoke
    sizes = [part for size in ("D=3", "H=4", "K=5", "T=6") for part in ("--size", size)]
    out = tmp_path / "grads.py"
    done = run(main, ["export", str(tmp_path / "r.ein"), "L", "dL/dW", *sizes, "-o", str(out)])
    assert done.exit_code == 0, done.output
    space = {}
    exec(out.read_text(encoding="utf-8"), space)
    program = compiled("rnn")
    data = data_for(program)
    np.testing.assert_allclose(space["program"](data)["dL/dW"], program(**data)["dL/dW"])
    single = {name: np.asarray(array, np.float32) for name, array in data.items()}
    np.testing.assert_allclose(
        space["program"](single)["dL/dW"], program(**data)["dL/dW"], rtol=1e-4, atol=1e-6
    )
    longer = {**data, "x": np.concatenate([data["x"], data["x"]])}
    with pytest.raises(ValueError, match="x has shape"):
        space["program"](longer)
    wrong = run(main, ["export", str(tmp_path / "r.ein"), "L", "--backend", "cobol"])
    assert wrong.exit_code == 2
    assert "E801" in wrong.output
    matrix = tmp_path / "m.ein"
    matrix.write_text("dim N\ninput A[N,N]\nd := det(A)\n", encoding="utf-8")
    none = run(main, ["export", str(matrix), "d", "--size", "N=2"])
    assert none.exit_code == 2
    assert "E618" in none.output


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function", sorted(name for name, row in FUNCTIONS.items() if row.numpy))
def test_every_function_of_the_table(function, backend):
    row = FUNCTIONS[function]
    arity = len(row.derivatives)
    if arity == 0 or function == "erf":
        pytest.skip("a constant, or a function without a numpy of its own")
    args = ", ".join(["x[i]", "c[i]"][:arity])
    doc = einrnn.parse(f"dim N\ninput x[N], c[N]\ny[i] := {function}({args}) + 0 c[i]")
    doc.raise_errors()
    x, c = np.array([0.25, 0.5, 0.9]), np.array([0.3, 0.5, 0.1])
    found = doc.compile("y", backend=backend)(x=x, c=c)["y"]
    expected = [row.value(*pair[:arity]) for pair in zip(x.tolist(), c.tolist(), strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("backend", ["numpy", "native", "jax", "torch"])
def test_the_error_function_and_an_axis_read_backwards(backend):
    if backend in ("jax", "torch"):
        pytest.importorskip(backend)
    if backend == "jax":
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    text = (
        "dim T, N\nindex t : T\ninput x[T,N], w[N]\na[t] := x[T-1-t,i] w[i]\n"
        "y[t] := 1/2 a[t] (1 + erf(a[t]/sqrt(2)))\nL := sum[t] y[t]^2\n"
    )
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(5, 3)), rng.normal(size=3)
    found = einrnn.parse(text).compile("y[t]", "dL/dw[i]", backend=backend)(x=x, w=w)

    def gelu(w):
        a = x[::-1] @ w
        return 0.5 * a * (1 + np.array([math.erf(v / math.sqrt(2)) for v in a]))

    np.testing.assert_allclose(np.asarray(found["y[t]"]), gelu(w), rtol=1e-12)
    steps = 1e-6 * np.eye(3)
    slopes = [(gelu(w + h) ** 2).sum() - (gelu(w - h) ** 2).sum() for h in steps]
    np.testing.assert_allclose(np.asarray(found["dL/dw[i]"]), np.array(slopes) / 2e-6, rtol=1e-6)
