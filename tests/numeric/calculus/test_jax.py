"""jax programs under jax's own transformations, against jax's derivative of a scan by hand."""

from functools import partial

import numpy as np
import pytest

import einrnn
from tests.numeric.calculus.documents import LSTM, RNN, WORDS, lstm_data, rnn_data, words_data

jax = pytest.importorskip("jax")
jnp = jax.numpy
PARAMETERS = ("U", "V", "W")


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def on_jax(data):
    return {name: jnp.asarray(array) for name, array in data.items()}


def rnn_by_hand(U, V, W, x, y):
    def step(s, xt):
        s = jnp.tanh(xt @ U.T + s @ W.T)
        return s, s

    states = jax.lax.scan(step, jnp.zeros((x.shape[1], len(W))), x)[1]
    return -(y * jax.nn.log_softmax(states @ V.T)).sum()


def words_by_hand(U, V, W, x, y):
    def step(s, at):
        s = jnp.tanh(U[:, at] + W @ s)
        return s, s

    states = jax.lax.scan(step, jnp.zeros(len(W)), x)[1]
    return -jax.nn.log_softmax(states @ V.T)[jnp.arange(len(y)), y].sum()


def lstm_by_hand(x, A, F, R, Q, h0, c0):
    def step(carry, xt):
        h, c = carry
        f = jax.nn.sigmoid(F @ xt + Q @ h)
        c = f * c + (1 - f) * jnp.tanh(A @ xt + R @ h)
        h = f * jnp.tanh(c)
        return (h, c), h

    (_, last), states = jax.lax.scan(step, (h0, c0), x)
    return (states**2).sum() + jnp.log1p((last**2).sum())


CASES = {
    "rnn": (RNN, rnn_data(), rnn_by_hand, ("U", "V", "W", "x", "y")),
    "words": (WORDS, words_data(), words_by_hand, PARAMETERS),
    "lstm": (LSTM, lstm_data(), lstm_by_hand, ("x", "A", "F", "R", "Q", "h0", "c0")),
}


def loss_of(name, *outputs):
    text, data, by_hand, wrt = CASES[name]
    program = einrnn.parse(text).compile("L", *outputs, backend="jax")
    return program, on_jax(data), by_hand, wrt


def close(found, expected, tolerance=1e-10):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def by_name(function, wrt, data):
    """The function of the arrays that are differentiated, by name; the others are fixed."""
    fixed = {name: array for name, array in data.items() if name not in wrt}
    return lambda params: function(**params, **fixed)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("jitted", [False, True])
def test_gradient(name, jitted):
    program, data, by_hand, wrt = loss_of(name)
    params = {key: data[key] for key in wrt}
    found = jax.value_and_grad(by_name(lambda **a: program(**a)["L"], wrt, data))
    found = jax.jit(found) if jitted else found
    close(found(params), jax.value_and_grad(by_name(by_hand, wrt, data))(params))


def test_gradient_by_the_states_and_of_all_outputs():
    program, data, _, _ = loss_of("rnn", "s[t,b,i]")

    def mixed(W):
        found = program(**{**data, "W": W})
        return found["L"] * found["s[t,b,i]"].sum()

    def by_hand(W):
        def step(s, xt):
            s = jnp.tanh(xt @ data["U"].T + s @ W.T)
            return s, s

        states = jax.lax.scan(step, jnp.zeros((3, 5)), data["x"])[1]
        return rnn_by_hand(**{**data, "W": W}) * states.sum()

    close(jax.grad(mixed)(data["W"]), jax.grad(by_hand)(data["W"]))


def test_batch_of_parameters():
    program, data, by_hand, _ = loss_of("rnn")
    many = jnp.stack([data["W"], -data["W"], 2 * data["W"]])

    def loss(W):
        return program(**{**data, "W": W})["L"]

    expected = jax.vmap(jax.grad(lambda W: by_hand(**{**data, "W": W})))(many)
    close(jax.vmap(jax.grad(loss))(many), expected)
    close(jax.jit(jax.vmap(loss))(many), jax.vmap(lambda W: by_hand(**{**data, "W": W}))(many))


