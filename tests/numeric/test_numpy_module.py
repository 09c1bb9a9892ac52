"""What generated numpy modules do to be fast must not change a value.

The oracle is the step-by-step executor, which knows none of it.
"""

import numpy as np
import pytest

import einrnn
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.source.aliases import shared
from einrnn.numeric.source.forward import improved
from einrnn.numeric.source.slices import joined
from einrnn.numeric.source.sunk import sunk
from einrnn.numeric.steps import Contract, Loop

WORDS = """
dim B, H, K, T
index t : T
index b : B
input x[T,B] integer in K, y[T,B] integer in K, s0[B,H], U[H,K], W[H,H], V[K,H]
s[t,b,i]    := tanh(U[i,x[t,b]] + W[i,n] s[t-1,b,n])   with s[-1,b,i] := s0[b,i]
yhat[t,b,k] := softmax[k](V[k,m] s[t,b,m])
L           := -1/(B T) sum[t,b] log(yhat[t,b,y[t,b]])
last[b,i]   := s[T-1,b,i]
"""

# rows of c are read after the rows of h that they would share memory with are written
LATE = """
dim T, N
index t : T
input x[T,N], a[N,N]
c[t,i] := a[i,j] x[t,j]
h[t,i] := tanh(c[t,i] + h[t-1,i] c[t-1,i])   with h[-1,i] := 0, c[-1,i] := 0
L      := sum[t,i] h[t,i] c[t,i]
"""

# two rows ahead: the first two turns are unrolled
DEEP = """
dim T, N
index t : T
input x[T,N], a[N,N]
h[t,i] := sin(a[i,j] x[t,j] + h[t-1,i] - h[t-2,i]/3)   with h[-1,i] := 1, h[-2,i] := 2
L      := sum[t,i] h[t,i]^2 x[t,i]
"""

VECTORS = """
dim T
index t : T
input x[T], a
h[t] := sin(a h[t-1]) + x[t]^2   with h[-1] := 0
L    := sum[t] h[t]^2
"""

# the weight of the log-softmax is no one-hot vector, and is computed before or after the softmax
DENSE = """
dim B, H, K, T
index t : T
index b : B
input x[T,B,H], c[T,K], W[H,H], V[K,H]
s[t,b,i]    := tanh(x[t,b,i] + W[i,n] s[t-1,b,n])   with s[-1,b,i] := 1
yhat[t,b,k] := softmax[k](V[k,m] s[t,b,m])
L           := sum[t,b,k] c[t,k] (1 + s[t,b,0]) log(yhat[t,b,k])
M           := sum[t,b,k] cos(c[t,k] + b) log(yhat[t,b,k])
"""

CASES = {
    "dense": (DENSE, ["L", "M", "dL/dV", "dM/dW", "dL/dx"]),
    "words": (WORDS, ["L", "dL/dU", "dL/dV", "dL/dW", "last"]),
    "late": (LATE, ["L", "dL/da", "dL/dx"]),
    "deep": (DEEP, ["L", "dL/da", "dL/dx"]),
    "vectors": (VECTORS, ["L", "dL/da", "dL/dx"]),
}


def compiled(name):
    text, outputs = CASES[name]
    doc = einrnn.parse(text)
    doc.raise_errors()
    return doc.compile(*outputs)


def data_for(program, sizes, seed=0):
    rng = np.random.default_rng(seed)
    data = {}
    for name, axes in program.inputs.items():
        shape = tuple(sizes[str(axis)] for axis in axes)
        whole = program.model.inputs[name].integer
        data[name] = (
            rng.integers(sizes.get("K", 1), size=shape) if whole else rng.normal(size=shape)
        )
    return data


