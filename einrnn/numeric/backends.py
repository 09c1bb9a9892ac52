"""What programs can run on."""

from __future__ import annotations

from einrnn.errors import EinrnnError

BACKENDS = ("numpy", "native", "jax", "torch")

_BUILT_IN = ("numpy", "native")


def require(backend: str) -> None:
    """Make sure that a backend is there.

    Raises:
        EinrnnError: E801, it is not known, or not installed.
    """
    if backend not in BACKENDS:
        raise EinrnnError("E801", f"no backend {backend!r}", f"there are {', '.join(BACKENDS)}")
    if backend in _BUILT_IN:
        return
    from importlib.util import find_spec

    if find_spec(backend) is None:
        raise EinrnnError(
            "E801",
            f"the backend {backend} needs the package {backend}, which is not installed",
            f"pip install 'einrnn[{backend}]'",
        )
