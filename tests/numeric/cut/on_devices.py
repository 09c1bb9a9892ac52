"""Run with eight host devices: sharded programs against the program on one, collectives counted.

Prints one line a case: the name, the largest difference, all-reduces, other collectives.
"""

import re
import sys

import numpy as np

import einrnn
from tests.numeric.calculus.documents import RNN, rnn_data

NORMED = """
dim N, F, K
index n : N
input x[N,F], w[F,K], y[N,K], c
m[f]     := 1/N sum[n] x[n,f]
v[f]     := 1/N sum[n] (x[n,f] - m[f])^2
z[n,f]   := (x[n,f] - m[f]) / sqrt(v[f] + 1)
p[n,k]   := softmax[k](w[f,k] z[n,f])
L        := -1/N sum[n] y[n,k] log(p[n,k]) + c w[f,k]^2
R        := log(1 + sum[n,k] p[n,k]^2)
"""

# two indices of one size, of which one is cut
TWINS = """
dim N, M
index a : N
input A[N,N], u[N], v[N,M]
r[a,m] := sum[c] A[a,c] v[c,m]
L      := u[a] r[a,m] r[a,m]
"""


WORDS = """
dim B, D, H, K
index b : B
input x[B] integer in D, y[B] integer in K, U[H,D], V[K,H]
q[b,k] := V[k,i] tanh(U[i,x[b]])
p[b,k] := softmax[k](q[b,k])
L      := -sum[b] log(p[b,y[b]])
"""


def words_data():
    rng = np.random.default_rng(3)
    return {
        "x": rng.integers(5, size=16),
        "y": rng.integers(6, size=16),
        "U": rng.normal(size=(4, 5)),
        "V": rng.normal(size=(6, 4)),
    }


def normed_data():
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(24, 3)), rng.normal(size=(3, 4))
    return {"x": x, "w": w, "y": np.eye(4)[rng.integers(4, size=24)], "c": np.array(0.3)}


def twins_data():
    rng = np.random.default_rng(2)
    return {
        "A": rng.normal(size=(16, 16)),
        "u": rng.normal(size=16),
        "v": rng.normal(size=(16, 3)),
    }


CASES = {
    "rnn": (RNN, ("L", "dL/dU", "dL/dV", "dL/dW"), "b", rnn_data(B=16)),
    "states": (RNN, ("s[t,b,i]", "yhat"), "b", rnn_data(B=16)),
    "both": (RNN, ("L", "dL/dx", "dL/dW"), "b", rnn_data(B=8)),
    "normed": (NORMED, ("L", "dL/dw", "R", "z"), "n", normed_data()),
    "words": (WORDS, ("L", "dL/dU", "dL/dV", "p"), "b", words_data()),
    "twins": (TWINS, ("L", "r", "dL/du", "dL/dv"), "a", twins_data()),
}


def main(name):
    import jax

    jax.config.update("jax_enable_x64", True)
    assert jax.device_count() == 8
    text, outputs, letter, data = CASES[name]
    program = einrnn.parse(text).compile(*outputs, backend="jax")
    sharded = program.shard(letter, jax.make_mesh((8,), ("devices",)))
    found, expected = sharded(**data), einrnn.parse(text).compile(*outputs)(**data)
    error = max(np.abs(np.asarray(found[o]) - expected[o]).max() for o in outputs)
    for output, axis in sharded.outputs.items():
        spread = not found[output].sharding.is_fully_replicated
        assert spread == (axis is not None), output
    code = sharded.lower(**data).compile().as_text()
    reduces = len(re.findall(r"= \S+ all-reduce(?:-start)?\(", code))
    others = r"= \S+ (?:all-gather|all-to-all|collective-permute|reduce-scatter)(?:-start)?\("
    print(name, f"{error:.1e}", reduces, len(re.findall(others, code)))


if __name__ == "__main__":
    for case in sys.argv[1:]:
        main(case)
