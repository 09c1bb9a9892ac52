"""Sums whose summands grow alike take one step for each place, their gradients too."""

import re

import numpy as np
import pytest

import einrnn
from tests.numeric.backends import BACKENDS

HEAD = "index t : T\ninput x[T], a[T], w[T], mu\n"
TAIL = "\nL := sum[t] w[t] y[t]^2\n"


@pytest.fixture(autouse=True)
def _loops_cost_nothing(monkeypatch: pytest.MonkeyPatch):
    """So that recurrences are taken at small sizes, too."""
    monkeypatch.setattr("einrnn.numeric.closed._TURN", 0)
    monkeypatch.setenv("EINRNN_CACHE", "")


def _gated(a, s, t):
    return np.prod(a[s:t])


# a definition of y[t], and what x[s] counts there by hand, of x, a, mu, s, t and the size
FORMS = {
    "powers": ("sum[s=0..t] mu^(t-s) x[s]", lambda x, a, mu, s, t, n: s <= t and mu ** (t - s)),
    "powers before": (
        "sum[s: s < t] mu^(t-s-1) x[s]",
        lambda x, a, mu, s, t, n: s < t and mu ** (t - s - 1),
    ),
    "second powers on": (
        "sum[s=t..T-1] mu^(2 s - 2 t + 1) x[s]",
        lambda x, a, mu, s, t, n: s >= t and mu ** (2 * s - 2 * t + 1),
    ),
    "counted from the end": (
        "sum[k=0..t] mu^k x[t-k]",
        lambda x, a, mu, s, t, n: s <= t and mu ** (t - s),
    ),
    "returns": (
        "sum[k=0..T-1-t] mu^k x[t+k]",
        lambda x, a, mu, s, t, n: s >= t and mu ** (s - t),
    ),
    "gates": (
        "sum[s=0..t] prod[r=s+1..t](a[r]) x[s]",
        lambda x, a, mu, s, t, n: s <= t and _gated(a, s + 1, t + 1),
    ),
    "gates by conditions": (
        "sum[s: s < t] prod[r: s < r < t](a[r]) x[s]",
        lambda x, a, mu, s, t, n: s < t and _gated(a, s + 1, t),
    ),
    "gates, both ends": (
        "sum[s: s <= t] prod[r: s <= r <= t](a[r]) x[s]",
        lambda x, a, mu, s, t, n: s <= t and _gated(a, s, t + 1),
    ),
    "gates ahead": (
        "sum[s: s >= t] prod[r: t <= r < s](a[r]) x[s]",
        lambda x, a, mu, s, t, n: s >= t and _gated(a, t, s),
    ),
    "gates in logarithms": (
        "sum[s=0..t] exp(sum[r=s+1..t] a[r]) x[s]",
        lambda x, a, mu, s, t, n: s <= t and np.exp(np.sum(a[s + 1 : t + 1])),
    ),
    "distances": (
        "sum[s=0..t] exp(a[t] - mu (t-s) + a[s]) x[s]",
        lambda x, a, mu, s, t, n: s <= t and np.exp(a[t] - mu * (t - s) + a[s]),
    ),
    "one in the other": (
        "sum[s=0..t] mu^(t-s) sum[r=0..s] a[0]^(s-r) x[r]",
        lambda x, a, mu, s, t, n: (
            s <= t and sum(mu ** (t - q) * a[0] ** (q - s) for q in range(s, t + 1))
        ),
    ),
    "as many as come after": (
        "sum[r=0..t] (sum[s=r+1..t] a[s]) x[r]",
        lambda x, a, mu, s, t, n: s <= t and np.sum(a[s + 1 : t + 1]),
    ),
    "how far it is": (
        "sum[r=0..t] (t-r) mu^(t-r) x[r]",
        lambda x, a, mu, s, t, n: s <= t and (t - s) * mu ** (t - s),
    ),
    "what has changed since": (
        "sum[r=0..t] (a[t]-a[r]) x[r]",
        lambda x, a, mu, s, t, n: s <= t and a[t] - a[s],
    ),
    "three behind": (
        "sum[r=0..t-3] mu^(t-r) x[r]",
        lambda x, a, mu, s, t, n: s <= t - 3 and mu ** (t - s),
    ),
    "two behind, gates of two at first": (
        "sum[r=0..t-2] prod[s=r..t-1](a[s]) x[r]",
        lambda x, a, mu, s, t, n: s <= t - 2 and _gated(a, s, t),
    ),
    "two ahead, all that differs": (
        "sum[r=t+2..T-1] prod[s=t..r](a[s]) (a[r] - a[t]) x[r]",
        lambda x, a, mu, s, t, n: s >= t + 2 and _gated(a, t, s + 1) * (a[s] - a[t]),
    ),
    "a factor outside": (
        "a[t] sum[s=0..t] mu^(t-s) a[t] x[s]",
        lambda x, a, mu, s, t, n: s <= t and a[t] ** 2 * mu ** (t - s),
    ),
}


