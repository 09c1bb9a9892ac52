"""The Python interface, on the document's network at real sizes."""

import pickle
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import sympy

import einrnn
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic.derived import complete, forward

OUTPUTS = ("L", "dL/dU", "dL/dV", "dL/dW")


@pytest.fixture(scope="module")
def doc() -> einrnn.Document:
    return einrnn.load("specs/rnn.ein")


def arrays(d: int, h: int, k: int, t: int, dtype: type = float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    y = np.eye(k)[rng.integers(0, k, t)]
    shapes = {"U": (h, d), "W": (h, h), "V": (k, h), "x": (t, d)}
    made = {name: rng.normal(size=shape) * 0.4 for name, shape in shapes.items()}
    return {name: a.astype(dtype) for name, a in (made | {"y": y}).items()}


def loss(U, W, V, x, y) -> float:
    """The document's loss in plain numpy."""
    s, total = np.zeros(len(W)), 0.0
    for xt, yt in zip(x, y, strict=True):
        s = np.tanh(U @ xt + W @ s)
        q = V @ s
        total -= yt @ (q - np.log(np.exp(q).sum()))
    return total / len(x)


def test_loss_and_gradients_against_differences(doc: einrnn.Document):
    data = arrays(5, 7, 6, 12)
    out = doc.compile(*OUTPUTS)(**data, N=12)
    assert out["L"] == pytest.approx(loss(**data), rel=1e-12)
    for name in "UVW":
        found = np.zeros_like(data[name])
        for position in np.ndindex(found.shape):
            step = np.zeros_like(found)
            step[position] = 1e-3

            def value(by: float, name: str = name, step: np.ndarray = step) -> float:
                return loss(**{**data, name: data[name] + by * step})

            near, far = value(1) - value(-1), value(2) - value(-2)
            found[position] = (8 * near - far) / 12e-3
        np.testing.assert_allclose(out[f"dL/d{name}"], found, atol=1e-9)


def test_gradients_agree_with_the_interpreter_which_goes_forward(doc: einrnn.Document):
    data = arrays(5, 7, 6, 12)
    out = doc.compile(*OUTPUTS)(**data, N=12)
    roots = [einrnn.language.parse_expression(text, doc.model) for text in OUTPUTS]
    model, exprs = complete(doc.model, roots, forward)
    sizes = {"D": 5, "H": 7, "K": 6, "T": 12, "N": 12}
    interpreter = Interpreter(model, sizes, data)
    rng = np.random.default_rng(0)
    for text, expr in zip(OUTPUTS, exprs, strict=True):
        array = np.asarray(out[text])
        for _ in range(6):
            position = tuple(int(rng.integers(n)) for n in array.shape)
            expected = interpreter.entry(expr.tensor, position)
            assert array[position] == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_float32_in_float32_out(doc: einrnn.Document):
    program = doc.compile(*OUTPUTS)
    single = program(**arrays(5, 7, 6, 12, np.float32), N=12)
    double = program(**arrays(5, 7, 6, 12), N=12)
    for name in OUTPUTS:
        assert np.asarray(single[name]).dtype == np.float32
        np.testing.assert_allclose(single[name], double[name], atol=1e-4)


def test_memory_stays_far_below_pairs_of_time_steps(doc: einrnn.Document):
    data = arrays(200, 100, 200, 50)
    program = doc.compile(*OUTPUTS)
    program(**data, N=50)
    tracemalloc.start()
    program(**data, N=50)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pairs = 8 * 50**2 * 100**2
    assert peak < pairs / 20
    assert program.cost(T=50, H=100, D=200, K=200, N=50).peak < 50**2 * 100**2 / 20


def test_derived_text_parses_back_to_the_same_values(doc: einrnn.Document):
    for wanted in ("dL/dW[i,j]", "dE[t]/dV[i,j]", "dyhat[t,k]/dq[t,l]", "dE[t]/dU"):
        text = str(doc.derive(wanted))
        left = wanted if "[" in wanted.split("/")[1] else f"{wanted}[i,j]"
        again = einrnn.parse(f"{doc}\n[back] {left} = {text}\n").check(labels=["back"])
        assert again["back"].verdict in ("proved", "tested"), (wanted, text)


def test_derive_is_in_the_documents_own_names(doc: einrnn.Document):
    assert str(doc.derive("dyhat[t,k]/dq[t,l]")) == "yhat[t,k] (delta[k,l] - yhat[t,l])"
    grad = doc.derive("dL/dW[i,j]")
    assert str(grad) == "sum[t] dL/dz[t,i] s[t-1,j]"
    assert any(line.startswith("dL/ds[t,i] :=") for line in grad.where)
    assert grad._repr_latex_().startswith("$")


def test_sympy_abstract_and_at_sizes(doc: einrnn.Document):
    grad = doc.derive("dyhat[t,k]/dq[t,l]")
    abstract = grad.sympy()
    assert abstract.has(sympy.KroneckerDelta)
    assert abstract.has(sympy.Indexed)
    entries = grad.sympy(T=1, H=2, D=2, K=2)
    assert entries.shape == (1, 2, 2)
    assert {str(symbol) for symbol in entries.free_symbols} == {"yhat[0,0]", "yhat[0,1]"}
    assert not isinstance(doc.derive("dL/dE[t]").sympy(T=3), dict)
    with pytest.raises(einrnn.EinrnnError, match="K"):
        grad.sympy(T=1)


def test_a_wrong_shape_names_the_input_and_both_sizes(doc: einrnn.Document):
    data = arrays(5, 7, 6, 12)
    data["V"] = data["V"][:, :6]
    with pytest.raises(einrnn.EinrnnError) as caught:
        doc.compile("L")(**data, N=12)
    text = str(caught.value)
    assert all(part in text for part in ("V", "6", "7", "H"))


def test_errors_have_code_message_help_and_span():
    with pytest.raises(einrnn.LanguageError) as caught:
        einrnn.parse("input A[N,N]\ny[i] := A[i,j] A[j,k]").raise_errors()
    error = caught.value
    assert error.code.startswith("E2")
    assert error.message
    assert error.span is not None
    assert "sum[k]" in (error.help or "")


def test_index_equations():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(4, 5))
    np.testing.assert_allclose(einrnn.einsum("C[i,k] = A[i,j] B[j,k]", A=a, B=b), a @ b)
    np.testing.assert_allclose(einrnn.einsum("c = A[i,j]^2", A=a), (a**2).sum())
    np.testing.assert_allclose(einrnn.einsum("ab,bc", a, b), a @ b)
    with pytest.raises(einrnn.EinrnnError):
        einrnn.einsum("C[i,k] = A[i,j] B[j,k]", A=a, B=a)
    with pytest.raises(einrnn.EinrnnError):
        einrnn.einsum("C[i,k] = A[i,j] B[j,k]", a, b)


def test_importing_loads_neither_sympy_nor_numpy():
    code = "import sys, einrnn; print('sympy' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_default_size_may_be_overruled(doc: einrnn.Document):
    data = arrays(5, 7, 6, 12)
    program = doc.compile("L")
    assert program(**data)["L"] == pytest.approx(loss(**data))
    assert program(**data, N=3)["L"] == pytest.approx(loss(**data) * 12 / 3)


def test_a_document_can_be_pickled_after_use():
    document = einrnn.parse("input x[N], m[N] integer in N\nL := sum[i] x[m[i]]^2\n[1] L = L\n")
    document.compile("L")(x=np.ones(3), m=np.array([0, 1, 2]))
    document.check()
    assert pickle.loads(pickle.dumps(document)).check()["1"].verdict == "proved"


def test_what_another_library_does_not_hand_over_is_said():
    class Held:
        def __array__(self, *_: object, **__: object) -> None:
            raise RuntimeError("detach it first")

    program = einrnn.parse("input x[N]\nL := sum[i] x[i]\n").compile("L")
    with pytest.raises(einrnn.EinrnnError, match="x is not an array: detach it first"):
        program(x=Held())