def agrees(name, length):
    program = compiled(name)
    sizes = {"T": length, "N": 3, "B": 2, "H": 4, "K": 5}
    own = {size: sizes[size] for size in program.sizes}
    setting = Setting(np.dtype("float64"), program.model, own, 0)
    oracle = Executable(program.plan(**own), setting)
    for seed in range(2):  # the second call has the buffers of the first
        data = data_for(program, sizes, seed)
        expected, found = oracle.run(data), program(**data)
        for output in found:
            np.testing.assert_allclose(found[output], expected[output], rtol=1e-11, atol=1e-13)
            assert found[output].flags.c_contiguous
    return program


@pytest.mark.parametrize("length", [1, 2, 3, 7])
@pytest.mark.parametrize("name", CASES)
def test_as_the_step_by_step_executor(name, length):
    agrees(name, length)


@pytest.mark.parametrize("length", [1, 2, 3, 7])
@pytest.mark.parametrize("name", CASES)
def test_rows_computed_in_the_loop(name, length, monkeypatch):
    """As for large rows, which no test has the time for."""
    import einrnn.numeric.source.numpy_module as module

    usual = agrees(name, length).source()
    monkeypatch.setattr(module, "sunk", lambda plan: sunk(plan, large=1))
    changed = agrees(name, length).source()
    if name == "words" and length > 2:
        # no array has the derivatives of all tanh
        whole = f"np.empty(({length}, 2, 4)"
        assert changed.count(whole) < usual.count(whole)


def test_lengths_where_few_rows_are_kept(monkeypatch):
    """Above the bound rows are cut out at each call."""
    import einrnn.numeric.source.numpy_module as module

    expected = compiled("words")
    data = data_for(expected, {"T": 6, "B": 2, "H": 4, "K": 5})
    monkeypatch.setattr(module, "_SHORT_ROWS", 0)
    program = compiled("words")
    found = program(**data)
    assert "rows0" not in program.source()
    for name, value in expected(**data).items():
        np.testing.assert_array_equal(found[name], value)


def test_products_of_unrolled_turns_are_joined():
    """The gradient by the output needs one product with V, and no product in a loop but W's."""
    plan = joined(improved(compiled("words").plan(T=6, B=2, H=4, K=5)))
    products = [step for step in plan.main if isinstance(step, Contract)]
    loops = [step for step in plan.main if isinstance(step, Loop)]
    assert len(products) == 4  # V s, its transpose, dV and dW
    assert [sum(isinstance(s, Contract) for s in loop.body) for loop in loops] == [1, 1]


def test_memory_is_shared_only_where_rows_are_done_with():
    plan = joined(improved(compiled("words").plan(T=6, B=2, H=4, K=5)))
    assert len(shared(plan)) == 1
    late = joined(improved(compiled("late").plan(T=6, N=3)))
    names = {late.registers[out].name for out in shared(late)}
    assert "c" not in names


def test_one_hot_masks_are_no_arrays():
    """``yhat - [k == y]`` changes an entry a row: no comparison with all positions is left."""
    program = compiled("words")
    program(**data_for(program, {"T": 6, "B": 2, "H": 4, "K": 5}))
    source = program.source()
    assert "bump(" in source
    assert "scatter(" in source
    assert "np.equal" not in source


def test_where_the_softmax_underflows_its_gradient_does_not():
    """``yhat / yhat[y]`` has cancelled: it is 0 / 0 in floats where yhat[y] underflows."""
    doc = einrnn.parse(
        "dim K\ninput q[K], y integer in K\np[k] := softmax[k](q[k])\nL := -log(p[y])"
    )
    out = doc.compile("L", "dL/dq")(q=np.array([0.0, 2000.0]), y=np.array(0))
    assert out["L"] == 2000
    np.testing.assert_array_equal(out["dL/dq"], [-1, 1])


@pytest.mark.parametrize("row", [[-np.inf, -np.inf], [np.inf, 0.0], [-np.inf, 1.0]])
def test_logsumexp_at_the_ends(row):
    """Worked by hand: -inf of nothing, inf beside inf."""
    doc = einrnn.parse(
        "dim N, K\ninput q[N,K]\nl[n] := logsumexp[k](q[n,k])\np[n,k] := softmax[k](q[n,k])"
    )
    out = doc.compile("l", "p")(q=np.array([row, [0.0, 0.0]]))
    np.testing.assert_allclose(out["l"], [max(row), np.log(2)])


