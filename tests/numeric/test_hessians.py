"""Second derivatives against jax and against differences of compiled gradients."""

import warnings
from importlib.util import find_spec

import numpy as np
import pytest

import einrnn
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.steps import Assemble, Contract
from tests.numeric.hessians import (
    BACKENDS,
    PAIRS,
    SIZES,
    _losses,
    arrays,
    called,
    hessian,
    parsed,
)

needs_jax = pytest.mark.skipif(find_spec("jax") is None, reason="no jax here")


@needs_jax
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(("name", "first", "second"), PAIRS)
def test_as_jax(name, first, second, compress):
    import jax

    jax.config.update("jax_enable_x64", True)
    doc = parsed(name)
    data = arrays(doc.model)
    text = hessian(doc.model, first, second)
    found = np.asarray(called(doc.compile(text, compress=compress), data)[text])
    names = list(data)
    both = jax.jacfwd(
        jax.grad(_losses()[name], argnums=names.index(first)), argnums=names.index(second)
    )
    expected = np.asarray(both(*data.values()))
    scale = max(1, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, atol=1e-10 * scale, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("name", "first", "second"), PAIRS)
def test_by_differences_of_the_gradient(name, first, second, backend):
    """The oracle evaluates the gradient's own definition entry by entry, moved both ways."""
    doc = parsed(name)
    data = arrays(doc.model, 1)
    text = hessian(doc.model, first, second)
    found = called(doc.compile(text, backend=backend), data)[text]
    rng = np.random.default_rng(2)
    direction = rng.normal(size=data[second].shape)
    gradient = doc.compile(f"dL/d{first}")
    ends = []
    for by in (1e-3, -1e-3, 2e-3, -2e-3):
        moved = {**data, second: data[second] + by * direction}
        ends.append(called(gradient, moved)[f"dL/d{first}"])
    slope = (8 * (ends[0] - ends[1]) - (ends[2] - ends[3])) / 12e-3
    np.testing.assert_allclose(np.tensordot(found, direction, direction.ndim), slope, atol=1e-8)


@pytest.mark.parametrize("name", ["factors", "mlp", "smoothing", "softmax"])
def test_as_the_interpreter(name):
    """Which knows of no diagonals: it reads the definitions one entry at a time."""
    doc = parsed(name)
    first, second = next(pair[1:] for pair in PAIRS if pair[0] == name)
    text = hessian(doc.model, first, second)
    program = doc.compile(text)
    data = arrays(doc.model)
    found = called(program, data)[text]
    expr, order, _ = program.outputs[text]
    oracle = Interpreter(program.model, SIZES, data)
    rng = np.random.default_rng(3)
    for _ in range(40):
        at = tuple(int(rng.integers(size)) for size in found.shape)
        value = float(oracle.value(expr, dict(zip(order, at, strict=True))))
        assert found[at] == pytest.approx(value, rel=1e-9, abs=1e-12)


def steps(program, kind):
    sizes = {name: SIZES[name] for name in program.sizes}
    return [step for step in program.plan(**sizes).main if isinstance(step, kind)]


def test_a_block_diagonal_hessian_is_computed_by_its_blocks():
    doc = parsed("factors")
    program = doc.compile("d2L/dU[i,k]dU[j,l]")
    (step,) = steps(program, Assemble)
    assert step.places == (((0, 0), (1, 0), (0, 0), (2, 0)),)
    cost = program.cost(N=300, M=300, K=5)
    assert cost.flops < 2 * (2 * 300 * 25) + 300 * 25 + 1000


def test_the_same_factors_on_both_sides_are_multiplied_once():
    for name, first in (("logistic", "w"), ("mlp", "W"), ("poisson", "w")):
        doc = parsed(name)
        program = doc.compile(hessian(doc.model, first, first))
        found = [step for step in steps(program, Contract) if step.symmetric]
        assert len(found) == 1, name
        # a weight of unknown sign has no root: both sides then differ by it
        assert (found[0].left == found[0].right) == (name != "poisson"), name


@pytest.mark.parametrize("count", [3, 255, 256, 257, 700])
def test_symmetric_products_in_blocks(count):
    doc = einrnn.parse("dim N, D\ninput X[N,D], r[N]\nG[i,j] := r[n] X[n,i] X[n,j]")
    rng = np.random.default_rng(0)
    X, r = rng.normal(size=(20, count)), rng.normal(size=20)
    found = doc.compile("G")(X=X, r=r)["G"]
    np.testing.assert_allclose(found, X.T @ (r[:, None] * X), rtol=1e-12, atol=1e-12)


def test_whole_numbers_stay_whole():
    doc = einrnn.parse("dim N, D\ninput X[N,D], r[N]\nG[i,j] := r[n]^2 X[n,i] X[n,j]")
    X, r = np.arange(12).reshape(4, 3), np.array([1, 3, -2, 5])
    found = doc.compile("G")(X=X, r=r)["G"]
    assert found.dtype.kind == "i"
    np.testing.assert_array_equal(found, X.T @ (r[:, None] ** 2 * X))


