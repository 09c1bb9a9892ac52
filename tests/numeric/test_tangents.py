"""Products with Jacobians and Hessians, against the whole matrices, differences and jax."""

from importlib.util import find_spec

import numpy as np
import pytest

import einrnn
from tests.numeric.hessians import (
    BACKENDS,
    RNN,
    SIZES,
    _losses,
    arrays,
    called,
    hessian,
    parsed,
)

PARAMETERS = {
    "quadratic": "x",
    "quartic": "x",
    "logistic": "w",
    "factors": "UV",
    "mlp": "Wv",
    "softmax": "W",
    "two layers": "ABC",
    "rnn": "UVW",
    "lstm": "ABEFw",
    "smoothing": "xb",
    "log sum": "x",
}


def with_directions(doc, names, seed=7):
    rng = np.random.default_rng(seed)
    data = arrays(doc.model)
    return data | {f"dir{name}": rng.normal(size=data[name].shape) for name in names}


@pytest.mark.parametrize("name", PARAMETERS)
def test_hvp_is_the_hessian_times_the_vector(name):
    doc = parsed(name)
    for first in PARAMETERS[name]:
        data = with_directions(doc, first)
        asked, text = f"hvp(L, {first}=dir{first})", hessian(doc.model, first, first)
        found = called(doc.compile(asked), data)[asked]
        whole = called(doc.compile(text), data)[text]
        v = data[f"dir{first}"]
        np.testing.assert_allclose(found, np.tensordot(whole, v, v.ndim), rtol=1e-9, atol=1e-10)


@pytest.mark.skipif(find_spec("jax") is None, reason="no jax here")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", PARAMETERS)
def test_rows_of_the_hessian_along_all_parameters_as_jax(name, backend):
    import jax

    jax.config.update("jax_enable_x64", True)
    doc = parsed(name)
    names = PARAMETERS[name]
    data = with_directions(doc, names)
    along = ", ".join(f"{n}=dir{n}" for n in names)
    asked = {n: f"jvp(dL/d{n}, {along})" for n in names}
    found = called(doc.compile(*asked.values(), backend=backend), data)
    order = list(doc.model.inputs)
    loss = _losses()[name]

    def of(*values):
        return loss(*(dict(zip(names, values, strict=True)).get(n, data[n]) for n in order))

    point = tuple(data[n] for n in names)
    directions = tuple(data[f"dir{n}"] for n in names)
    expected = jax.jvp(jax.grad(of, argnums=tuple(range(len(names)))), point, directions)[1]
    for n, row in zip(names, expected, strict=True):
        np.testing.assert_allclose(found[asked[n]], row, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("output", ["yhat", "s", "yhat[t,0]", "L", "dL/ds[t,i]"])
def test_jvp_by_differences(output):
    doc = parsed("rnn")
    data = with_directions(doc, "UW")
    asked = f"jvp({output}, U=dirU, W=dirW)"
    found = called(doc.compile(asked), data)[asked]
    plain = doc.compile(output)
    ends = []
    for by in (1e-3, -1e-3, 2e-3, -2e-3):
        moved = {n: data[n] + by * data[f"dir{n}"] for n in "UW"}
        ends.append(called(plain, data | moved)[output])
    slope = (8 * (ends[0] - ends[1]) - (ends[2] - ends[3])) / 12e-3
    np.testing.assert_allclose(found, slope, atol=1e-9)


def test_vjp_is_the_transposed_jvp():
    """⟨c, J v⟩ = ⟨c J, v⟩."""
    doc = parsed("rnn")
    data = with_directions(doc, "W")
    c = np.random.default_rng(3).normal(size=(SIZES["T"], SIZES["K"]))
    program = doc.compile("jvp(yhat, W=dirW)", "vjp(yhat=c, W)")
    forward, reverse = called(program, data | {"c": c}).values()
    assert np.sum(c * forward) == pytest.approx(np.sum(reverse * data["dirW"]), rel=1e-12)
    assert reverse.shape == data["W"].shape


def test_by_indices_as_by_name():
    doc = einrnn.parse(f"{RNN}input v[H,H], a[H], c[T,K]")
    doc.raise_errors()
    data = arrays(doc.model)
    pairs = {
        "sum[k,l] d2L/dW[i,j]dW[k,l] v[k,l]": "hvp(L, W=v)",
        "2 sum[k,l] v[k,l] d2L/dU[i,j]dW[k,l]": "jvp(2 dL/dU, W=v)",
        "sum[i,j] dyhat[t,k]/dW[i,j] v[i,j]": "jvp(yhat, W=v)",
        "sum[t,k] c[t,k] dyhat[t,k]/dW[i,j]": "vjp(yhat=c, W)",
    }
    for text, asked in pairs.items():
        by_index, by_name = doc.compile(text), doc.compile(asked)
        np.testing.assert_allclose(
            called(by_index, data)[text], called(by_name, data)[asked], rtol=1e-10, atol=1e-12
        )
        costs = [p.cost(**dict.fromkeys(p.sizes, 12)) for p in (by_index, by_name)]
        assert costs[0].flops <= 1.2 * costs[1].flops, text
    # a direction that is a product of its own
    text = "sum[k,l] d2L/dW[i,j]dW[k,l] a[k] a[l]"
    found = called(doc.compile(text), data)[text]
    asked = doc.compile("hvp(L, W=v)")
    expected = called(asked, data | {"v": np.outer(data["a"], data["a"])})["hvp(L, W=v)"]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_a_hessian_vector_product_of_a_recurrence_costs_as_a_gradient():
    doc = parsed("rnn")
    sizes = {"D": 20, "H": 30, "K": 20, "T": 100}
    gradient = doc.compile("dL/dW").cost(**sizes)
    for asked in ("hvp(L, W=v)", "jvp(dL/dU, U=u, V=w, W=v)"):
        product = doc.compile(asked).cost(**sizes)
        assert product.flops < 4 * gradient.flops
        assert product.largest <= max(gradient.largest, 101 * 30)
        assert product.peak < 4 * gradient.peak
        double = doc.compile(asked).cost(**{**sizes, "T": 200})
        assert double.flops < 2.05 * product.flops


def test_directions_are_tensors_of_the_document_where_it_has_them():
    """Along x itself a quadratic form grows by twice its value, its gradient by itself."""
    doc = parsed("quadratic")
    data = arrays(doc.model)
    found = doc.compile("L", "dL/dx", "jvp(L, x=x)", "hvp(L, x=x)")(**data)
    assert found["jvp(L, x=x)"] == pytest.approx(2 * found["L"])
    np.testing.assert_allclose(found["hvp(L, x=x)"], found["dL/dx"])


def test_a_direction_of_a_definition():
    """s disturbed at every entry: what comes after responds, as ds/ds says."""
    doc = einrnn.parse(
        "dim T\ninput a, x[T]\nh[t] := a x[t]\ns[t] := h[t]^2\nL := sum[t] s[t] h[t]"
    )
    doc.raise_errors()
    x, v = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.5, -1.0])
    found = doc.compile("jvp(s, h=v)", "hvp(L, h=v)", "vjp(s=v, h)")(a=2.0, x=x, v=v)
    h = 2 * x
    np.testing.assert_allclose(found["jvp(s, h=v)"], 2 * h * v)
    np.testing.assert_allclose(found["hvp(L, h=v)"], 6 * h * v)
    np.testing.assert_allclose(found["vjp(s=v, h)"], 2 * h * v)


