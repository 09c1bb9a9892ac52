"""Losses at logits at which their plain forms have no value, against formulas that have one."""

import warnings
from typing import Any

import numpy as np
import pytest

import einrnn
from tests.numeric.backends import BACKENDS

Z = np.array([800.0, -800, 50, -50, 0.3])
Y = np.array([1.0, 0, 1, 0, 0.7])
CROSS = "dim N\ninput z[N], y[N]\np[n] := sigmoid(z[n])\n"
# a right side, what it is, and its derivative by z
FORMS: dict[str, tuple[str, Any, Any]] = {
    "cross entropy by name": (
        "-sum[n] (y[n] log(p[n]) + (1 - y[n]) log(1 - p[n]))",
        lambda z: np.sum(np.logaddexp(0, z) - Y * z),
        lambda z: 1 / (1 + np.exp(-z)) - Y,
    ),
    "cross entropy written out": (
        "-sum[n] (y[n] log(sigmoid(z[n])) + (1 - y[n]) log(1 - sigmoid(z[n])))",
        lambda z: np.sum(np.logaddexp(0, z) - Y * z),
        lambda z: 1 / (1 + np.exp(-z)) - Y,
    ),
    "a logarithm of a sum": (
        "log(sum[n] exp(z[n]))",
        lambda z: np.logaddexp.reduce(z),
        lambda z: np.exp(z - np.logaddexp.reduce(z)),
    ),
    "softplus by hand": (
        "sum[n] log(exp(z[n]) + 1)",
        lambda z: np.logaddexp(0, z).sum(),
        lambda z: 1 / (1 + np.exp(-z)),
    ),
    "sigmoid by hand": (
        "sum[n] y[n] 1/(1 + exp(-z[n]))",
        lambda z: np.sum(Y / (1 + np.exp(-np.clip(z, -700, 700)))),
        None,
    ),
}


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("name", FORMS)
def test_no_overflow(name: str, backend: Any) -> None:
    text, value, slope = FORMS[name]
    outputs = ["L"] if slope is None else ["L", "dL/dz"]
    program = einrnn.parse(f"{CROSS}L := {text}\n").compile(*outputs, backend=backend)
    given = {"z": Z, "y": Y}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = program(**{name: given[name] for name in program.inputs})
        np.testing.assert_allclose(found["L"], value(Z), rtol=1e-12)
        if slope is not None:
            np.testing.assert_allclose(found["dL/dz"], slope(Z), rtol=1e-12, atol=1e-15)


FAR = {
    "exp(z)/(1 + exp(z))": ((1.0, 0.0), (0.0, 0.0)),
    "log(exp(z) + exp(2))": ((800.0, 1.0), (2.0, 0.0)),
    "log(exp(z) + exp(-z))": ((800.0, 1.0), (800.0, -1.0)),
    "log((exp(z) + exp(-z))/2)": ((800 - np.log(2), 1.0), (800 - np.log(2), -1.0)),
    "log(2*exp(z) + exp(1) + exp(z/2))": ((800 + np.log(2), 1.0), (1.0, 0.0)),
    "log(exp(2*z) + 3*exp(2*z))": ((1600 + np.log(4), 2.0), (np.log(4) - 1600, 2.0)),
    "log(cosh(z))": ((800 - np.log(2), 1.0), (800 - np.log(2), -1.0)),
    "sinh(z)/cosh(z)": ((1.0, 0.0), (-1.0, 0.0)),
    "log(exp(z)/(exp(z) + exp(1)))": ((0.0, 0.0), (-801.0, 1.0)),
}


@pytest.mark.parametrize("text", FAR)
@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_nothing_overflows_far_from_zero(text, backend):
    program = einrnn.parse(f"input z\nL := {text}\n").compile("L", "dL/dz", backend=backend)
    for z, (value, slope) in zip((800.0, -800.0), FAR[text], strict=True):
        found = program(z=np.array(z))
        assert float(found["L"]) == pytest.approx(value, abs=1e-12)
        assert float(found["dL/dz"]) == pytest.approx(slope, abs=1e-12)


def test_a_cross_entropy_as_it_is_written():
    text = "input q[N,K], y[N] integer in K\nL := -sum[n] log(exp(q[n,y[n]])/sum[k] exp(q[n,k]))\n"
    q, y = 1000 * np.random.default_rng(0).standard_normal((5, 4)), np.array([0, 3, 2, 2, 1])
    found = einrnn.parse(text).compile("L", "dL/dq")(q=q, y=y)
    top = q.max(axis=1, keepdims=True)
    p = np.exp(q - top)
    total = p.sum(axis=1)
    wanted = (top[:, 0] + np.log(total) - q[np.arange(5), y]).sum()
    assert float(found["L"]) == pytest.approx(wanted)
    np.testing.assert_allclose(found["dL/dq"], p / total[:, None] - np.eye(4)[y], atol=1e-12)


