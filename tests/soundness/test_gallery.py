"""The gallery: its gradients against differences of losses written in numpy by hand."""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import einrnn

GALLERY = Path(__file__).parents[2] / "specs" / "gallery"
Arrays = Mapping[str, np.ndarray]
Loss = Callable[[Arrays], float]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def batch_norm(a: Arrays) -> float:
    xh = (a["x"] - a["x"].mean(0)) / np.sqrt(a["x"].var(0) + a["eps"])
    return float((a["g"] * (a["gamma"] * xh + a["beta"])).sum())


def layer_norm(a: Arrays) -> float:
    x = a["x"]
    xh = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + a["eps"])
    return float((a["g"] * (a["gamma"] * xh + a["beta"])).sum())


def rms_norm(a: Arrays) -> float:
    r = np.sqrt((a["x"] ** 2).mean(1, keepdims=True) + a["eps"])
    return float((a["g"] * a["gamma"] * a["x"] / r).sum())


def multi_head(a: Arrays) -> float:
    total = 0.0
    for q, k, v, o in zip(a["WQ"], a["WK"], a["WV"], a["WO"], strict=True):
        scores = (a["X"] @ q) @ (a["X"] @ k).T / np.sqrt(q.shape[1]) + a["M"]
        total += float((a["G"] * (softmax(scores) @ (a["X"] @ v) @ o)).sum())
    return total


def causal(a: Arrays) -> float:
    scores = a["Q"] @ a["K"].T
    scores = np.where(np.tril(np.ones_like(scores)) > 0, scores, -np.inf)
    return float((a["G"] * (softmax(scores) @ a["V"])).sum())


def gru(a: Arrays) -> float:
    h, loss = a["h0"], 0.0
    for x, target in zip(a["x"], a["target"], strict=True):
        z = sigmoid(a["Wz"] @ x + a["Rz"] @ h)
        r = sigmoid(a["Wr"] @ x + a["Rr"] @ h)
        n = np.tanh(a["Wn"] @ x + a["Rn"] @ (r * h))
        h = (1 - z) * n + z * h
        loss += float(((h - target) ** 2).sum()) / 2
    return loss


def peephole(a: Arrays) -> float:
    h = c = np.zeros(len(a["pf"]))
    loss = 0.0
    for x, w in zip(a["x"], a["w"], strict=True):
        f = sigmoid(a["Wf"] @ x + a["Rf"] @ h + a["pf"] * c)
        c = f * c + (1 - f) * np.tanh(a["Wu"] @ x + a["Ru"] @ h)
        h = np.tanh(c)
        loss += float(w @ h)
    return loss


def stacked(a: Arrays) -> float:
    low = high = np.zeros(len(a["W"]))
    loss = 0.0
    for x, y in zip(a["x"], a["y"], strict=True):
        low = np.tanh(a["U"] @ x + a["W"] @ low)
        high = np.tanh(a["P"] @ low + a["R"] @ high)
        loss += float(((high - y) ** 2).sum()) / 2
    return loss


def chain_crf(a: Arrays) -> float:
    """By adding up all paths."""
    steps, states = a["e"].shape
    scores = []
    for path in np.ndindex((states,) * steps):
        score = sum(a["e"][t, k] for t, k in enumerate(path))
        scores.append(score + sum(a["A"][i, j] for i, j in itertools.pairwise(path)))
    return float(np.log(np.exp(scores).sum()))


def conv(a: Arrays) -> float:
    x, w, g = a["x"], a["w"], a["g"]
    loss = 0.0
    for n, o, m in np.ndindex(g.shape):
        window = x[n, :, 2 * m : 2 * m + w.shape[2]]
        loss += float(g[n, o, m] * ((w[o] * window).sum() + a["b"][o]))
    return loss


def mixture(a: Arrays) -> float:
    squares = ((a["x"][:, None] - a["mu"]) ** 2).sum(2)
    joint = np.exp(a["eta"] - squares / 2).sum(1)
    return float(np.log(joint / np.exp(a["eta"]).sum()).sum())


@dataclass(frozen=True)
class Case:
    """A document with the shapes of its inputs, its loss by hand, and claims about it."""

    file: str
    loss: Loss
    shapes: Mapping[str, tuple[int, ...]]
    labels: tuple[str, ...]
    positive: tuple[str, ...] = ()
    sizes: tuple[tuple[str, int], ...] = ()


def strided(a: Arrays) -> float:
    w, x = a["w"], a["x"]
    count = a["g"].shape[2]
    total = 0.0
    for n in range(count):
        window = x[:, :, 2 * n : 2 * n + w.shape[2]]
        y = np.einsum("oik,bik->bo", w, window) + a["bias"]
        total += float((a["g"][:, :, n] * y).sum())
    return total


def reset_after(a: Arrays) -> float:
    batch, length, _ = a["X"].shape
    state, loss = np.zeros((batch, len(a["bc"]))), 0.0
    for t in range(length):
        x = a["X"][:, t]
        r = sigmoid(x @ a["Wr"].T + state @ a["Ur"].T)
        u = sigmoid(x @ a["Wu"].T + state @ a["Uu"].T)
        c = np.tanh(x @ a["Wc"].T + r * (state @ a["Uc"].T + a["bc"]))
        state = u * state + (1 - u) * c
        loss += 0.5 / batch * float(((state - a["Y"][:, t]) ** 2).sum())
    return loss


