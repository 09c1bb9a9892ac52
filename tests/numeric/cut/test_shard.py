"""Programs over eight devices, in a process of their own, and indices that cannot be cut."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import einrnn
from tests.numeric.calculus.documents import LSTM, RNN

jax = pytest.importorskip("jax")
ROOT = Path(__file__).parents[3]

# all-reduces: one for all gradients, none where nothing is summed, one per round of sums
REDUCES = {"rnn": 1, "states": 0, "both": 1, "normed": 3, "twins": 1, "words": 1}


def test_on_eight_devices():
    flags = "--xla_force_host_platform_device_count=8"
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "tests.numeric.cut.on_devices", *REDUCES]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == list(REDUCES)
    for name, error, reduces, others in rows:
        assert float(error) < 1e-10, name
        assert (int(reduces), int(others)) == (REDUCES[name], 0), name


def mesh():
    return jax.make_mesh((1,), ("devices",))


RECURRENT_SUM = """
dim B, T
index t : T
input x[T,B]
m[t]   := sum[b] h[t,b] m[t-1]   with m[-1] := 1
h[t,b] := tanh(x[t,b])
L      := sum[t] m[t]
"""


@pytest.mark.parametrize(
    ("text", "outputs", "index", "code", "words"),
    [
        (RNN, ["L", "dL/dW"], "t", "E821", "t-1"),
        (RNN, ["L"], "k", "E821", "logsumexp[k"),
        (RNN, ["L"], "i", "E821", "all its positions"),
        (RNN, ["L"], "w", "E820", "no equation"),
        (LSTM, ["L"], "t", "E821", "one position"),
        (RECURRENT_SUM, ["L"], "b", "E821", "every step"),
        ("input x[N]\nL := sum[n] n x[n]", ["L"], "n", "E821", "used as a number"),
        ("input A[N,N], u[N]\nL := u[n] A[n,m] u[m]", ["L"], "n", "E821", "all its positions"),
        ("input x[N], v[2*N]\nL := sum[n] x[n] v[2*n]", ["L"], "n", "E821", "used as 2*n"),
    ],
)
def test_what_cannot_be_cut(text, outputs, index, code, words):
    program = einrnn.parse(text).compile(*outputs, backend="jax")
    with pytest.raises(einrnn.EinrnnError) as error:
        program.shard(index, mesh())
    assert error.value.code == code
    assert words in error.value.message


def test_meshes():
    program = einrnn.parse(RNN).compile("L", backend="jax")
    two = jax.make_mesh((1, 1), ("p", "q"))
    with pytest.raises(einrnn.EinrnnError) as error:
        program.shard("b", two)
    assert error.value.code == "E822"
    assert program.shard("b", two, axis="q").inputs["x"] == 1
    with pytest.raises(einrnn.EinrnnError) as error:
        einrnn.parse(RNN).compile("L").shard("b", two)
    assert error.value.code == "E822"
