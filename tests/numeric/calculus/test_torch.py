"""torch programs under autograd and torch.func, against torch's derivative of a loop by hand."""

import importlib

import numpy as np
import pytest

import einrnn
from tests.numeric.calculus.documents import LSTM, RNN, WORDS, lstm_data, rnn_data, words_data

torch = pytest.importorskip("torch")


def tensors(data):
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in data.items()}


def rnn_by_hand(U, V, W, x, y):
    s, states = torch.zeros(x.shape[1], len(W), dtype=W.dtype), []
    for xt in x.unbind(0):
        s = torch.tanh(xt @ U.T + s @ W.T)
        states.append(s)
    return -(y * torch.log_softmax(torch.stack(states) @ V.T, -1)).sum()


def words_by_hand(U, V, W, x, y):
    s, states = torch.zeros(len(W), dtype=W.dtype), []
    for at in x:
        s = torch.tanh(U[:, at] + W @ s)
        states.append(s)
    logs = torch.log_softmax(torch.stack(states) @ V.T, -1)
    return -logs[torch.arange(len(y)), y].sum()


def lstm_by_hand(x, A, F, R, Q, h0, c0):
    h, c, total = h0, c0, 0
    for xt in x:
        f = torch.sigmoid(F @ xt + Q @ h)
        c = f * c + (1 - f) * torch.tanh(A @ xt + R @ h)
        h = f * torch.tanh(c)
        total = total + (h**2).sum()
    return total + torch.log1p((c**2).sum())


CASES = {
    "rnn": (RNN, rnn_data(), rnn_by_hand, ("U", "V", "W", "x", "y")),
    "words": (WORDS, words_data(), words_by_hand, ("U", "V", "W")),
    "lstm": (LSTM, lstm_data(), lstm_by_hand, ("x", "A", "F", "R", "Q", "h0", "c0")),
}


def program_of(name, *outputs):
    text, data, by_hand, wrt = CASES[name]
    return einrnn.parse(text).compile("L", *outputs, backend="torch"), tensors(data), by_hand, wrt


@pytest.mark.parametrize("name", CASES)
def test_backward(name):
    program, data, by_hand, wrt = program_of(name)
    for key in wrt:
        data[key].requires_grad_()
    program(**data)["L"].backward()
    found = {key: data[key].grad for key in wrt}
    expected = torch.autograd.grad(by_hand(**data), [data[key] for key in wrt])
    for key, value in zip(wrt, expected, strict=True):
        torch.testing.assert_close(found[key], value, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_gradcheck(name):
    program, data, _, wrt = program_of(name)
    last = wrt[2]

    def loss(value):
        return program(**{**data, last: value})["L"]

    value = data[last].clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, (value,))
    assert torch.autograd.gradgradcheck(loss, (value,))


def test_functional_transformations():
    program, data, by_hand, _ = program_of("rnn")

    def ours(W):
        return program(**{**data, "W": W})["L"]

    def theirs(W):
        return by_hand(**{**data, "W": W})

    grad, vmap = torch.func.grad, torch.func.vmap
    W = data["W"]
    many = torch.stack([W, -W, 2 * W], dim=1)
    pairs = [
        (grad(ours)(W), grad(theirs)(W)),
        (vmap(ours, 1)(many), vmap(theirs, 1)(many)),
        (vmap(grad(ours), 1)(many), vmap(grad(theirs), 1)(many)),
        (
            grad(lambda m: vmap(ours, 1)(m).sum())(many),
            grad(lambda m: vmap(theirs, 1)(m).sum())(many),
        ),
        (torch.func.jacrev(grad(ours))(W), torch.func.jacrev(grad(theirs))(W)),
    ]
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("name", "key"), [("rnn", "W"), ("words", "V"), ("lstm", "h0")])
def test_forward_mode(name, key):
    program, data, by_hand, _ = program_of(name)

    def ours(value):
        return program(**{**data, key: value})["L"]

    def theirs(value):
        return by_hand(**{**data, key: value})

    value, v = data[key], torch.cos(data[key])
    jvp, jacfwd, jacrev = torch.func.jvp, torch.func.jacfwd, torch.func.jacrev
    hessian = jacrev(jacrev(theirs))(value)
    pairs = [
        (jvp(ours, (value,), (v,)), jvp(theirs, (value,), (v,))),
        (jacfwd(ours)(value), jacrev(theirs)(value)),
        (torch.func.hessian(ours)(value), hessian),
        (jacrev(jacfwd(ours))(value), hessian),
        (jacfwd(jacfwd(ours))(value), hessian),
    ]
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    point = value.clone().requires_grad_()
    assert torch.autograd.gradcheck(ours, (point,), check_forward_ad=True)


ROWS = """
dim H, N
input W[H,H], h[H], c[H]
input k[N] integer in H
q[i] := exp(c[i])
y[i] := tanh(W[i,j] h[j]) q[i]
z[n] := y[k[n]]^2 q[k[n]]
"""