def test_second_derivative():
    program, data, by_hand, _ = loss_of("rnn")
    found = jax.jacrev(jax.grad(lambda W: program(**{**data, "W": W})["L"]))(data["W"])
    close(found, jax.hessian(lambda W: by_hand(**{**data, "W": W}))(data["W"]))


def test_derivative_of_a_gradient():
    program, data, by_hand, _ = loss_of("rnn", "dL/dW")
    found = jax.grad(lambda V: (program(**{**data, "V": V})["dL/dW"] ** 2).sum())(data["V"])

    def norm(V):
        return (jax.grad(lambda W: by_hand(**{**data, "W": W, "V": V}))(data["W"]) ** 2).sum()

    close(found, jax.grad(norm)(data["V"]))


def test_training_step():
    program, data, by_hand, wrt = loss_of("words")
    params = {key: data[key] for key in wrt}

    @partial(jax.jit, static_argnums=0)
    def step(function, params):
        grads = jax.grad(by_name(function, wrt, data))(params)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads)

    ours = theirs = params
    for _ in range(5):
        ours = step(lambda **a: program(**a)["L"], ours)
        theirs = step(by_hand, theirs)
    close(ours, theirs)


def in_both_modes(name, key):
    """The loss as a function of one input, by the program and by hand, and that input."""
    program, data, by_hand, _ = loss_of(name)

    def ours(value):
        return program(**{**data, key: value})["L"]

    def theirs(value):
        return by_hand(**{**data, key: value})

    return ours, theirs, data[key]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("jitted", [False, True])
def test_forward_mode_along_all_inputs(name, jitted):
    program, data, by_hand, wrt = loss_of(name)
    rng = np.random.default_rng(1)
    params = {key: data[key] for key in wrt}
    tangents = {key: jnp.asarray(rng.normal(size=data[key].shape)) for key in wrt}

    def along(function):
        run = by_name(function, wrt, data)
        run = jax.jit(run) if jitted else run
        return jax.jvp(run, (params,), (tangents,))

    close(along(lambda **a: program(**a)["L"]), along(by_hand))


MODES = (jax.jacfwd, jax.jacrev)


@pytest.mark.parametrize("outer", MODES)
@pytest.mark.parametrize("inner", MODES)
def test_second_derivatives_in_every_mix_of_modes(outer, inner):
    ours, theirs, value = in_both_modes("rnn", "W")
    close(jax.jit(outer(inner(ours)))(value), jax.jit(jax.hessian(theirs))(value))


@pytest.mark.parametrize(("name", "key"), [("words", "U"), ("lstm", "c0")])
def test_hessian(name, key):
    ours, theirs, value = in_both_modes(name, key)
    close(*(jax.jit(jax.hessian(function))(value) for function in (ours, theirs)))


LAYERS = """dim K, T, H
input U[K,H,H], W[K,H,H], x[T,H], G[T,H]
h[k,t,i] := tanh(U[k,i,j] h[k-1,t,j] + W[k,i,j] h[k,t-1,j]) with h[-1,t,i] := x[t,i], h[k,-1,i] := 0
L := G[t,i] h[K-1,t,i]
"""


def test_hessian_where_a_corner_has_no_value():
    program = einrnn.parse(LAYERS).compile("L", backend="jax")
    draw = np.random.default_rng(0).standard_normal
    shapes = {"U": (2, 2, 2), "W": (2, 2, 2), "x": (3, 2), "G": (3, 2)}
    data = {name: jnp.asarray(draw(shape)) for name, shape in shapes.items()}

    def by_hand(x):
        below = x
        for U, W in zip(data["U"], data["W"], strict=True):
            states, h = [], jnp.zeros(2)
            for row in below:
                h = jnp.tanh(U @ row + W @ h)
                states.append(h)
            below = jnp.stack(states)
        return (data["G"] * below).sum()

    ours = jax.hessian(lambda x: program(**{**data, "x": x})["L"])(data["x"])
    close(ours, jax.hessian(by_hand)(data["x"]))


