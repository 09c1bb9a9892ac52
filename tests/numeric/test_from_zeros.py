"""Loops that begin a turn earlier, with zeros: which, and that no value changes.

The oracle is the step-by-step executor of the plan as it was.
"""

import numpy as np
import pytest

import einrnn
from einrnn.numeric.executable import Executable
from einrnn.numeric.execute import Setting
from einrnn.numeric.source.forward import improved
from einrnn.numeric.source.slices import joined
from einrnn.numeric.source.zeroed import from_zeros
from einrnn.numeric.steps import Loop

HEAD = "dim T, B, H\nindex t : T\ninput x[T,B,H], a[T,H], W[H,H], V[H,H], s0[B,H]\n"
RNN = HEAD + "s[t,b,i] := tanh(x[t,b,i] + W[i,j] s[t-1,b,j])   with s[-1,b,i] := s0[b,i]\n"

# text, outputs, and by how many turns all loops together grow
CASES = {
    # the adjoint's last row has no successor
    "rnn": (RNN + "L := sum[t,b,i] (s[t,b,i] - x[t,b,i])^4", ("L", "dL/dW", "dL/dx", "dL/ds0"), 1),
    "two layers": (
        RNN
        + "u[t,b,i] := tanh(V[i,j] s[t,b,j] + W[i,j] u[t-1,b,j])   with u[-1,b,i] := 0\n"
        + "L := sum[t,b,i] (u[t,b,i] - x[t,b,i])^4",
        ("L", "dL/dW", "dL/dV", "dL/dx"),
        2,
    ),
    "forwards": (
        HEAD + "s[t,b,i] := W[i,j] s[t-1,b,j] + x[t,b,i]   with s[0,b,i] := x[0,b,i]",
        ("s",),
        1,
    ),
    "two rows in a turn": (
        HEAD
        + "c[t,b,i] := a[t,i] h[t-1,b,i] + x[t,b,i]   with c[0,b,i] := x[0,b,i]\n"
        + "h[t,b,i] := tanh(c[t,b,i] + W[i,j] h[t-1,b,j])   with h[0,b,i] := tanh(x[0,b,i])",
        ("c", "h"),
        1,
    ),
    # another first row than one more turn would give
    "twice as much": (
        HEAD + "s[t,b,i] := W[i,j] s[t-1,b,j] + x[t,b,i]   with s[0,b,i] := 2 x[0,b,i]",
        ("s",),
        0,
    ),
    "of another time": (
        HEAD + "s[t,b,i] := W[i,j] s[t-1,b,j] + x[t,b,i]   with s[0,b,i] := x[T-1,b,i]",
        ("s",),
        0,
    ),
    "something is added": (
        HEAD + "s[t,b,i] := cos(W[i,j] s[t-1,b,j]) + x[t,b,i]   with s[0,b,i] := x[0,b,i]",
        ("s",),
        0,
    ),
    # one more turn would read a row that is not there
    "gates of the next time": (
        HEAD
        + "s[t,b,i] := a[t,i] s[t-1,b,i] + x[t,b,i]   with s[-1,b,i] := s0[b,i]\n"
        + "L := sum[t,b,i] s[t,b,i]^2",
        ("L", "dL/dx", "dL/da"),
        0,
    ),
}


def turns(plan):
    return sum(abs(s.last - s.first) + 1 for s in plan.main if isinstance(s, Loop))


@pytest.mark.parametrize("length", [2, 3, 7])
@pytest.mark.parametrize("name", CASES)
def test_loops_from_zeros(name, length):
    text, outputs, longer = CASES[name]
    program = einrnn.parse(text).compile(*outputs)
    sizes = {"T": length, "B": 2, "H": 3}
    sizes = {size: sizes[size] for size in program.sizes}
    plan = program.plan(**sizes)
    before = joined(improved(plan, layouts=False))
    after = from_zeros(before)
    if length > 2:  # loops of one turn are unrolled
        assert turns(after) - turns(before) == longer
    setting = Setting(np.dtype("float64"), program.model, sizes, 0)
    rng = np.random.default_rng(length)
    data = {
        name: rng.normal(size=tuple(sizes[str(axis)] for axis in axes))
        for name, axes in program.inputs.items()
    }
    expected = Executable(plan, setting).run(data)
    found = Executable(after, setting).run(data)
    for output in outputs:
        np.testing.assert_allclose(found[output], expected[output], rtol=1e-12, atol=1e-13)


def test_a_large_start():
    """The row ahead of the loop is a sum of a hundred terms, one in the other."""
    terms = " + ".join(f"sin(x[t,b,i] + {n})" for n in range(100))
    first = terms.replace("[t,", "[0,")
    text = HEAD + f"s[t,b,i] := W[i,j] s[t-1,b,j] + ({terms})   with s[0,b,i] := {first}"
    program = einrnn.parse(text).compile("s")
    plan = joined(improved(program.plan(T=4, B=2, H=3), layouts=False))
    assert turns(from_zeros(plan)) - turns(plan) == 1
