"""Programs called with arrays of jax or torch, traced ones among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from einrnn.numeric.program import Program


class Short(NamedTuple):
    """What to run on arguments of these names, in their order, whose types fit: to sort them takes
    longer than a small program."""

    names: list[str]
    fits: Callable[[Iterable[type]], bool]
    run: Callable[..., dict[str, Any]]


class Foreign(Protocol):
    """A program as a function of another library."""

    def owns(self, given: Mapping[str, Any]) -> bool:
        """Whether some argument is an array of the library."""
        ...

    def __call__(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs as arrays of the library."""
        ...

    def short(self, names: tuple[str, ...]) -> Short | None:
        """The short way for arguments of these names, where there is one."""
        ...


def foreign(program: Program) -> Foreign | None:
    """The library's function for a program of its backend; None for numpy."""
    if program.backend == "jax":
        from einrnn.numeric.calculus.jax_function import JaxFunction

        return JaxFunction(program)
    if program.backend == "torch":
        from einrnn.numeric.calculus.torch_function import TorchFunction

        return TorchFunction(program)
    return None