def test_arrays_of_another_kind_after_the_usual_ones():
    doc = einrnn.parse("dim N\ninput a[N], b[N]\nc[i] := a[i] - b[i]")
    program = doc.compile("c")
    ones, twos = np.ones(3), np.full(3, 2.0)
    for _ in range(3):
        np.testing.assert_array_equal(program(a=ones, b=twos)["c"], [-1, -1, -1])
    np.testing.assert_array_equal(program(b=twos, a=ones)["c"], [-1, -1, -1])
    single = program(a=ones.astype("float32"), b=twos.astype("float32"))["c"]
    assert single.dtype == np.float32
    np.testing.assert_array_equal(program(a=np.ones(2), b=np.zeros(2))["c"], [1, 1])
    np.testing.assert_array_equal(program(a=[1.0, 1.0], b=[0.0, 0.0])["c"], [1, 1])
    with pytest.raises(einrnn.EinrnnError):
        program(a=ones, b=np.ones(2))


def test_a_log_softmax_in_a_dot_product_needs_no_array():
    program = einrnn.parse(
        "dim N, K\ninput q[N,K], y[N,K]\np[n,k] := softmax[k](q[n,k])\n"
        "L := sum[n,k] y[n,k] log(p[n,k])"
    ).compile("L", "dL/dq")
    text = program.source(N=30, K=7)
    assert text.count("np.empty((30, 7)") == 1
    rng = np.random.default_rng(0)
    q, y = rng.normal(size=(30, 7)) + 1000, rng.normal(size=(30, 7))
    logs = q - 1000 - np.log(np.exp(q - 1000).sum(1, keepdims=True))
    np.testing.assert_allclose(program(q=q, y=y)["L"], (y * logs).sum(), rtol=1e-11)


WHOLE = {
    "quotient": ("L := sum[i] x[i]/y[i]", lambda x, y: (x / y).sum()),
    "square": ("L := sum[i] x[i]^2 + 0 y[0]", lambda x, y: (x**2).sum()),
    "largest": ("L := max[i] (-x[i]) + 0 y[0]", lambda x, y: (-x).max()),
}


@pytest.mark.parametrize("dtype", ["int64", "uint8", "int8", "bool", "float32", "float16"])
@pytest.mark.parametrize("name", WHOLE)
def test_an_exported_module_computes_in_its_own_dtype(name, dtype):
    text, expected = WHOLE[name]
    program = einrnn.parse(f"input x[N], y[N]\n{text}").compile("L")
    written: dict = {}
    exec(program.module(dtype="float64", N=3), written)
    x, y = np.array([1, 100, 100]).astype(dtype), np.array([2, 3, 110]).astype(dtype)
    found = written["program"]({"x": x, "y": y})["L"]
    np.testing.assert_allclose(found, expected(x.astype(float), y.astype(float)), rtol=1e-12)


def test_an_exported_module_says_what_it_cannot_take():
    program = einrnn.parse("input E[K], tok[N] integer in K\nL := sum[i] E[tok[i]]").compile("L")
    written: dict = {}
    exec(program.module(dtype="float64", N=2, K=3), written)
    run, table = written["program"], np.ones(3)
    assert run({"E": table, "tok": np.array([0.0, 2.0])})["L"] == 2
    with pytest.raises(ValueError, match="no array was given for the input tok"):
        run({"E": table})
    with pytest.raises(ValueError, match="not whole"):
        run({"E": table, "tok": np.array([0.5, 1])})
    with pytest.raises(ValueError, match="E is complex128"):
        run({"E": table * 1j, "tok": np.array([0, 1])})


def test_an_exported_c_text_is_c_alone():
    program = einrnn.parse("input x[N]\nL := sum[i] x[i]^2").compile("L", backend="native")
    assert "def program" not in program.module(dtype="float64", N=3)