def _read(text: str) -> list[str]:
    return [one for one in ("x", "a", "mu") if re.search(rf"\b{one}\b", text)]


def _by_hand(count, x, a, mu):
    n = len(x)
    rows = [sum(count(x, a, mu, s, t, n) * x[s] for s in range(n)) for t in range(n)]
    return np.array(rows)


def _gradients(value, given):
    """By complex steps."""
    found = {}
    for name, array in given.items():
        wanted = np.zeros(np.shape(array))
        for at in np.ndindex(np.shape(array)):
            moved = {key: np.array(one, complex) for key, one in given.items()}
            moved[name][at] += 1e-30j
            wanted[at] = value(**moved).imag / 1e-30
        found[name] = wanted
    return found


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", FORMS)
def test_a_sum_and_its_gradients(name: str, backend: str):
    text, count = FORMS[name]
    document = einrnn.parse(f"{HEAD}y[t] := {text}{TAIL}")
    wrt = _read(text)
    program = document.compile("y", "L", *(f"dL/d{one}" for one in wrt), backend=backend)
    for size in (1, 2, 7, 12):
        rng = np.random.default_rng(size)
        given = {"x": rng.normal(size=size), "a": rng.uniform(0.5, 1, size), "mu": np.array(0.8)}
        w = rng.normal(size=size)
        found = program(**{one: given[one] for one in wrt}, w=w)
        np.testing.assert_allclose(found["y"], _by_hand(count, **given), rtol=1e-10, atol=1e-12)

        def loss(x, a, mu, w=w):
            return (w * _by_hand(count, x, a, mu) ** 2).sum()

        by_steps = _gradients(loss, given)
        for one in wrt:
            np.testing.assert_allclose(found[f"dL/d{one}"], by_steps[one], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", FORMS)
def test_time_and_memory_are_linear(name: str):
    text, _ = FORMS[name]
    program = einrnn.parse(f"{HEAD}y[t] := {text}{TAIL}").compile(
        "L", *(f"dL/d{one}" for one in _read(text))
    )
    costs = [program.cost(T=size) for size in (500, 1000)]
    assert costs[1].flops < 2.1 * costs[0].flops
    assert costs[1].peak < 2.1 * costs[0].peak


KERNELS = {
    "of two letters": "index s : T\nk[t,s] := { mu^(t-s) if s <= t ; 0 otherwise }\n"
    "y[t] := sum[s] k[t,s] x[s]",
    "of the distance": "k[t] := a[0] mu^t\ny[t] := sum[s=0..t] k[t-s] x[s]",
    "of the distance, counted from the end": "k[t] := a[0] mu^t\ny[t] := sum[j=0..t] k[j] x[t-j]",
}


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_with_a_name(name: str):
    program = einrnn.parse(f"{HEAD}{KERNELS[name]}{TAIL}").compile("y", "L", "dL/dmu")
    assert program.cost(T=1000).flops < 2.1 * program.cost(T=500).flops
    x = np.random.default_rng(0).normal(size=30)
    first = 2.0 if "a[0]" in KERNELS[name] else 1.0
    given = {"a": np.full(30, first)} if first > 1 else {}
    found = program(x=x, w=np.ones(30), mu=0.7, **given)
    powers = [first * 0.7 ** np.arange(t, -1, -1) for t in range(30)]
    wanted = [row @ x[: len(row)] for row in powers]
    np.testing.assert_allclose(found["y"], wanted, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scale", [1, 1e4])
def test_sums_of_exponentials_do_not_overflow(scale: float, backend: str):
    """Cox's partial likelihood."""
    document = einrnn.parse(
        "index n : N\ninput q[N], e[N]\n"
        "L := sum[n] e[n] (q[n] - log(sum[m=n..N-1] exp(q[m])))\n"
        "M := sum[n] e[n] (q[n] - logsumexp[m: m >= n](q[m]))\n"
    )
    program = document.compile("L", "M", "dL/dq", "dM/dq", backend=backend)
    rng = np.random.default_rng(5)
    q, e = scale * rng.normal(size=40), rng.integers(2, size=40).astype(float)
    found = program(q=q, e=e)
    logs = np.logaddexp.accumulate(q[::-1])[::-1]
    shares = np.exp(np.where(np.tri(40).T > 0, q[None] - logs[:, None], -np.inf))
    for loss in "LM":
        np.testing.assert_allclose(found[loss], (e * (q - logs)).sum(), rtol=1e-12)
        np.testing.assert_allclose(found[f"d{loss}/dq"], e - e @ shares, atol=1e-12)
    assert program.cost(N=1000).flops < 2.1 * program.cost(N=500).flops


def test_gated_attention_without_softmax():
    text = (
        "dim T, D, E\nindex t : T\ninput q[T,D], k[T,D], v[T,E], a[T], w[T,E]\n"
        "y[t,e] := sum[s=0..t] prod[r=s+1..t](a[r]) q[t,d] k[s,d] v[s,e]\n"
        "L := sum[t,e] w[t,e] y[t,e]\n"
    )
    names = ("q", "k", "v", "a")
    program = einrnn.parse(text).compile("y", "L", *(f"dL/d{one}" for one in names))
    assert program.cost(T=1000, D=4, E=3).flops < 2.1 * program.cost(T=500, D=4, E=3).flops
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 9, 4))
    v, w = rng.normal(size=(2, 9, 3))
    given = {"q": q, "k": k, "v": v, "a": rng.uniform(0.5, 1, 9)}

    def loss(q, k, v, a):
        decay = np.array([[s <= t and _gated(a, s + 1, t + 1) for s in range(9)] for t in range(9)])
        return (w * ((decay * (q @ k.T)) @ v)).sum()

    found = program(**given, w=w)
    for one, wanted in _gradients(loss, given).items():
        np.testing.assert_allclose(found[f"dL/d{one}"], wanted, rtol=1e-9, atol=1e-10)