SPELLED = {
    "in parts": "Z[t] := sum[k] exp(q[t,k])\np[t,k] := exp(q[t,k])/Z[t]\n",
    "at once": "p[t,k] := exp(q[t,k])/sum[l] exp(q[t,l])\n",
    "by name": "p[t,k] := softmax[k](q[t,k])\n",
}


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("name", SPELLED)
def test_a_softmax_however_it_is_written(name, backend):
    text = "input q[T,K], y[T,K]\n" + SPELLED[name] + "L := -y[t,k] log(p[t,k])\n"
    q, y = np.array([[300.0, -700, 300, 1], [1e3, 0, 1e3, 1e4]]), np.eye(4)[[1, 0]]
    found = einrnn.parse(text).compile("L", "dL/dq", "p", backend=backend)(q=q, y=y)
    logs = q - np.logaddexp.reduce(q, axis=1)[:, None]
    np.testing.assert_allclose(found["L"], -(y * logs).sum(), rtol=1e-14)
    np.testing.assert_allclose(found["p"], np.exp(logs), atol=1e-15)
    np.testing.assert_allclose(found["dL/dq"], np.exp(logs) - y, atol=1e-15)


LONG = """
input q[T,K], A[K,K], y[T,K]
a[t,k] := softmax[k](q[t,k] + A[k,l] a[t-1,l])   with a[-1,k] := 0
L := y[t,k] log(a[t,k])
"""
SHORT = "input q[T,K], y[T,K]\nL := y[t,k] log(softmax[k](q[t,k]))\n"


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("recurs", [False, True])
def test_what_all_logits_have_in_common_costs_no_digits(recurs, backend):
    rng = np.random.default_rng(0)
    # whole numbers and eighths, so that the common part is added without rounding
    q = (rng.integers(-16, 16, (5, 4)) / 8).astype(np.float32)
    given = {"y": np.eye(4, dtype=np.float32)[rng.integers(4, size=5)]}
    given |= {"A": np.zeros((4, 4), np.float32)} if recurs else {}
    program = einrnn.parse(LONG if recurs else SHORT).compile("L", backend=backend)
    near, far = (program(q=q + np.float32(c), **given) for c in (0, 4096))
    assert float(far["L"]) == pytest.approx(float(near["L"]), rel=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "at",
    [
        (-1e9, 1.5, 2),
        (1.5, -1e9, -1e9),
        (-1e6, -3.3, -1e6),
        (-1e6, -1e6, 0.25),
        (-1e17, 1.5, -1e30),
        (2, 2, 2),
        (-np.inf, 1, 1),
    ],
)
def test_what_is_far_below_leaves_the_rest(at: tuple[float, ...], dtype: str, backend: str):
    document = einrnn.parse("input a, b, c\nm := log(exp(a) + exp(b) + exp(c))\n")
    program = document.compile("m", "dm/da", "dm/db", "dm/dc", backend=backend)
    found = program(**{name: np.array(x, dtype) for name, x in zip("abc", at, strict=True)})
    shares = np.exp(np.array(at) - np.logaddexp.reduce(at))
    precision = 1e-6 if dtype == "float32" else 1e-14
    assert float(found["m"]) == pytest.approx(np.logaddexp.reduce(at), rel=precision)
    for name, share in zip("abc", shares, strict=True):
        assert float(found[f"dm/d{name}"]) == pytest.approx(share, rel=precision, abs=precision)


def _attended(k, v):
    rows = [np.exp(k[: t + 1] - k[: t + 1].real.max()) for t in range(len(k))]
    return np.array([row @ v[: t + 1] / row.sum() for t, row in enumerate(rows)])