NORM = {"x": (3, 4), "gamma": (4,), "beta": (4,), "g": (3, 4), "eps": ()}
GATE = dict.fromkeys(("Wz", "Wr", "Wn"), (3, 2)) | dict.fromkeys(("Rz", "Rr", "Rn"), (3, 3))
CASES = [
    Case("batch_norm", batch_norm, NORM, ("gamma", "beta", "paper", "compact"), ("eps",)),
    Case("layer_norm", layer_norm, NORM, ("gamma", "beta", "x"), ("eps",)),
    Case(
        "rms_norm",
        rms_norm,
        {k: v for k, v in NORM.items() if k != "beta"},
        ("gamma", "x"),
        ("eps",),
    ),
    Case(
        "multi_head",
        multi_head,
        {"X": (4, 3), "WQ": (2, 3, 2), "WK": (2, 3, 2), "WV": (2, 3, 2), "WO": (2, 2, 3)}
        | {"M": (4, 4), "G": (4, 3)},
        ("WO", "WQ", "WV", "M", "X"),
    ),
    Case(
        "strided_conv",
        strided,
        {"x": (2, 3, 9), "w": (2, 3, 3), "bias": (2,), "g": (2, 2, 4)},
        ("w", "bias", "x"),
        sizes=(("M", 9),),
    ),
    Case(
        "gru_reset_after",
        reset_after,
        dict.fromkeys(("Wr", "Wu", "Wc"), (3, 2))
        | dict.fromkeys(("Ur", "Uu", "Uc"), (3, 3))
        | {"bc": (3,), "X": (2, 4, 2), "Y": (2, 4, 3)},
        ("Wc", "Uc", "bc", "Ur", "Wu", "X"),
    ),
    Case("causal_attention", causal, dict.fromkeys("QKVG", (4, 3)), ("V", "Q", "K")),
    Case(
        "gru",
        gru,
        GATE | {"x": (5, 2), "target": (5, 3), "h0": (3,)},
        ("Wz", "Wr", "Wn", "Rz", "Rr", "Rn", "h0"),
    ),
    Case(
        "lstm_peephole",
        peephole,
        {"Wf": (3, 2), "Rf": (3, 3), "pf": (3,), "Wu": (3, 2), "Ru": (3, 3), "x": (5, 2)}
        | {"w": (5, 3)},
        ("Wf", "Rf", "pf", "Ru"),
    ),
    Case(
        "stacked_rnn",
        stacked,
        {"U": (3, 2), "W": (3, 3), "P": (3, 3), "R": (3, 3), "x": (5, 2), "y": (5, 3)},
        ("R", "P", "W", "U", "x"),
    ),
    Case("crf", chain_crf, {"e": (5, 2), "A": (2, 2)}, ("marginal", "A")),
    Case(
        "conv1d",
        conv,
        {"x": (2, 2, 7), "w": (3, 2, 3), "b": (3,), "g": (2, 3, 3)},
        ("w", "b", "x"),
        sizes=(("I", 7),),  # of the index i, which no array gives where it stands alone
    ),
    Case("mixture", mixture, {"x": (4, 2), "mu": (3, 2), "eta": (3,)}, ("mu", "eta", "mu EM", "x")),
]
CLAIM = re.compile(r"d\w+/d(\w+)\[([^\]]*)\] = (.*)")


def differences(case: Case, arrays: Arrays, name: str) -> np.ndarray:
    """The gradient by an input, from central differences of the fourth order."""
    result = np.empty(arrays[name].shape)
    step = 1e-3
    for place in np.ndindex(result.shape):

        def at(by: float, place: tuple[int, ...] = place) -> float:
            moved = arrays[name].copy()
            moved[place] += by
            return case.loss({**arrays, name: moved})

        result[place] = (8 * (at(step) - at(-step)) - at(2 * step) + at(-2 * step)) / (12 * step)
    return result


def claim_of(text: str, label: str) -> tuple[str, str]:
    """The input that a claim is about, and its right side as a definition."""
    line = next(line for line in text.split("\n") if line.startswith(f"[{label}]"))
    found = CLAIM.search(line)
    assert found is not None
    return found.group(1), f"claimed[{found.group(2)}] := {found.group(3)}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_claimed_gradients_agree_with_a_loss_written_by_hand(case: Case):
    text = (GALLERY / f"{case.file}.ein").read_text(encoding="utf-8")
    rng = np.random.default_rng(7)
    arrays = {name: rng.normal(size=shape) for name, shape in case.shapes.items()}
    arrays |= {name: np.abs(arrays[name]) + 0.1 for name in case.positive}
    for label in case.labels:
        name, definition = claim_of(text, label)
        program = einrnn.parse(f"{text}\n{definition}\n").compile("claimed")
        expected = differences(case, arrays, name)
        sizes = {size: number for size, number in case.sizes if size in program.sizes}
        found = program(**arrays, **sizes)["claimed"]
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8, err_msg=label)
