from __future__ import annotations

import pickle

import numpy as np
import pytest

import einrnn
from einrnn.errors import EvaluationError
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.program import compile_program
from tests.numeric.building import built, dims, ex, letters, tensors, total
from tests.numeric.comparing import agree, program, run, whole
from tests.numeric.networks import lstm, rnn, rnn_arrays

i, j, k, t = letters("i j k t")
H, N, D, TT = dims("H N D T")
GRADIENTS = ("L", "dL/dW", "dL/dU", "dL/dV")
SIZES = {"D": 5, "H": 7, "K": 6, "T": 12, "N": 12}


def test_everything_about_the_rnn_agrees_with_the_interpreter():
    agree(rnn(), SIZES, rnn_arrays(np.random.default_rng(0), SIZES))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_sequences(length):
    sizes = {"D": 2, "H": 3, "K": 2, "T": length, "N": 1}
    agree(rnn(), sizes, rnn_arrays(np.random.default_rng(0), sizes))


def test_an_lstm_agrees_with_the_interpreter():
    sizes = {"D": 3, "H": 4, "T": 7}
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(7, 3)), "w": rng.normal(size=4)}
    for gate in "ifog":
        arrays[f"A{gate}"] = rng.normal(size=(4, 3))
        arrays[f"B{gate}"] = rng.normal(size=(4, 4))
    agree(lstm(), sizes, arrays)


def test_gradients_at_a_large_size_take_memory_of_the_order_of_inputs_and_outputs():
    sizes = {"D": 200, "H": 100, "K": 200, "T": 50, "N": 50}
    compiled = program(rnn(), *GRADIENTS)
    cost = compiled.cost(**sizes)
    inputs = 100 * 200 + 200 * 100 + 100 * 100 + 2 * 50 * 200
    outputs = 1 + 100 * 100 + 2 * 100 * 200
    states = 50 * (100 + 200)
    assert cost.largest <= 20000
    assert cost.peak <= inputs + outputs + 4 * states
    # forward and backward: U x, W s, V s; the same three back; three outer products over time
    assert cost.flops < 1.1 * 2 * 50 * (2 * 100 * 200 * 2 + 2 * 100 * 100 + 100 * 200)
    out = compiled(**rnn_arrays(np.random.default_rng(0), sizes), N=50)
    assert out["dL/dU"].shape == (100, 200)


def test_the_gradient_of_a_large_network_agrees_with_a_complex_step():
    sizes = {"D": 20, "H": 30, "K": 10, "T": 25, "N": 25}
    arrays = rnn_arrays(np.random.default_rng(3), sizes)
    gradient = program(rnn(), "dL/dW")(**arrays, N=25)["dL/dW"]
    loss = program(rnn(), "L")
    for place in [(0, 0), (3, 17), (29, 29)]:
        moved = arrays["W"].astype(complex)
        moved[place] += 1e-30j
        slope = loss(**{**arrays, "W": moved}, N=25)["L"].imag / 1e-30
        assert gradient[place] == pytest.approx(slope, rel=1e-10)


def test_numbers_and_whole_numbers_go_with_the_floats_of_arrays():
    document = einrnn.parse("dim T, K\ninput x[T,K], y[T,K], a\nL := a sum[t,k] y[t,k] x[t,k]^2\n")
    program = document.compile("L", "dL/dx")
    x, y = np.ones((3, 2), np.float32), np.eye(3, 2, dtype=np.int64)
    assert program(x=x, y=y, a=0.1)["L"].dtype == np.float32
    assert program(x=x, y=y, a=np.float64(0.1))["dL/dx"].dtype == np.float32
    assert program(x=x, y=y.astype(np.float64), a=1)["L"].dtype == np.float64
    assert program(x=np.ones((3, 2), int), y=y, a=0.5)["L"].dtype == np.float64
    assert program(x=x, y=y, a=1j)["L"].dtype == np.complex64


def test_float32_in_float32_out():
    arrays = rnn_arrays(np.random.default_rng(0), SIZES, np.float32)
    single = run(rnn(), GRADIENTS, SIZES, arrays)
    double = run(rnn(), GRADIENTS, SIZES, {k: a.astype(float) for k, a in arrays.items()})
    for name in GRADIENTS:
        assert single[name].dtype == np.float32
        assert double[name].dtype == np.float64
        np.testing.assert_allclose(single[name], double[name], rtol=2e-3, atol=1e-5)


def test_whole_numbers_stay_whole_where_only_whole_operations_occur():
    A, B, C = tensors("A B C")
    b = built().input("A", H, H).input("B", H, H)
    b.plain("C", (i, j), (H, H), total(k, H, A[i, k] * B[k, j]) - 3 * delta_like(A, B))
    b.plain("half", (i, j), (H, H), C[i, j] / 2)
    b.plain("big", (i,), (H,), total(j, H, A[i, j] ** 3))
    A_, B_ = np.arange(9).reshape(3, 3), np.arange(9, 18).reshape(3, 3)
    out = program(b.model, "C", "big")(A=A_, B=B_)
    assert out["C"].dtype == np.int64
    np.testing.assert_array_equal(out["C"], A_ @ B_ - 3 * A_ * B_)
    np.testing.assert_array_equal(out["big"], (A_**3).sum(1))
    assert program(b.model, "half")(A=A_, B=B_)["half"].dtype == np.float64


def delta_like(a, b):
    return a[i, j] * b[i, j]


def test_lists_and_scalars_are_accepted():
    a, x = tensors("a x")
    b = built().input("a").input("x", N)
    b.plain("y", (i,), (N,), ex_scalar(a) * x[i] / N.value())
    out = program(b.model, "y")(a=3, x=[1, 2, 4])
    np.testing.assert_allclose(out["y"], [1, 2, 4])