def test_short_sums_stay_as_they_are():
    """A loop of Python takes longer than a small matrix."""
    document = einrnn.parse(f"{HEAD}y[t] := sum[s=0..t] mu^(t-s) x[s]{TAIL}")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("einrnn.numeric.closed._TURN", 500)
        assert "for " not in document.compile("dL/dmu").source(T=16)
        assert "for " in document.compile("dL/dmu").source(T=1000)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_largest_so_far(backend: str):
    document = einrnn.parse(
        "index t : T\ninput x[T]\ny[t] := max[r=0..t](x[r])\nz[t] := min[r: r >= t](x[r])\n"
    )
    program = document.compile("y", "z", backend=backend)
    assert program.cost(T=1000).flops < 2.1 * program.cost(T=500).flops
    x = np.random.default_rng(1).normal(size=500)
    found = program(x=x)
    np.testing.assert_array_equal(found["y"], np.maximum.accumulate(x))
    np.testing.assert_array_equal(found["z"], np.minimum.accumulate(x[::-1])[::-1])


SPACES = {
    "a kernel": (
        "k[t] := sum[i,j] c[i] matpow(A,t)[i,j] b[j]\ny[t] := sum[s=0..t] k[t-s] u[s]",
        lambda A, b, c, u, t: sum(
            c @ np.linalg.matrix_power(A, t - s) @ b * u[s] for s in range(t + 1)
        ),
    ),
    "an impulse on all states": (
        "y[t] := sum[s=0..t] sum[i,j] c[i] matpow(A,t-s)[i,j] u[s]",
        lambda A, b, c, u, t: sum(
            (c @ np.linalg.matrix_power(A, t - s)).sum() * u[s] for s in range(t + 1)
        ),
    ),
    "one step behind, transposed": (
        "y[t] := sum[s: s < t] sum[i,j] c[i] matpow(A,t-s)[j,i] b[j] u[s]",
        lambda A, b, c, u, t: sum(
            b @ np.linalg.matrix_power(A, t - s) @ c * u[s] for s in range(t)
        ),
    ),
    "ahead": (
        "y[t] := sum[s: s >= t] sum[i,j] c[i] matpow(A,s-t)[i,j] b[j] u[s]",
        lambda A, b, c, u, t: sum(
            c @ np.linalg.matrix_power(A, s - t) @ b * u[s] for s in range(t, len(u))
        ),
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SPACES)
def test_the_kernel_of_a_state_space(name: str, backend: str):
    text, value = SPACES[name]
    document = einrnn.parse(
        "dim N\nindex t : T\ninput A[N,N], b[N], c[N], u[T], w[T]\n"
        f"{text}\nL := sum[t] w[t] y[t]^2\n"
    )
    wrt = [one for one in ("A", "b", "c", "u") if re.search(rf"\b{one}\[|\({one},", text)]
    program = document.compile("y", "L", *(f"dL/d{one}" for one in wrt), backend=backend)
    assert program.cost(T=1000, N=3).flops < 2.1 * program.cost(T=500, N=3).flops
    rng = np.random.default_rng(0)
    b, c = rng.normal(size=(2, 3))
    given = {"A": 0.4 * rng.normal(size=(3, 3)), "b": b, "c": c, "u": rng.normal(size=9)}
    w = rng.normal(size=9)

    def loss(A, b, c, u):
        return (w * np.array([value(A, b, c, u, t) for t in range(9)]) ** 2).sum()

    found = program(**{one: given[one] for one in wrt}, w=w)
    wanted = _gradients(loss, given)
    for one in wrt:
        np.testing.assert_allclose(found[f"dL/d{one}"], wanted[one], rtol=1e-9, atol=1e-10)


OTHERS = {
    "not all of the matrix": (
        "sum[j=1..N-1] matpow(A,t-s)[i,j] u[s,j]",
        lambda power, u, s, t: power(t - s)[:, 1:] @ u[s, 1:],
    ),
    "of one power squared": (
        "sum[j] matpow(A,t-s)[i,j] matpow(A,t-s)[i,j] u[s,j]",
        lambda power, u, s, t: power(t - s) ** 2 @ u[s],
    ),
    "of every second power": (
        "sum[j] matpow(A,2 t - 2 s)[i,j] u[s,j]",
        lambda power, u, s, t: power(2 * t - 2 * s) @ u[s],
    ),
    "of the last state, too": (
        "sum[j] matpow(A,t-s)[i,j] u[s,j] u[t,j]",
        lambda power, u, s, t: power(t - s) @ (u[s] * u[t]),
    ),
    "of the other letter, too": (
        "sum[j] matpow(A,t-s)[i,j] u[s,j] u[s,i]",
        lambda power, u, s, t: power(t - s) @ u[s] * u[s],
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_sums_of_matrix_powers(name: str):
    text, summand = OTHERS[name]
    document = einrnn.parse(
        f"dim N\nindex t : T\nindex i : N\ninput A[N,N], u[T,N]\ny[t,i] := sum[s=0..t] {text}\n"
    )
    rng = np.random.default_rng(0)
    A, u = 0.5 * rng.normal(size=(3, 3)), rng.normal(size=(6, 3))

    def power(exponent):
        return np.linalg.matrix_power(A, exponent)

    wanted = [sum(summand(power, u, s, t) for s in range(t + 1)) for t in range(6)]
    np.testing.assert_allclose(document.compile("y")(A=A, u=u)["y"], wanted, rtol=1e-10)


def test_what_is_differentiated_by_is_not_looked_through():
    """A kernel has its part in what is computed with it, whatever else it could be computed by."""
    text = f"{HEAD}k[t] := mu^t\ny[t] := sum[s=0..t] k[t-s] x[s]{TAIL}"
    program = einrnn.parse(text).compile("dL/dk", "dL/dmu")
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 40))
    found = program(x=x, w=w, mu=0.9)

    def loss(k):
        return sum(w[t] * sum(k[t - s] * x[s] for s in range(t + 1)) ** 2 for t in range(40))

    by_steps = _gradients(loss, {"k": 0.9 ** np.arange(40)})["k"]
    np.testing.assert_allclose(found["dL/dk"], by_steps, rtol=1e-10)
    wanted = by_steps @ (np.arange(40) * 0.9 ** (np.arange(40) - 1.0))
    np.testing.assert_allclose(found["dL/dmu"], wanted, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_logarithms_of_running_sums_are_one_call(backend: str):
    document = einrnn.parse(
        "index t : T\ninput x[T]\ny[t] := logsumexp[r=0..t](x[r])\n"
        "z[t] := logsumexp[r: r >= t](x[r])\n"
    )
    program = document.compile("y", "z", backend=backend)
    x = 300 * np.random.default_rng(0).normal(size=200)
    found = program(x=x)
    np.testing.assert_allclose(found["y"], np.logaddexp.accumulate(x), rtol=1e-14)
    np.testing.assert_allclose(found["z"], np.logaddexp.accumulate(x[::-1])[::-1], rtol=1e-14)
    if backend in ("numpy", "jax"):
        assert "for " not in program.source(T=200).split("def program")[1]


@pytest.mark.parametrize("end", ["N-1", "i"])
def test_a_thousand_sums(end: str):
    """Each is looked at once, not all again for each."""
    terms = " + ".join(f"sum[i] a[i] sum[j=0..{end}] exp(b[j]/{k})" for k in range(1, 1001))
    program = einrnn.parse(f"input a[N], b[N], s\ny := s ({terms})\n").compile("y")
    a, b = np.random.default_rng(0).normal(size=(2, 3))
    powers = np.exp(b / np.arange(1, 1001)[:, None])
    sums = powers.cumsum(1) if end == "i" else powers.sum(1, keepdims=True)
    assert float(program(a=a, b=b, s=2.0)["y"]) == pytest.approx(2 * (a * sums).sum())
