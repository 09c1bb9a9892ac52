"""Generated code as a module of its own, for those who have nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_CHECK = '''

# the sizes that this is written for: {sizes}
SHAPES = {{
{shapes}
}}
INTEGERS = {integers}  # look-ups; everything else is computed with in DTYPE
_unchecked = program

{array}

def program(given):
    """Outputs by name from inputs by name, in these shapes."""
    for name, shape in SHAPES.items():
        if name not in given:
            raise ValueError(f"no array was given for the input {{name}}")
        found = tuple(np.shape(given[name]))
        if found != shape:
            raise ValueError(f"{{name}} has shape {{found}}; this module is written for {{shape}}")
    return _unchecked({{name: _array(name, given[name]) for name in SHAPES}})
'''

_ARRAYS = {
    "numpy": """
def _array(name, given):
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} is {array.dtype}; this module computes in {DTYPE}")
    if name not in INTEGERS:
        return array.astype(DTYPE, copy=False)
    whole = array.astype(np.int64, copy=False)
    if (whole != array).any():
        raise ValueError(f"{name} looks positions up and has numbers that are not whole")
    return whole
""",
    "jax": """
def _array(name, given):
    array = np.asarray(given)
    if np.iscomplexobj(array):
        raise ValueError(f"{name} is {array.dtype}; this module computes in {DTYPE}")
    return array.astype(int if name in INTEGERS else DTYPE)
""",
    "torch": """
def _array(name, given):
    array = torch.as_tensor(given)
    if array.is_complex():
        raise ValueError(f"{name} is {array.dtype}; this module computes in {DTYPE}")
    return array.to(torch.int64 if name in INTEGERS else DTYPE)
""",
}


def module(
    text: str,
    backend: str,
    sizes: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    integers: Iterable[str],
) -> str:
    """The code with a check of what it is given: it is right for these shapes and its own dtype
    only, which whole numbers and other floats are converted to."""
    rows = "\n".join(f"    {name!r}: {shape!r}," for name, shape in shapes.items())
    said = ", ".join(f"{name}={size}" for name, size in sizes.items()) or "none"
    looked_up = tuple(name for name in shapes if name in frozenset(integers))
    return text + _CHECK.format(
        sizes=said, shapes=rows, integers=repr(looked_up), array=_ARRAYS[backend]
    )
