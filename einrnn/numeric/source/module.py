"""Generated code as a module of its own, for those who have nothing else."""

from __future__ import annotations

from collections.abc import Mapping

_CHECK = '''

# the sizes that this is written for: {sizes}
SHAPES = {{
{shapes}
}}
_unchecked = program


def program(given):
    """Outputs by name from inputs by name, in these shapes."""
    for name, shape in SHAPES.items():
        found = tuple(np.shape(given[name]))
        if found != shape:
            raise ValueError(f"{{name}} has shape {{found}}; this module is written for {{shape}}")
    return _unchecked({given})
'''


def module(
    text: str, backend: str, sizes: Mapping[str, int], shapes: Mapping[str, tuple[int, ...]]
) -> str:
    """The code with a check of what it is given: it is right for these shapes only. The code for
    numpy, which computes in place, is given arrays of its own dtype."""
    given = "given"
    if backend == "numpy":
        given = "{name: _array(given[name]) for name in SHAPES}"
        text += _ARRAY
    rows = "\n".join(f"    {name!r}: {shape!r}," for name, shape in shapes.items())
    said = ", ".join(f"{name}={size}" for name, size in sizes.items()) or "none"
    return text + _CHECK.format(sizes=said, shapes=rows, given=given)


_ARRAY = """

def _array(given):
    array = np.asarray(given)
    return array.astype(DTYPE, copy=False) if array.dtype.kind == "f" else array
"""
