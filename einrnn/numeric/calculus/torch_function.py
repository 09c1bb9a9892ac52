"""A program as a torch function: derived derivatives in both modes, also under torch.func."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError
from einrnn.numeric import binding
from einrnn.numeric.calculus import torch_batches
from einrnn.numeric.calculus.batched import batched
from einrnn.numeric.calculus.rules import Rule, Rules, read_by
from einrnn.numeric.generated import Generated
from einrnn.numeric.optional import optional

if TYPE_CHECKING:
    from einrnn.numeric.program import Program

Tensors = dict[str, Any]


class TorchFunction:
    """Call it with the program's arguments, at least one of them a tensor."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._others: dict[Program, TorchFunction] = {}
        self._over: dict[frozenset[str], TorchFunction] = {}

    @cached_property
    def rules(self) -> Rules | None:
        """The derivatives, where it is known what the program computes."""
        formula = self.program.formula
        return None if formula is None else Rules(formula, "torch")

    def owns(self, given: Mapping[str, Any]) -> bool:
        """Whether some argument is a tensor."""
        torch = optional("torch")

        return any(isinstance(value, torch.Tensor) for value in given.values())

    def short(self, names: tuple[str, ...]) -> None:
        """None: whether tensors fit depends on more than their types."""

    def __call__(self, given: Mapping[str, Any]) -> Tensors:
        """The outputs as tensors on the device of the arguments.

        Raises EvaluationError as a call of the program does.
        """
        torch = optional("torch")

        program = self.program
        found = [value for value in given.values() if isinstance(value, torch.Tensor)]
        arrays, sizes = binding.sort_arguments(
            program.model,
            tuple(program.inputs),
            given,
            lambda _, value: torch.as_tensor(value, device=found[0].device),
        )
        arrays = {name: arrays[name] for name in program.inputs}
        dtype = binding.working_dtype(program.model, _shaped(arrays), False)
        tensors: Tensors = {}
        for name, tensor in arrays.items():
            integer = program.model.inputs[name].integer
            if integer and (tensor.is_floating_point() or tensor.is_complex()):
                raise EvaluationError(
                    "E615", f"{name} must hold whole numbers; it is used as positions"
                )
            tensors[name] = tensor if integer else tensor.to(getattr(torch, dtype.name))
        return self.applied(tensors, sizes)

    def applied(self, tensors: Tensors, sizes: Mapping[str, int]) -> Tensors:
        """The outputs of tensors that fit, differentiable where the program's formula is known."""
        if self.rules is None:
            return self.run(tensors, sizes)
        level = torch_batches.level(tensors.values())
        if level is not None:
            moved = torch_batches.opened(tensors, level)
            found = self.over([*moved]).applied({**tensors, **moved}, sizes)
            return torch_batches.closed(found, level)
        rule = None
        if any(tensor.requires_grad for tensor in tensors.values()):
            rule = self.rules.first([n for n, t in tensors.items() if t.is_floating_point()])
        call = _Call(self, tuple(tensors), dict(sizes), rule)
        found = _autograd_function().apply(call, *tensors.values())
        return dict(zip(self.program.outputs, found, strict=False))

    def run(self, tensors: Tensors, sizes: Mapping[str, int]) -> Tensors:
        """The generated code alone."""
        ready = self.program.ready(_shaped(tensors), sizes)
        if not isinstance(ready, Generated):
            raise EvaluationError("E618", "this program has no torch source")
        try:
            return ready.function(tensors)
        except IndexError as problem:
            raise EvaluationError("E603", str(problem)) from None

    def differentiated(self) -> Rules:
        """The derivatives of a function that has them."""
        assert self.rules is not None
        return self.rules

    def other(self, program: Program) -> TorchFunction:
        """The function of a derivative of this one."""
        if program not in self._others:
            self._others[program] = TorchFunction(program)
        return self._others[program]

    def over(self, names: Sequence[str]) -> TorchFunction:
        """The function over a batch of some of its inputs, in their first axes."""
        from einrnn.numeric.program import compile_formula

        key = frozenset(names)
        formula = self.program.formula
        assert formula is not None
        if key not in self._over:
            self._over[key] = TorchFunction(compile_formula(batched(formula, key), "torch"))
        return self._over[key]

    def known_sizes(self, tensors: Tensors, sizes: Mapping[str, int]) -> dict[str, int]:
        """All sizes, from shapes and by name."""
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        return binding.solve(self.program.model, sizes, shapes)


