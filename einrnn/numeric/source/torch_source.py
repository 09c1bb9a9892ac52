"""A plan as a torch module: loops in Python, arrays filled in place, on the inputs' device."""

from __future__ import annotations

from collections.abc import Sequence

from einrnn.errors import EvaluationError
from einrnn.numeric.plan import Plan
from einrnn.numeric.source.buffers import Buffers
from einrnn.numeric.source.helpers import HELPERS, TORCH_HELPERS, TORCH_NAMES
from einrnn.numeric.source.numpy_source import Writer
from einrnn.numeric.steps import Assemble, Cast, Constant, Contract, Item, Layout, Map, Span, Step


def torch_source(plan: Plan, dtype: str) -> str:
    """The module's text; its ``program`` takes and gives dictionaries of tensors."""
    writer = _TorchWriter(plan, Buffers())
    body = [*writer.block(plan.constants, 2), *writer.block(plan.main, 2)]
    results = ", ".join(
        f"{name!r}: torch.as_tensor({writer.name(out)}).to(DTYPE).clone().contiguous()"
        for name, out in plan.outputs.items()
    )
    texts = {**HELPERS, **TORCH_HELPERS}
    rows = [
        '"""Generated torch code."""',
        "",
        "import torch",
        "",
        f"DTYPE = torch.{dtype}",
        "",
        "",
        *TORCH_NAMES,
        *(line for name in sorted(writer.helpers) for line in ("", "", *texts[name])),
        "",
        "",
        "def program(given):",
        '    """Outputs by name from inputs by name."""',
        "    given = {name: torch.as_tensor(array) for name, array in given.items()}",
        "    devices = [array.device for array in given.values()] or [torch.device('cpu')]",
        "    with torch.no_grad(), devices[0]:",
        *body,
        f"        return {{{results}}}",
        "",
    ]
    return "\n".join(rows)


class _TorchWriter(Writer):
    """As for numpy, under torch's names."""

    def halved(self, step: Contract) -> bool:
        """Never: blocks would be calls of their own."""
        return False

    def turned(self, text: str, order: Sequence[int]) -> str:
        """The axes in another order."""
        return f"{text}.permute({tuple(order)})"

    def base(self, step: Assemble, whole: int | None) -> str:
        """What the diagonals are written into."""
        if whole is None:
            return f"torch.zeros({step.shape}, dtype=DTYPE)"
        return f"{self.name(step.args[whole])}.clone()"

    def value(self, step: Step) -> str:
        """The right side where torch differs."""
        match step:
            case Constant(_, "true" | "false"):
                return f"torch.tensor({step.value == 'true'})"
            case Constant(_, _, False):
                return super().value(step).replace("DTYPE.type(", "np.number(")
            case Cast(_, source):
                return f"torch.as_tensor({self.name(source)}).to(DTYPE)"
            case Layout(_, source, order):
                return f"{self.turned(self.name(source), order)}.contiguous()"
            case _:
                return super().value(step)

    def item(self, item: Item, size: int) -> str:
        """A position or a slice; torch has no slices that run backwards."""
        if isinstance(item, Span) and item.step < 0:
            raise EvaluationError(
                "E618",
                "this program reads an axis backwards, which torch has no view for",
                'use backend="numpy" or backend="jax"',
            )
        return super().item(item, size)

    def map_(self, step: Map, where: str) -> str:
        """A function of entries."""
        if step.function == "finite":
            return f"np.finite({self.name(step.args[0])})"
        return super().map_(step, where)
