"""A linear map of jax arrays whose transpose is known: what jax differentiates in both ways.

A derivative by a custom rule in jax is either for forward or for reverse mode. As a
primitive of its own, a map of tangents is evaluated in forward mode, and transposed into
a map of cotangents in reverse mode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from einrnn.dataclass import dataclass
from einrnn.numeric.optional import optional


class Linear(Protocol):
    """A map of lists of arrays that is linear in some of them, with its transpose."""

    @property
    def avals(self) -> Sequence[Any]:
        """The types of the results, as jax gives them."""
        ...

    def forward(self, known: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
        """The results, which are linear in the tangents."""
        ...

    def transpose(
        self, known: Sequence[Any], cotangents: Mapping[int, Any], wanted: Sequence[int]
    ) -> list[Any]:
        """The cotangents of the tangents ``wanted``, by those of some results."""
        ...


def apply(linear: Linear, known: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    """The results of the map, which jax can differentiate, transpose and batch."""
    return _primitive().bind(*known, *tangents, linear=linear, count=len(known))


@dataclass(frozen=True, eq=False)
class _Batched:
    """A map over the first axis of all tangents and of the known arrays with ``axes`` 0."""

    of: Linear
    axes: tuple[int | None, ...]
    avals: Sequence[Any]

    def forward(self, known: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
        jax: Any = optional("jax")
        axes = list(self.axes), [0] * len(tangents)
        return jax.vmap(self.of.forward, axes)(list(known), list(tangents))

    def transpose(
        self, known: Sequence[Any], cotangents: Mapping[int, Any], wanted: Sequence[int]
    ) -> list[Any]:
        jax: Any = optional("jax")

        def one(known: list[Any], values: list[Any]) -> list[Any]:
            return self.of.transpose(known, dict(zip(cotangents, values, strict=True)), wanted)

        axes = list(self.axes), [0] * len(cotangents)
        return jax.vmap(one, axes)(list(known), list(cotangents.values()))


def _evaluated(*args: Any, linear: Linear, count: int) -> list[Any]:
    return linear.forward(args[:count], args[count:])


def _types(*args: Any, linear: Linear, count: int) -> list[Any]:
    del args, count
    return list(linear.avals)


@cache
def _primitive() -> Any:
    """The primitive with its rules, made when jax is there."""
    ad, mlir = optional("jax.interpreters.ad"), optional("jax.interpreters.mlir")
    batching = optional("jax.interpreters.batching")

    primitive: Any = optional("jax.extend.core").Primitive("einrnn_linear")
    primitive.multiple_results = True
    primitive.def_impl(_evaluated)
    primitive.def_abstract_eval(_types)
    mlir.register_lowering(primitive, mlir.lower_fun(_evaluated, multiple_results=True))
    ad.primitive_jvps[primitive] = _differentiated
    ad.primitive_transposes[primitive] = _transposed
    batching.primitive_batchers[primitive] = _over_batch
    return primitive


def _transposed(cotangents: Sequence[Any], *args: Any, linear: Linear, count: int) -> list[Any]:
    ad = optional("jax.interpreters.ad")
    known, tangents = args[:count], args[count:]
    given = {at: value for at, value in enumerate(cotangents) if type(value) is not ad.Zero}
    wanted = [at for at, value in enumerate(tangents) if ad.is_undefined_primal(value)]
    found: dict[int, Any] = {}
    if given:
        found = dict(zip(wanted, linear.transpose(known, given, wanted), strict=True))
    zeros = {at: ad.Zero(tangents[at].aval) for at in wanted}
    return [None] * count + [(zeros | found).get(at) for at in range(len(tangents))]


def _differentiated(
    args: Sequence[Any], tangents: Sequence[Any], linear: Linear, count: int
) -> tuple[list[Any], list[Any]]:
    """The results and their tangents: of the linear part the same map again."""
    jax: Any = optional("jax")
    ad = optional("jax.interpreters.ad")
    moved = [at for at, value in enumerate(tangents) if type(value) is not ad.Zero]
    result = apply(linear, args[:count], args[count:])
    if all(at >= count for at in moved):
        whole = [ad.instantiate_zeros(value) for value in tangents[count:]]
        return result, apply(linear, args[:count], whole)

    def run(*values: Any) -> list[Any]:
        given = dict(zip(moved, values, strict=True))
        own = [given.get(at, value) for at, value in enumerate(args)]
        return linear.forward(own[:count], own[count:])

    return result, jax.jvp(run, [args[at] for at in moved], [tangents[at] for at in moved])[1]


def _over_batch(
    args: Sequence[Any], dims: Sequence[int | None], linear: Linear, count: int
) -> tuple[list[Any], list[int]]:
    jax: Any = optional("jax")
    jnp = jax.numpy
    size = next(a.shape[d] for a, d in zip(args, dims, strict=True) if d is not None)
    moved = [a if d is None else jnp.moveaxis(a, d, 0) for a, d in zip(args, dims, strict=True)]
    axes = tuple(None if d is None else 0 for d in dims[:count])
    # tangents that all positions share are spread: jax then adds their cotangents up
    pairs = zip(moved[count:], dims[count:], strict=True)
    whole = [jnp.broadcast_to(a, (size, *a.shape)) if d is None else a for a, d in pairs]
    avals = [_wider(aval, size) for aval in linear.avals]
    found = apply(_Batched(linear, axes, avals), moved[:count], whole)
    return found, [0] * len(found)


def _wider(aval: Any, size: int) -> Any:
    """The type of an array with one more axis in front."""
    jax: Any = optional("jax")
    kind: Any = optional("jax.core").ShapedArray
    more = {"vma": aval.vma} if getattr(aval, "vma", None) else {}
    return kind((size, *aval.shape), jax.numpy.dtype(aval.dtype), **more)
