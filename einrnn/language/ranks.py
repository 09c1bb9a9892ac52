"""How many indices an expression leaves out, and how products pair them."""

from __future__ import annotations

from einrnn.core.functions import FUNCTIONS
from einrnn.core.trampoline import Steps, trampoline
from einrnn.errors import Span
from einrnn.language import ast
from einrnn.language.group import grouped
from einrnn.language.indexing import Indexing
from einrnn.language.names import CONSTANTS, DELTAS, MATRIX, REDUCERS, Names
from einrnn.language.problem import fail

Factors = tuple[tuple[str, ast.Ast], ...]
Plan = dict[int, tuple[list[int], list[str]]]


class Ranks:
    """The ranks of the expressions of one statement."""

    def __init__(self, names: Names, indexing: Indexing) -> None:
        self.names = names
        self.indexing = indexing
        self._known: dict[int, tuple[ast.Ast, int]] = {}
        self._run = trampoline(self._rank)

    def rank(self, node: ast.Ast) -> int:
        """The number of indices that are left out."""
        known = self._known.get(id(node))
        return known[1] if known is not None else self._run(node)

    def _rank(self, node: ast.Ast) -> Steps[int]:
        known = self._known.get(id(node))
        if known is None:
            value = yield self._compute(grouped(node, self.names))
            known = self._known[id(node)] = (node, value)
        return known[1]

    def _compute(self, node: ast.Ast) -> Steps[int]:
        match node:
            case ast.Name(name, span):
                if self.indexing.is_position(name) or self._constant(name):
                    return 0
                return self._of_tensor(name, 0, span, span)
            case ast.Indexed():
                return (yield self._indexed(node))
            case ast.Call():
                return (yield self._call(node))
            case ast.Group():
                return (yield self._rank(self.single(node)))
            case ast.Transposed(base):
                self._tensor_wanted(base)
                rank = yield self._rank(base)
                return _needs(rank, 2, base.span, "a transpose")
            case ast.Sum(terms):
                return (yield self._equal(tuple(term for _, term in terms), "added"))
            case ast.Product(factors):
                ranks: list[int] = []
                for _, factor in factors:
                    ranks.append((yield self._rank(factor)))
                self._tensors_wanted(factors, ranks)
                return _result(factors, ranks, node.span)
            case ast.Power(base, exponent):
                below = yield self._rank(exponent)
                _needs(below, 0, exponent.span, "an exponent")
                return (yield self._rank(base))
            case ast.Cases(branches):
                values = tuple(branch.value for branch in branches)
                return (yield self._equal(values, "alternatives"))
            case ast.Scoped(op, _, body) if op in MATRIX:
                assert isinstance(body, ast.Group)
                _needs((yield self._rank(body.items[0])), 0, body.span, "an entry")
                return 2 if op in ("inv", "matpow") else 0
            case ast.Scoped(_, _, body):
                return (yield self._rank(body))
            case ast.Derivative(_, body):
                self._tensor_wanted(body)
                if isinstance(body, ast.Name) and self.names.is_tensor(body.name):
                    return self._of_tensor(body.name, 0, body.span, body.span) + self.wrt(node)
                return (yield self._rank(body)) + self.wrt(node)
            case _:
                return 0

    def _constant(self, name: str) -> bool:
        return name in CONSTANTS and not self.names.is_tensor(name)

    def _of_tensor(self, name: str, used: int, span: Span, shown: Span) -> int:
        tensor = self.names.tensor(name, used, shown)
        rank = used if tensor.rank is None else tensor.rank
        if used > rank:
            raise fail(
                "E203",
                f"{name} has {_indices(rank)} and is used with {used}",
                span,
                f"{used} given",
                f"write {name}[{','.join('…' * rank)}]"
                if rank
                else f"write {name} without a bracket",
            )
        return rank - used

    def _indexed(self, node: ast.Indexed) -> Steps[int]:
        count = len(node.bracket.items)
        head = node.head
        if isinstance(head, ast.Name):
            if head.name in DELTAS and not self.names.is_tensor(head.name):
                if count != 2:
                    raise fail(
                        "E203",
                        f"{head.name} has 2 indices and is used with {count}",
                        node.span,
                        f"{count} given",
                        f"write {head.name}[i,j]",
                    )
                return 0
            if head.name in self.indexing.letters and not self.names.is_tensor(head.name):
                self._not_a_letter(head, count)
            return self._of_tensor(head.name, count, node.span, head.span)
        rank = yield self._rank(head)
        if count > rank:
            raise fail(
                "E203",
                f"this has {_indices(rank)} left and is used with {count}",
                node.bracket.span,
                f"{count} given",
                "write all indices in one bracket, x[i,j], as many as there are axes",
            )
        return rank - count

    def _not_a_letter(self, head: ast.Name, count: int) -> None:
        """A name used as an index letter and as a tensor in one statement."""
        if self.names.declares_inputs or self.names.is_dim(head.name):
            raise self._unknown(head, count)

    def _unknown(self, head: ast.Name, count: int) -> Exception:
        diagnostic = self.names.unknown(head.name, head.span, count)
        return fail(
            diagnostic.code,
            diagnostic.message,
            head.span,
            diagnostic.label,
            diagnostic.help,
        )

    def _call(self, node: ast.Call) -> Steps[int]:
        name, args = node.head.name, node.args.items
        ranks: list[int] = []
        for arg in args:
            ranks.append((yield self._rank(arg)))
        if name in self.names.tensors:
            return self._opaque(node, ranks)
        self._arity(node)
        if name == "tr" or name in MATRIX:
            self._tensor_wanted(args[0])
            _needs(ranks[0], 2, args[0].span, name)
            return 2 if name in ("inv", "matpow") else 0
        if name in ("dot", "outer"):
            pair = (("*", args[0]), (name, args[1]))
            self._tensors_wanted(pair, ranks)
            return _result(pair, ranks, node.span)
        if name in FUNCTIONS and len(args) == FUNCTIONS[name].arity:
            return (yield self._equal(args, f"arguments of {name}"))
        op = self.reducer(node)
        self._tensor_wanted(args[0])
        if ranks[0] == 0:
            raise fail(
                "E205",
                f"{name} needs an index to run over",
                node.span,
                "no index given",
                f"write {name}[k](…)",
            )
        return ranks[0] if op == "softmax" else 0

    def _arity(self, node: ast.Call) -> None:
        name, given = node.head.name, len(node.args.items)
        wanted = {"tr": 1, "dot": 2, "outer": 2, "matpow": 2}.get(name, 1)
        if name in FUNCTIONS:
            wanted = FUNCTIONS[name].arity
        if given != wanted and not (name in REDUCERS and given == 1):
            raise fail(
                "E408",
                f"{name} takes {wanted} argument{'s' * (wanted != 1)} and is given {given}",
                node.span,
                f"{given} given",
                f"write {name}({', '.join('xyz'[:wanted])})",
            )

    def reducer(self, node: ast.Call) -> str:
        """The operation of a call such as ``sum(a)``."""
        name = node.head.name
        if name == "d":
            raise fail(
                "E503",
                "below the line of this derivative stands no d before a name",
                node.span,
                "the upper part",
                "write d(…)/dW[i,j]; give what you differentiate by a name of its own",
            )
        if name not in REDUCERS:
            raise fail(
                "E408",
                f"{name} is not used like this",
                node.span,
                "",
                f"write {name}[i,j]" if name in DELTAS else f"write {name}(…) of one matrix",
            )
        return REDUCERS[name]

    def _opaque(self, node: ast.Call, ranks: list[int]) -> int:
        tensor = self.names.tensors[node.head.name]
        assert tensor.function is not None
        declared = tensor.function.args
        if len(declared) != len(ranks):
            raise fail(
                "E408",
                f"{node.head.name} takes {len(declared)} arguments and is given {len(ranks)}",
                node.span,
                f"{len(ranks)} given",
                f"write {node.head.name}({', '.join(arg.name.name for arg in declared)})",
            )
        for arg, rank, said in zip(node.args.items, ranks, declared, strict=True):
            wanted = len(said.bracket.items) if said.bracket else 0
            if wanted:
                self._tensor_wanted(arg)
            _needs(rank, wanted, arg.span, f"argument {said.name.name} of {node.head.name}")
        return tensor.rank or 0

    def wrt(self, node: ast.Derivative) -> int:
        """The indices left out below a derivative; checks that one can differentiate by it."""
        name = node.name
        count = len(node.args.items) if node.args else 0
        number = self.names.is_dim(name.name) or name.name in self.indexing.letters
        if number and not self.names.is_tensor(name.name):
            raise fail(
                "E504",
                f"there is no derivative by {name.name}",
                name.span,
                "this is a whole number, not a real one",
                f"differentiate by a tensor; the change from {name.name} to {name.name}+1 is a "
                "difference",
            )
        span = name.span.to(node.args.span) if node.args else name.span
        tensor = self.names.tensors.get(name.name)
        for fact in tensor.facts if tensor else ():
            if fact.name in ("constant", "integer", "boolean"):
                raise fail(
                    "E505",
                    f"there is no derivative by {name.name}, which is declared {fact.name}",
                    name.span,
                    fact.name,
                    f"leave {fact.name} out where {name.name} is declared, if it may vary",
                )
        return self._of_tensor(name.name, count, span, name.span)

    def scalar(self, node: ast.Ast, what: str) -> None:
        """An error unless no index is left out."""
        _needs(self.rank(node), 0, node.span, f"what is {what}")

    def single(self, group: ast.Group) -> ast.Ast:
        """The expression in a parenthesis that holds one."""
        if len(group.items) != 1:
            raise fail(
                "E115",
                "a list of expressions stands where one is expected",
                group.span,
                "several expressions with commas",
                "only functions take several arguments, max(a, b)",
            )
        return group.items[0]

    def _equal(self, nodes: tuple[ast.Ast, ...], what: str) -> Steps[int]:
        """The common rank; an expression without indices goes with every other."""
        rank = 0
        for node in nodes:
            own = yield self._rank(node)
            if own and rank and own != rank:
                raise fail(
                    "E207",
                    f"{what} have {_indices(rank)} and {_indices(own)} left out",
                    node.span,
                    f"{_indices(own)} left out here",
                    "write the indices",
                )
            rank = max(rank, own)
        if rank:
            for node in nodes:
                self._tensor_wanted(node)
        return rank

    def _tensor_wanted(self, node: ast.Ast) -> None:
        """An error where a tensor is wanted and a name stands that without indices is a size."""
        while isinstance(node, ast.Group) and len(node.items) == 1:
            node = node.items[0]
        if isinstance(node, ast.Name) and self.names.is_both(node.name):
            raise fail(
                "E413",
                f"{node.name} without indices is the size {node.name}",
                node.span,
                "a number, not the tensor",
                f"write {node.name}[…] with its indices, or give the tensor another name",
            )

    def _tensors_wanted(self, factors: Factors, ranks: list[int]) -> None:
        """Both sides of a product of whole tensors are tensors."""
        for number, (op, factor) in enumerate(factors):
            around = ranks[number - 1 : number + 1]
            if number and (op in ("@", "outer") or (op == "dot" and any(around))):
                self._tensor_wanted(factors[number - 1][1])
                self._tensor_wanted(factor)

    def plan(self, factors: Factors, span: Span) -> Plan:
        """For each tensor factor: its indices, as places in the result or (negative)
        as places in its list of summed letters."""
        ranks = [self.rank(factor) for _, factor in factors]
        return _pair(factors, ranks, span)[0]