def ex_scalar(tensor):
    return tensor[()]


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_pickled_program_computes_the_same(backend):
    x = np.arange(1.0, 4.0)
    compiled = einrnn.parse("input x[N]\nL := sum[i] x[i]^3").compile("L", "dL/dx", backend=backend)
    copied = pickle.loads(pickle.dumps(compiled))
    assert copied.backend == backend
    assert copied.outputs == compiled.outputs
    np.testing.assert_array_equal(copied(x=x)["dL/dx"], 3 * x**2)


def test_a_program_that_no_document_leads_to_says_why_it_cannot_be_pickled():
    alone = compile_program(rnn(), {"L": whole(rnn(), "L")})
    with pytest.raises(TypeError, match="pickle its document"):
        pickle.dumps(alone)


def test_results_are_arrays_of_their_own():
    A, B = tensors("A B")
    b = built().input("A", H, H)
    b.plain("B", (i, j), (H, H), A[i, j])
    b.plain("C", (i, j), (H, H), B[j, i])
    b.plain("one", (i,), (H,), ex(1))
    array = np.ones((2, 2))
    compiled = program(b.model, "B", "C", "one")
    out = compiled(A=array)
    out["B"][0, 1] = 7
    out["C"][0, 0] = 9
    out["one"][1] = 5
    assert (array == 1).all()
    again = compiled(A=array)
    assert (again["B"] == 1).all()
    assert (again["one"] == 1).all()
    assert all(value.flags.c_contiguous for value in again.values())


def test_sizes_come_from_shapes_even_through_affine_axes():
    x = tensors("x")
    b = built().input("x", 2 * N + 1)
    b.plain("y", (i,), (N,), x[2 * i + 1] * N.value())
    np.testing.assert_allclose(program(b.model, "y")(x=np.arange(7.0))["y"], [3, 9, 15])
    with pytest.raises(EvaluationError, match=r"E602.*no whole N"):
        program(b.model, "y")(x=np.arange(6.0))


def error(*args, **given):
    with pytest.raises(EvaluationError) as caught:
        program(rnn(), "L")(*args, **given)
    return str(caught.value)


def test_a_wrong_call_names_input_axis_index_and_both_sizes():
    arrays = rnn_arrays(np.random.default_rng(0), SIZES)
    message = error(**{**arrays, "W": np.zeros((3, 7))}, N=12)
    assert "W has 3 rows (axis 0, size H); H is 7 from axis 0 of U" in message
    message = error(**{**arrays, "W": np.zeros((7, 1))}, N=12)
    assert "W has 1 columns (axis 1, size H); H is 7" in message
    message = error(**{**arrays, "W": np.zeros(7)}, N=12)
    assert "W has 1 axes, shape (7,); it is declared with 2 (H, H)" in message
    assert "E610" in error(**arrays)
    assert "N=5" in error(**arrays)
    assert "E616" in error(**arrays, N=12, w=1)
    assert "E617" in error(**arrays, N=0)
    assert "E617" in error(**arrays, N=2.5)
    assert "size T was given as 11" not in error(**arrays, N=2.5)
    assert "x has 12 rows (axis 0, size T); T is 11 as given by name" in error(**arrays, N=12, T=11)
    assert "E615" in error(**{**arrays, "W": np.full((7, 7), "a")}, N=12)
    masked = np.ma.masked_less(arrays["W"], 0)
    assert "W has masked entries" in error(**{**arrays, "W": masked}, N=12)
    del arrays["W"]
    assert "no array was given for the input W[H,H]" in error(**arrays, N=12)


def test_a_program_lists_its_inputs_and_its_steps():
    compiled = program(rnn(), *GRADIENTS)
    assert list(compiled.inputs) == ["U", "V", "W", "x", "y"]
    assert [str(axis) for axis in compiled.inputs["U"]] == ["H", "D"]
    assert set(compiled.sizes) == {"D", "H", "K", "T", "N"}
    text = str(compiled)
    assert "dL/dW[i,j] = " in text
    assert text.count("for ") == 2
    assert "matmul" in text
    assert str(program(rnn(), *GRADIENTS)) == text


def test_an_input_that_is_not_needed_may_be_given_or_left_out():
    arrays = rnn_arrays(np.random.default_rng(0), SIZES)
    compiled = program(rnn(), "s")
    assert list(compiled.inputs) == ["U", "W", "x"]
    full = compiled(**arrays)["s"]
    some = compiled(**{name: arrays[name] for name in ("U", "W", "x")})["s"]
    np.testing.assert_array_equal(full, some)


def test_outputs_share_their_intermediates():
    model = rnn()
    sizes = {"D": 4, "H": 5, "K": 6, "T": 7, "N": 7}
    together = program(model, *GRADIENTS).cost(**sizes).flops
    apart = sum(program(model, name).cost(**sizes).flops for name in GRADIENTS)
    assert together < 0.6 * apart


def test_an_output_may_be_any_expression_with_its_axes_in_any_order():
    model = rnn()
    s = tensors("s")
    arrays = rnn_arrays(np.random.default_rng(0), SIZES)
    ranges = whole(model, "s")[2]
    a0, a1 = letters("a0 a1")
    doubled = ex(s[a0, a1] * 2)
    compiled = compile_program(
        model, {"twice": (doubled, (a1.index, a0.index), ranges), "s": whole(model, "s")}
    )
    out = compiled(**{name: arrays[name] for name in compiled.inputs})
    np.testing.assert_allclose(out["twice"], 2 * out["s"].T)
    oracle = Interpreter(model, SIZES, arrays)
    np.testing.assert_allclose(out["s"], oracle.tensor("s"), rtol=1e-12)