def test_forward_mode_over_a_batch():
    ours, theirs, W = in_both_modes("rnn", "W")
    many = jnp.stack([W, -W, 2 * W], axis=1)
    v = jnp.cos(W)

    def total(function, many):
        along = jax.vmap(lambda W: jax.jvp(function, (W,), (v,))[1], in_axes=1)
        return (along(many) ** 2).sum()

    close(jax.grad(lambda m: total(ours, m))(many), jax.grad(lambda m: total(theirs, m))(many))
    both = [jax.jit(jax.vmap(jax.hessian(f), in_axes=1))(many) for f in (ours, theirs)]
    close(*both)


def test_a_linearisation_is_transposed():
    ours, theirs, W = in_both_modes("rnn", "W")
    found, linear = jax.linearize(ours, W)
    close(found, theirs(W))
    close(linear(jnp.sin(W)), jax.jvp(theirs, (W,), (jnp.sin(W),))[1])
    close(jax.linear_transpose(linear, W)(jnp.ones(()))[0], jax.grad(theirs)(W))


def test_the_tangent_of_a_gradient_and_of_states():
    program, data, by_hand, _ = loss_of("rnn", "dL/dW", "s[t,b,i]")
    v = jnp.cos(data["V"])

    def by_jax(V):
        return jax.grad(lambda W: by_hand(**{**data, "W": W, "V": V}))(data["W"])

    _, found = jax.jvp(lambda V: program(**{**data, "V": V}), (data["V"],), (v,))
    close(found["dL/dW"], jax.jvp(by_jax, (data["V"],), (v,))[1])
    assert not np.asarray(found["s[t,b,i]"]).any()


def _called(jaxpr, found):
    for eqn in jaxpr.eqns:
        found.append((eqn.primitive.name, eqn.params.get("name", "")))
        for value in eqn.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                _called(inner, found)
    return found


def test_the_derived_program_runs():
    """jax's transposed scan is not in the jaxpr; the program made from the adjoint is."""
    program, data, _, _ = loss_of("rnn")
    loss = jax.grad(lambda W: program(**{**data, "W": W})["L"])
    found = _called(jax.make_jaxpr(loss)(data["W"]).jaxpr, [])
    assert ("jit", "einrnn_pullback") in found
    assert sum(primitive == "scan" for primitive, _ in found) == 2
    pullback = einrnn.numeric.calculus.rules.Rules(program.formula, "jax").first(["W"]).backward
    assert "kept" not in str(pullback)
    assert set(pullback.inputs) == {"y", "V", "W", "cotangent of L", "s", "yhat"}


def test_the_derived_tangents_run():
    ours, _, W = in_both_modes("rnn", "W")
    found = _called(jax.make_jaxpr(lambda W: jax.jvp(ours, (W,), (W,)))(W).jaxpr, [])
    assert "einrnn_linear" in {primitive for primitive, _ in found}
    assert "einrnn_pushforward" in jax.jit(lambda W: jax.jvp(ours, (W,), (W,))).lower(W).as_text()


def test_arrays_of_either_library():
    program, data, by_hand, _ = loss_of("rnn")
    given = rnn_data()
    assert isinstance(program(**given)["L"], np.ndarray)
    assert isinstance(program(**data)["L"], jax.Array)
    mixed = program(**{**given, "W": data["W"]})
    assert isinstance(mixed["L"], jax.Array)
    close(mixed["L"], by_hand(**data))
    single = program(**{name: array.astype("float32") for name, array in data.items()})
    assert single["L"].dtype == jnp.float32


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"W": np.zeros((4, 4))}, "E602"),
        ({"Z": np.zeros(3)}, "E616"),
        ({"x": np.zeros(6)}, "E615"),
        ({"T": 0}, "E617"),
    ],
)
def test_errors(change, code):
    program, data, _, _ = loss_of("words")
    with pytest.raises(einrnn.EinrnnError) as error:
        program(
            **{**data, **{name: jnp.asarray(a) if name != "T" else a for name, a in change.items()}}
        )
    assert error.value.code == code