def test_stable_where_probabilities_are_0():
    doc = einrnn.parse(
        "dim K\ninput q[K], y[K] one-hot in K\np[k] := softmax[k](q[k])\nL := -y[k] log(p[k])"
    )
    q, v = np.array([1000.0, -1000.0, 0.0]), np.array([1.0, 2.0, 3.0])
    out = doc.compile("jvp(L, q=v)", "hvp(L, q=v)")(q=q, y=np.array([0.0, 1.0, 0.0]), v=v)
    assert out["jvp(L, q=v)"] == pytest.approx(1 - 2)
    np.testing.assert_allclose(out["hvp(L, q=v)"], [0, 0, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ("jvp(yhat)", "E808", "direction"),
        ("jvp(yhat, W)", "E808", "direction"),
        ("jvp(yhat, Q=v)", "E808", "no tensor named Q"),
        ("jvp(yhat, W=U)", "E808", "does not have the axes"),
        ("jvp(yhat, W=T)", "E808", "is a size"),
        ("jvp(nope, W=v)", "E4", "nope"),
        ("jvp(yhat, s=v)", "E808", "count from"),
        ("hvp(L, W=v, U=u)", "E808", "one tensor"),
        ("hvp(L)", "E808", "direction"),
        ("vjp(yhat, W)", "E808", "direction"),
        ("vjp(yhat=W, W)", "E808", "axes"),
        ("vjp(W=W, W)", "E808", "held fixed"),
        ("vjp(yhat=c, Q)", "E808", "no tensor named Q"),
        ("vjp(yhat=yhat, W)", "E808", "held fixed"),
    ],
)
def test_errors(asked, code, said):
    with pytest.raises(einrnn.EinrnnError) as caught:
        parsed("rnn").compile(asked)
    assert caught.value.code.startswith(code)
    assert said in str(caught.value)
    assert caught.value.help


def test_a_hessian_where_a_tensor_is_called_d():
    """Its name is no part of a derivative's."""
    document = einrnn.parse(
        "index t : T\ninput r[T], g[T]\nd[t] := r[t] g[t]^2\nL := sum[t] d[t]^2\n"
    )
    r, g, v = np.array([1.0, 2]), np.array([3.0, 4]), np.array([1.0, -1])
    found = document.compile("hvp(L, g=vv)")(r=r, g=g, vv=v)["hvp(L, g=vv)"]
    np.testing.assert_allclose(found, 12 * r**2 * g**2 * v)
