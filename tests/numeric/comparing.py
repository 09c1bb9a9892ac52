"""Compiled programs against the interpreter."""

from __future__ import annotations

import numpy as np

from einrnn.core import affine as af
from einrnn.core.nodes import Element, Index
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.program import compile_program


def whole(model, name):
    """A definition as an output: all of its entries."""
    axes = model.axes(name)
    letters = tuple(Index(f"a{number}") for number in range(len(axes)))
    element = Element(name, tuple(af.of(letter) for letter in letters))
    return element, letters, dict(zip(letters, axes, strict=True))


def program(model, *names):
    return compile_program(model, {name: whole(model, name) for name in names})


def run(model, names, sizes, arrays):
    compiled = program(model, *names)
    given = {name: arrays[name] for name in compiled.inputs}
    return compiled(**given, **{name: sizes[name] for name in compiled.sizes})


def agree(model, sizes, arrays, names=None, rtol=1e-10, atol=1e-12):
    """All definitions (or some) have the interpreter's values; gives the compiled ones."""
    names = names or list(model.definitions)
    found = run(model, names, sizes, arrays)
    oracle = Interpreter(model, sizes, arrays)
    for name in names:
        expected = oracle.tensor(name)
        assert found[name].shape == expected.shape, name
        np.testing.assert_allclose(found[name], expected, rtol=rtol, atol=atol, err_msg=name)
    return found