AVERAGES = {
    "one quotient": "o[t] := (sum[r=0..t] exp(k[r]) v[r])/(sum[r=0..t] exp(k[r]))",
    "with names": (
        "n[t] := sum[r=0..t] exp(k[r]) v[r]\nz[t] := sum[r=0..t] exp(k[r])\no[t] := n[t]/z[t]"
    ),
    "shares": (
        "index t, r : T\nE[r] := exp(k[r])\nz[t] := sum[r: r <= t] E[r]\n"
        "p[t,r] := { E[r]/z[t] if r <= t ; 0 otherwise }\no[t] := p[t,r] v[r]"
    ),
    "the last apart": (
        "o[t] := (sum[r=0..t-1] exp(k[r]) v[r] + exp(k[t]) v[t])/(sum[r=0..t-1] exp(k[r])"
        " + exp(k[t]))"
    ),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", AVERAGES)
@pytest.mark.parametrize("size", [4, 300])
def test_averages_so_far_do_not_overflow(size: int, name: str, backend: str):
    """Also in gradients, where a square of the divisor would be infinite first."""
    document = einrnn.parse(f"dim T\ninput k[T], v[T]\n{AVERAGES[name]}\nL := sum[t] o[t]^2\n")
    program = document.compile("o", "L", "dL/dk", backend=backend)
    rng = np.random.default_rng(0)
    k, v = 50 * rng.normal(size=size), rng.normal(size=size)
    k[:4], v[:4] = [50, 10, 48, 3], [1, 2, 3, 4]
    found = program(k=k.astype("float32"), v=v.astype("float32"))
    k, v = k.astype("float32").astype(float), v.astype("float32").astype(float)
    np.testing.assert_allclose(found["o"], _attended(k, v), atol=2e-4)
    wanted = np.zeros(size)
    for at in range(size):
        moved = k.astype(complex)
        moved[at] += 1e-30j
        wanted[at] = (_attended(moved, v) ** 2).sum().imag / 1e-30
    np.testing.assert_allclose(found["dL/dk"], wanted, atol=2e-4 * max(1, np.abs(wanted).max()))


def test_an_average_over_nothing_is_none():
    program = einrnn.parse(
        "dim T\ninput k[T], v[T]\n"
        "y[t] := (sum[r=0..t-1] exp(k[r]) v[r])/(sum[r=0..t-1] exp(k[r]))\n"
    ).compile("y")
    found = program(k=np.array([1.0, 2, 3]), v=np.array([1.0, 2, 3]))["y"]
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:], [1, (np.e + 2 * np.e**2) / (np.e + np.e**2)])


@pytest.mark.parametrize("backend", BACKENDS)
def test_sums_under_conditions_on_data_do_not_overflow(backend: str):
    """Plackett and Luce's likelihood, and a pool over as many as are there."""
    rng = np.random.default_rng(0)
    s, o = (100 * rng.normal(size=6)).astype("float32"), rng.permutation(6)
    ranked = einrnn.parse(
        "input s[N], o[N] integer in N\nL := sum[i] (log(sum[j: j >= i] exp(s[o[j]])) - s[o[i]])\n"
    ).compile("L", "dL/ds", backend=backend)(s=s, o=o)
    logs = [np.logaddexp.reduce(s[o[i:]].astype(float)) for i in range(6)]
    assert float(ranked["L"]) == pytest.approx(sum(logs) - s.sum(), rel=1e-5)
    assert np.isfinite(np.asarray(ranked["dL/ds"])).all()
    pooled = einrnn.parse(
        "dim B, T\nindex b : B\ninput s[B,T], c[T], n[B] integer in T\n"
        "Z[b] := sum[t: t < n[b]+1] exp(s[b,t])\n"
        "o[b] := (sum[t: t < n[b]+1] exp(s[b,t]) c[t])/Z[b]\nL := sum[b] o[b]^2\n"
    ).compile("o", "dL/ds", backend=backend)
    n, c = np.array([2, 4]), rng.normal(size=6).astype("float32")
    many = (200 * rng.normal(size=(2, 6))).astype("float32")
    found = pooled(s=many, n=n, c=c)
    wanted = [_attended(many[b].astype(float), c)[n[b]] for b in range(2)]
    np.testing.assert_allclose(found["o"], wanted, rtol=1e-4)
    assert np.isfinite(np.asarray(found["dL/ds"])).all()


def test_a_divisor_that_is_differentiated_by_stays():
    program = einrnn.parse(
        "input q[K], w[K]\nZ := sum[k] exp(q[k])\ny[k] := exp(q[k])/Z\nL := sum[k] w[k] y[k]\n"
    ).compile("dL/dZ", "dL/dq")
    q, w = np.array([0.3, 0.2, -1.0]), np.array([1.0, 2, 3])
    found = program(q=q, w=w)
    total = np.exp(q).sum()
    assert float(found["dL/dZ"]) == pytest.approx(-(w @ np.exp(q)) / total**2)
    shares = np.exp(q) / total
    np.testing.assert_allclose(found["dL/dq"], shares * (w - w @ shares), rtol=1e-12)