def test_a_root_is_taken_of_what_cannot_be_negative_only():
    """p (1 - p) of a softmax may be a rounding error below 0, and its root nan."""
    doc = einrnn.parse(
        "dim N, D, K\ninput X[N,D], q[N,K]\np[n,k] := softmax[k](q[n,k])\n"
        "G[i,j] := p[n,0] (1 - p[n,0]) X[n,i] X[n,j]"
    )
    program = doc.compile("G")
    (step,) = [s for s in program.plan(N=4, D=3, K=2).main if isinstance(s, Contract)]
    assert step.left != step.right
    q = np.array([[800.0, -800], [0, 0], [-800, 800], [1, 0]])
    assert np.isfinite(program(X=np.ones((4, 3)), q=q)["G"]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_deltas_of_every_kind(backend):
    """Chains, shifts, both ends off the range, and what is no diagonal; by hand in numpy."""
    doc = einrnn.parse(
        "dim N\ninput a[N,N], b[N]\n"
        "x[i,j,k] := delta[i,j] delta[j,k] b[i]\n"
        "y[i,j]   := delta[i,j+2] a[i,j] + a[j,i]\n"
        "z[i,j]   := delta[i,j-1] - delta[i+1,j] b[j] + delta[i,j+100] b[i]\n"
        "w[i,j]   := [i + j == 3] b[i] + [2*i == j] b[j]\n"
        "u[i,j,k] := b[k] (delta[i,j] - a[i,k]) a[j,k]"
    )
    doc.raise_errors()
    rng = np.random.default_rng(4)
    n = 5
    a, b = rng.normal(size=(n, n)), rng.normal(size=n)
    out = doc.compile("x", "y", "z", "w", "u", backend=backend)(a=a, b=b)
    i, j = np.ogrid[:n, :n]
    x = np.zeros((n, n, n))
    x[range(n), range(n), range(n)] = b
    eye = np.eye(n)
    np.testing.assert_allclose(out["x"], x)
    np.testing.assert_allclose(out["y"], (i == j + 2) * a + a.T)
    np.testing.assert_allclose(out["z"], (i == j - 1) * (1 - b[None, :]))
    np.testing.assert_allclose(out["w"], (i + j == 3) * b[:, None] + (2 * i == j) * b[None, :])
    u = np.einsum("k,ij,jk->ijk", b, eye, a) - np.einsum("k,ik,jk->ijk", b, a, a)
    np.testing.assert_allclose(out["u"], u, atol=1e-14)


def test_native_programs_write_diagonals_as_numpy_does():
    doc = parsed("factors")
    data = arrays(doc.model)
    text = "d2L/dU[i,k]dV[j,l]"
    program = doc.compile(text, backend="native")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no compiler
        found = called(program, data)[text]
    np.testing.assert_allclose(found, called(doc.compile(text), data)[text], rtol=1e-12)


def test_what_a_condition_hides_may_be_infinite():
    doc = einrnn.parse("dim N\ninput b[N]\ny[i,j] := { 1/b[j] if i == j ; 0 otherwise }")
    doc.raise_errors()
    out = doc.compile("y")(b=np.array([2.0, 4.0]))["y"]
    np.testing.assert_array_equal(out, [[0.5, 0], [0, 0.25]])


def test_the_hessian_of_a_layer_is_an_array_times_itself():
    """With several factors a side, the small ones multiplied first, BLAS does half the work."""
    doc = einrnn.parse(
        "dim N, D, H\ninput X[N,D], y[N], W[H,D], v[H]\nh[n,a] := tanh(W[a,d] X[n,d])\n"
        "L := 1/2 sum[n] (v[a] h[n,a] - y[n])^2"
    )
    plan = doc.compile("d2L/dW[a,d]dW[b,e]").plan(N=500, D=50, H=20)
    products = [step for step in plan.main if isinstance(step, Contract)]
    (square,) = [step for step in products if step.shape[1] == step.shape[3] == (20, 50)]
    assert square.left == square.right


def test_through_a_look_up_in_what_recurs():
    """The bound of a time comes before what is looked up at it."""
    text = (
        "dim T, K\nindex t : T\nindex p, q : K\ninput a[K], c, tok[T] integer in K\n"
        "r[t] := tanh(r[t-1] a[tok[t]]) with r[-1] := c\nL := sum[t](r[t]^2)\n"
    )
    doc = einrnn.parse(text)
    given = {"c": 1.5, "tok": np.array([0, 1, 1])}
    a = np.array([0.5, -0.8])
    gradient = doc.compile("dL/da[p]")
    steps = 1e-6 * np.eye(2)
    found = doc.compile("d2L/da[p]da[q]")(a=a, **given)["d2L/da[p]da[q]"]
    ahead, back = ([gradient(a=a + s * h, **given)["dL/da[p]"] for h in steps] for s in (1, -1))
    np.testing.assert_allclose(found, (np.array(ahead) - np.array(back)) / 2e-6, rtol=1e-7)
