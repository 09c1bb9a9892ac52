"""Training from compiled gradients against torch's own network, loss and optimisers."""

from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest

from examples.train_rnn import checkpoint, curve
from examples.train_rnn.model import Model, start
from examples.train_rnn.text import Text, library_text, windows
from examples.train_rnn.training import Training, mean_loss, sample

BACKENDS = [
    "numpy",
    "native",
    *(
        pytest.param(
            name, marks=pytest.mark.skipif(find_spec(name) is None, reason=f"no {name} here")
        )
        for name in ("jax", "torch")
    ),
]
HIDDEN, STREAMS, LENGTH = 12, 3, 7


@pytest.fixture(scope="module")
def text():
    """A few thousand characters."""
    return Text.of(library_text(["textwrap", "heapq", "string"]))


@pytest.fixture(scope="module")
def model():
    return Model("numpy", clip=1.0)


def training(model, text, optimiser="adam", rate=0.01):
    params = start(HIDDEN, len(text.letters), "float64", seed=3)
    return Training(model, windows(text.codes, STREAMS, LENGTH)[:23], params, optimiser, rate)


def torch_losses(text, steps, optimiser, rate, clip):
    """The same run by ``nn.RNN``, its autograd, ``cross_entropy`` and ``torch.optim``."""
    import torch
    from torch.nn import functional

    drawn = start(HIDDEN, len(text.letters), "float64", seed=3)
    letters = len(text.letters)
    rnn = torch.nn.RNN(letters, HIDDEN, bias=False, dtype=torch.float64)
    linear = torch.nn.Linear(HIDDEN, letters, bias=False, dtype=torch.float64)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(torch.from_numpy(drawn["U"]))
        rnn.weight_hh_l0.copy_(torch.from_numpy(drawn["W"]))
        linear.weight.copy_(torch.from_numpy(drawn["V"]))
    params = [*rnn.parameters(), *linear.parameters()]
    kinds = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    descent = kinds[optimiser](params, lr=rate)
    data, losses, cut = windows(text.codes, STREAMS, LENGTH)[:23], [], 0
    for step in range(steps):
        if step % len(data) == 0:
            state = torch.zeros(1, STREAMS, HIDDEN, dtype=torch.float64)
        x, y = (torch.from_numpy(part) for part in data[step % len(data)])
        descent.zero_grad()
        outputs, state = rnn(functional.one_hot(x, letters).double(), state.detach())
        loss = functional.cross_entropy(linear(outputs).reshape(-1, letters), y.reshape(-1))
        loss.backward()
        norm = torch.sqrt(sum((p.grad**2).sum() for p in params))
        cut += bool(norm > clip)
        for p in params:
            p.grad *= min(1.0, clip / norm.item())
        descent.step()
        losses.append(loss.item())
    assert 0 < cut < steps, "clipping must matter in some steps and not in others"
    return losses


@pytest.mark.skipif(find_spec("torch") is None, reason="no torch here")
@pytest.mark.parametrize(("optimiser", "rate"), [("adam", 0.01), ("sgd", 0.5)])
def test_losses_are_those_of_torch(model, text, optimiser, rate):
    """Longer than the data, so that the state is carried, and begun anew, on both sides."""
    run = training(model, text, optimiser, rate)
    losses = list(run.steps(60))
    expected = torch_losses(text, 60, optimiser, rate, clip=1.0)
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-8)
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.3


def test_the_carried_state_matters(model, text):
    run, blank = training(model, text), training(model, text)
    losses = list(run.steps(3))
    for _ in blank.steps(3):
        blank.state = np.zeros_like(blank.state)
    assert losses[0] == blank.losses[0]
    assert losses[1] != blank.losses[1]


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_resumed_is_as_uninterrupted(model, text, optimiser, tmp_path):
    """To the last bit, stopped in the middle of a pass over the data."""
    path, settings = tmp_path / "run.npz", {"hidden": HIDDEN}
    whole = training(model, text, optimiser)
    list(whole.steps(40))
    first = training(model, text, optimiser)
    list(first.steps(17))
    checkpoint.save(path, first.arrays(), settings)
    second = training(model, text, optimiser)
    second.restore(checkpoint.restore(path, settings))
    list(second.steps(40))
    assert second.losses == whole.losses
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(second.arrays()[name], array)


def test_other_settings_are_refused(tmp_path):
    path = tmp_path / "run.npz"
    checkpoint.save(path, {"a": np.ones(2)}, {"hidden": 3})
    with pytest.raises(ValueError, match="hidden 3; this run has 4"):
        checkpoint.restore(path, {"hidden": 4})


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_trains_alike(model, text, backend):
    run, other = training(model, text), training(Model(backend, clip=1.0), text)
    np.testing.assert_allclose(list(other.steps(4)), list(run.steps(4)), rtol=0, atol=1e-10)


def test_windows_follow_one_another():
    codes = np.arange(26)
    found = windows(codes, streams=2, length=3)
    assert len(found) == 4
    for (x, y), (after, _) in pairwise(found):
        np.testing.assert_array_equal(y, x + 1)
        np.testing.assert_array_equal(after[0], x[-1] + 1)


def test_samples_repeat_what_was_learnt(model):
    """After ``ab`` over and over, nothing else is drawn; and the loss kept back is small."""
    text = Text.of("ab" * 400)
    run = Training(
        model,
        windows(text.codes, 4, 10),
        start(6, 2, "float64", seed=0),
        "adam",
        rate=0.05,
    )
    list(run.steps(120))
    assert mean_loss(model, run.params, run.data) < 0.05
    assert text.written(sample(model, run.params, 0, 20, tau=0.2, seed=1)) == "ab" * 10


def test_the_curve_in_words():
    lines = curve.in_words([4.0, 3.0, 2.0, 1.0], width=4, height=3).splitlines()
    assert [line.partition("│")[2] for line in lines[:-1]] == ["█", "██", "███", "████"]


def test_library_text_is_real_and_plain():
    text = library_text(["textwrap", "no_such_module"])
    assert "Wrap a single paragraph of text" in text
    assert text.isascii()