def rows():
    """Rows that are looked up, as a function of W and h, and the same by hand. That ``q`` does
    not depend on them tells what is batched from what is not."""
    rng = np.random.default_rng(0)
    W, h, c = (torch.from_numpy(rng.normal(size=shape)) for shape in ((3, 3), (3,), (3,)))
    k = torch.tensor([0, 2, 2, 1])
    program = einrnn.parse(ROWS).compile("z", backend="torch")

    def ours(W, h):
        return program(W=W, h=h, c=c, k=k)["z"]

    def theirs(W, h):
        return ((torch.tanh(W @ h) * c.exp()) ** 2 * c.exp())[k]

    return ours, theirs, W, h


def test_derivatives_of_what_derivatives_keep():
    """A program that keeps something for its derivative is differentiated as any other."""
    ours, theirs, W, h = rows()
    jacrev, vmap = torch.func.jacrev, torch.func.vmap
    many = torch.stack([h, 2 * h])
    ways = [
        lambda f: jacrev(jacrev(f))(W, h),
        lambda f: vmap(jacrev(jacrev(f, 1), 1), (None, 0))(W, many),
        lambda f: jacrev(jacrev(lambda hs: vmap(f, (None, 0))(W, hs).sum()))(many),
        lambda f: jacrev(jacrev(jacrev(f, 1), 1), 1)(W, h),
        lambda f: torch.func.grad(lambda a: (jacrev(f)(a, h) ** 2).sum())(W),
    ]
    for way in ways:
        torch.testing.assert_close(way(ours), way(theirs), rtol=1e-10, atol=1e-10)


def test_batches_of_gradients():
    """torch makes them of its older vmap, which no ``torch.func`` transformation sees."""
    ours, theirs, W, h = rows()
    jacobian, hessian = torch.autograd.functional.jacobian, torch.autograd.functional.hessian
    point = W.clone().requires_grad_()

    def given(f):
        seeds = torch.eye(4, dtype=W.dtype)
        return torch.autograd.grad(f(point, h), point, seeds, is_grads_batched=True)[0]

    def again(f):
        found = jacobian(lambda a: f(a, h), point, vectorize=True, create_graph=True)
        return torch.autograd.grad((found**3).sum(), point)[0]

    ways = [
        given,
        again,
        lambda f: jacobian(f, (W, h), vectorize=True),
        lambda f: jacobian(f, (W, h), vectorize=True, strategy="forward-mode"),
        lambda f: hessian(lambda *a: f(*a).sum(), (W, h), vectorize=True),
    ]
    for way in ways:
        torch.testing.assert_close(way(ours), way(theirs), rtol=1e-10, atol=1e-10)
    checked = {"check_batched_grad": True}
    assert torch.autograd.gradcheck(
        lambda a: ours(a, h),
        (point,),
        check_forward_ad=True,
        check_batched_forward_grad=True,
        **checked,
    )
    assert torch.autograd.gradgradcheck(lambda a: ours(a, h), (point,), **checked)


def test_batches_in_batches():
    vmap = importlib.import_module("torch._vmap_internals")._vmap
    ours, theirs, W, h = rows()
    many, few = torch.stack([W, -W, 2 * W]), torch.stack([h, 2 * h])
    found = vmap(lambda a: vmap(lambda b: ours(a, b))(few))(many)
    expected = torch.stack([torch.stack([theirs(a, b) for b in few]) for a in many])
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_the_derived_program_runs(monkeypatch):
    """Without the derived rule there is no gradient at all: torch records nothing inside."""
    program, data, _, _ = program_of("rnn")
    W = data["W"].clone().requires_grad_()
    loss = program(**{**data, "W": W})["L"]
    assert type(loss.grad_fn).__name__ == "DerivedBackward"
    monkeypatch.setattr(program._closed, "formula", None)
    monkeypatch.setattr(program._foreign, "rules", None)
    assert program(**{**data, "W": W})["L"].grad_fn is None


def test_kinds_of_arrays_and_errors():
    program, data, by_hand, _ = program_of("words")
    assert isinstance(program(**words_data())["L"], np.ndarray)
    mixed = program(**{**words_data(), "W": data["W"]})["L"]
    torch.testing.assert_close(mixed, by_hand(**data), rtol=1e-10, atol=1e-10)
    single = {k: v.float() if v.is_floating_point() else v for k, v in data.items()}
    assert program(**single)["L"].dtype == torch.float32
    with pytest.raises(einrnn.EinrnnError) as error:
        program(**{**data, "x": data["x"].double()})
    assert error.value.code == "E615"
    with pytest.raises(einrnn.EinrnnError) as error:
        program(**{**data, "x": data["x"] + 100})
    assert error.value.code == "E603"
    with pytest.raises(einrnn.EinrnnError) as error:
        program(**{**data, "W": torch.zeros(4, 4)})
    assert error.value.code == "E602"