@dataclass(frozen=True)
class _Call:
    """What a call of the autograd function needs beside tensors, which are named ``names``.

    With a ``rule`` it gives the outputs of the rule's forward program: the function's own
    and after them what is kept. Without one nothing is kept.
    """

    function: TorchFunction
    names: tuple[str, ...]
    sizes: dict[str, int]
    rule: Rule | None

    @property
    def whole(self) -> TorchFunction:
        """The function of all that is given back."""
        return self.function if self.rule is None else self.function.other(self.rule.forward)

    def forward(self, tensors: Sequence[Any]) -> tuple[Any, ...]:
        """The outputs by the generated code."""
        return tuple(self.whole.run(self._named(tensors), self.sizes).values())

    def backward(self, saved: Sequence[Any], needed: Sequence[bool], grads: Sequence[Any]) -> Any:
        """The gradients by the tensors, None where they are not needed."""
        whole, count = self.whole, len(self.names)
        tensors = dict(zip(self.names, saved[:count], strict=True))
        pairs = zip(whole.program.outputs, grads, strict=True)
        seeds = {name: grad for name, grad in pairs if grad is not None}
        wanted = [name for name, need in zip(self.names, needed, strict=True) if need]
        if not seeds or not wanted:
            return (None,) * count
        kept = dict(zip(self.rule.of.kept if self.rule else (), saved[count:], strict=True))
        own = seeds.keys() <= self.function.program.outputs.keys()
        rules = (self.function if own else whole).differentiated()
        rule = rules.rule(tuple(seeds), tuple(wanted), tuple(kept))
        sizes = self.function.known_sizes(tensors, self.sizes)
        given = {**tensors, **rule.arguments(seeds, kept)}
        backward = self.function.other(rule.backward)
        arrays = {name: given[name] for name in rule.backward.inputs}
        found = backward.applied(arrays, read_by(rule.backward, {}, sizes))
        return tuple(found.get(name) for name in self.names)

    def tangents(self, saved: Sequence[Any], given: Sequence[Any]) -> tuple[Any, ...]:
        """Tangents of all that is given back, from those of the tensors, None where they stay."""
        tensors = self._named(saved[: len(self.names)])
        pairs = zip(self.names, given, strict=True)
        moved = {name: value for name, value in pairs if value is not None}
        if not moved:
            return (None,) * len(self.whole.program.outputs)
        rule = self.whole.differentiated().tangents(tuple(moved))
        sizes = self.function.known_sizes(tensors, self.sizes)
        every = {**tensors, **rule.arguments(moved, {})}
        arrays = {name: every[name] for name in rule.program.inputs}
        forward = self.function.other(rule.program)
        return tuple(forward.applied(arrays, read_by(rule.program, {}, sizes)).values())

    def over(self, tensors: Sequence[Any], dims: Sequence[int | None]) -> tuple[Any, ...]:
        """The outputs over a batch, which is the axis ``dims`` of the tensors that have one."""
        pairs = list(zip(tensors, dims, strict=True))
        moved = [t if dim is None else t.movedim(dim, 0) for t, dim in pairs]
        names = [n for n, dim in zip(self.names, dims, strict=True) if dim is not None]
        found = self.whole.over(names).applied(self._named(moved), self.sizes)
        return tuple(found.values())

    def _named(self, tensors: Sequence[Any]) -> Tensors:
        return dict(zip(self.names, tensors, strict=True))


@cache
def _autograd_function() -> Any:
    """The autograd function, made when torch is there."""
    torch = optional("torch")

    class Derived(torch.autograd.Function):
        @staticmethod
        def forward(call: _Call, *tensors: Any) -> tuple[Any, ...]:
            return call.forward(tensors)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
            call, *tensors = inputs
            ctx.call = call
            ctx.set_materialize_grads(False)
            saved = *tensors, *output[len(call.function.program.outputs) :]
            ctx.save_for_backward(*saved)
            ctx.save_for_forward(*saved)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
            needed = ctx.needs_input_grad[1:]
            return (None, *ctx.call.backward(ctx.saved_tensors, needed, grads))

        @staticmethod
        def jvp(ctx: Any, _: Any, *given: Any) -> tuple[Any, ...]:
            return ctx.call.tangents(ctx.saved_tensors, given)

        @staticmethod
        def vmap(info: Any, in_dims: tuple[Any, ...], *args: Any) -> Any:
            call, *tensors = args
            found = call.over(tensors, in_dims[1:])
            return found, (0,) * len(found)

    return Derived


class _Like:
    """Shape and dtype of a tensor, as numpy names them."""

    def __init__(self, tensor: Any) -> None:
        self.shape: tuple[int, ...] = tuple(tensor.shape)
        self.dtype: np.dtype[Any] = np.dtype(str(tensor.dtype).removeprefix("torch."))


def _shaped(tensors: Tensors) -> dict[str, _Like]:
    return {name: _Like(tensor) for name, tensor in tensors.items()}
