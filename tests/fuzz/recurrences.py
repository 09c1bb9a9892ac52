"""Random recurrences compiled with their gradients, against differences.

    python -m tests.fuzz.recurrences --seconds 600 --backend native

One or two tensors recur upwards or downwards, over one or two steps, with rows of their own at
the beginning that may or may not be what a turn makes of zeros; a loss sums over some of the
times. Values are compared with the interpreter's, gradients with differences of it. The run ends
with status 1 at the first program that is off.
"""

from __future__ import annotations

import random
import sys

import numpy as np

import einrnn
from einrnn.numeric.interpret import Interpreter
from tests.fuzz.differences import Arrays, error, run, slopes

_HEAD = "dim T, H, B\nindex t : T\nindex b : B\n"
_SHAPES = {
    "x": ("T", "B", "H"),
    "a": ("T", "H"),
    "W": ("H", "H"),
    "V": ("H", "H"),
    "z": ("B", "H"),
    "g": ("T",),
}
_FREE = ["x[t,b,i]", "a[t,i]", "a[t,i] x[t,b,i]", "V[i,j] x[t,b,j]", "g[t] z[b,i]", "t a[t,i]"]
_KINDS = ["{0}", "tanh({0})", "{0}/2", "sin({0})", "a[t,i] {0}", "g[t] {0}", "{0} x[t,b,i]"]
_KINDS += ["{{ a[t-2,i] if t >= 2 ; 0 otherwise }} {0}", "[t >= 1] {0}", "[t < T-2] sin({0})"]


class _Choice:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def one(self, of: list[str]) -> str:
        return self.random.choice(of)

    def recurrence(self, name: str, others: list[str]) -> str:
        """The clauses of a tensor that recurs."""
        up, lags = self.random.random() < 0.6, self.random.choice([1, 1, 2])
        at = [f"t{'-' if up else '+'}{lag}" for lag in range(1, lags + 1)]
        rows = [f"{name}[{place},b,{{0}}]" for place in at]
        before = [row.format("i") for row in rows] + [f"W[i,j] {rows[0].format('j')}"]
        terms = [self.one(before)] + [self.one(before + _FREE) for _ in range(2)]
        terms += [f"{other}[t,b,i]" for other in others]
        free = [term for term in terms if name + "[" not in term]
        body = " + ".join(self.one(_KINDS).format(f"({term})") for term in terms)
        if lags == 2 and rows[1].format("i") not in body:
            body += " - " + rows[1].format("i") + "/3"
        first = [str(-1 - n) if up else f"T+{n}" if n else "T" for n in range(lags)]
        start = ["0", "z[b,i]", "1", "z[b,i]^2"]
        if lags == 1 and free and not others and self.random.random() < 0.5:
            # the first row by itself: what a turn makes of zeros, or twice that
            place = "0" if up else "T-1"
            row = " + ".join(free).replace("t,", f"{place},").replace("[t]", f"[{place}]")
            row = row.replace("t a", f"({place}) a")
            row = row if "b," in row else f"({row}) [b >= 0]"
            scale = self.one(["", "2 "])
            body = " + ".join([self.one(before), *free])
            given = [f"{name}[{place},b,i] := {scale}({row})"]
        elif lags == 2 and up and self.random.random() < 0.5:
            given = [f"{name}[{place},b,i] := {self.one(start)}" for place in "01"]
        else:
            given = [f"{name}[{place},b,i] := {self.one(start)}" for place in first]
        return f"{name}[t,b,i] := {body}   with {', '.join(given)}\n"

    def loss(self, names: list[str]) -> str:
        ranges = ["sum[t,b,i]", "sum[t=1..T-1] sum[b,i]", "sum[t=0..T-2] sum[b,i]"]
        kinds = ["{0}^2", "{0} x[t,b,i]", "a[t,i] {0}^3", "({0} - x[t,b,i])^2", "tanh({0}) g[t]"]
        last = ["", "", " + sum[b,i] {0}[T-1,b,i]^2", " + sum[b,i] z[b,i] {0}[0,b,i]"]
        terms = [
            f"{self.one(ranges)} {self.one(kinds)}".format(f"{name}[t,b,i]")
            + self.one(last).format(name)
            for name in names
        ]
        return "L := " + " + ".join(terms) + "\n"


def text(seed: int) -> str:
    """A document with one or two recurrences and a loss ``L``."""
    choice = _Choice(seed)
    names = ["s", "u"][: choice.random.choice([1, 1, 2])]
    inputs = ", ".join(f"{name}[{','.join(axes)}]" for name, axes in _SHAPES.items())
    clauses = [choice.recurrence(name, names[:at]) for at, name in enumerate(names)]
    return f"{_HEAD}input {inputs}\n{''.join(clauses)}{choice.loss(names)}"


def worst(seed: int, backend: str) -> float:
    """The largest error of the loss, a state or a gradient, as a part of its largest entry."""
    document = einrnn.parse(text(seed))
    document.raise_errors()
    rng = np.random.default_rng(seed)
    sizes = {"T": int(rng.integers(2, 7)), "H": 2, "B": int(rng.integers(1, 3))}
    data = {
        name: rng.normal(size=tuple(sizes[axis] for axis in axes)) * 0.7
        for name, axes in _SHAPES.items()
    }
    gradients = {f"dL/d{name}": name for name in _SHAPES}
    program = document.compile("L", "s[t,b,i]", *gradients, backend=backend)
    # an index that only the recurrence itself has gives a size of its own
    needed = {name: sizes.setdefault(name, 2) for name in program.sizes}
    found = program(**{name: data[name] for name in program.inputs}, **needed)

    def value(name: str, given: Arrays) -> np.ndarray:
        return np.asarray(Interpreter(document.model, sizes, given).tensor(name), dtype=float)

    errors = [error(found["L"], value("L", data))]
    # the rows ahead of the first time come first, those after the last one last
    rows = value("s", data)
    rows = rows[: sizes["T"]] if "s[T" in text(seed).splitlines()[4] else rows[-sizes["T"] :]
    errors.append(error(found["s[t,b,i]"], rows))
    for output, name in gradients.items():
        errors.append(error(found[output], slopes(lambda given: value("L", given), data, name)))
    return max(errors)


if __name__ == "__main__":
    sys.exit(run(__doc__, text, worst))