def _indices(count: int) -> str:
    return "no indices" if count == 0 else "1 index" if count == 1 else f"{count} indices"


def _needs(rank: int, wanted: int, span: Span, what: str) -> int:
    if rank != wanted:
        kind = {0: "a number", 1: "a vector", 2: "a matrix"}
        raise fail(
            "E207",
            f"{what} needs {kind.get(wanted, 'a tensor')}, and this has {_indices(rank)} left out",
            span,
            kind.get(rank, f"a tensor of {rank} axes"),
            "write the missing indices"
            if rank > wanted
            else "leave indices out: a whole matrix is A, not A[i,j]",
        )
    return rank


def _result(factors: Factors, ranks: list[int], span: Span) -> int:
    return _pair(factors, ranks, span)[1]


def _pair(factors: Factors, ranks: list[int], span: Span) -> tuple[Plan, int]:
    """Pairs the axes of a product from left to right; also the rank of the result."""
    slots: list[tuple[int, int]] = []
    contracted: dict[tuple[int, int], str] = {}
    for position, ((op, factor), rank) in enumerate(zip(factors, ranks, strict=True)):
        axes = [(position, axis) for axis in range(rank)]
        if op == "@" or (op == "dot" and (slots or axes)):
            count = 1 if op == "@" else len(axes)
            if not slots or not axes or (op == "dot" and len(slots) != len(axes)):
                raise _cannot(op, factor, len(slots), rank)
            left = slots[-count:]
            for number, (a, b) in enumerate(zip(left, axes[:count], strict=True)):
                contracted[a] = contracted[b] = f"{span.start}.{position}.{number}"
            slots = slots[:-count] + axes[count:]
        elif op == "outer":
            slots = slots + axes
        elif (slots and axes) or (op == "/" and axes):
            raise _cannot(op, factor, len(slots), rank)
        else:
            slots = slots or axes
    place = {slot: number for number, slot in enumerate(slots)}
    plan: Plan = {}
    for position, rank in enumerate(ranks):
        own: list[int] = []
        keys: list[str] = []
        for axis in range(rank):
            if (position, axis) in place:
                own.append(place[position, axis])
            else:
                keys.append(contracted[position, axis])
                own.append(-len(keys))
        if rank:
            plan[position] = (own, keys)
    return plan, len(slots)


def _cannot(op: str, factor: ast.Ast, left: int, right: int) -> Exception:
    sign = {"*": "a product", "/": "a quotient"}.get(op, op)
    help_text = "write the indices"
    if op in ("*", "/"):
        help_text = "write '@' for the matrix product, 'outer' for the outer one, or the indices"
    return fail(
        "E207",
        f"{sign} cannot join what has {_indices(left)} left out with what has {_indices(right)}",
        factor.span,
        f"{_indices(right)} left out here",
        help_text,
    )
