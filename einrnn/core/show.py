"""The printed form of the core: stable, complete, one line; made for tests and debugging.

People read :mod:`einrnn.language.text` instead, which follows the notation.
"""

from __future__ import annotations

from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Argument,
    Atom,
    Cases,
    Compare,
    Derivative,
    Element,
    Index,
    Matrix,
    Mul,
    Node,
    Not,
    Number,
    Opaque,
    Or,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import walk


def show(root: Node) -> str:
    """The whole structure as prefix text, e.g. ``(sum k 0..K-1 (* y[t,k] z[k]))``."""
    done: dict[Node, str] = {}
    for node in walk(root):
        done[node] = _show(node, done)
    return done[root]


def _show(node: Node, done: dict[Node, str]) -> str:
    def row(head: str, below: tuple[Node, ...]) -> str:
        return "(" + " ".join([head, *(done[part] for part in below)]) + ")"

    def entries(values: tuple[Node, ...]) -> str:
        return ",".join(done[value] for value in values)

    def letters(indices: tuple[Index, ...], sizes: tuple[Affine, ...]) -> str:
        return ",".join(f"{i.name}<{done[s]}" for i, s in zip(indices, sizes, strict=True))

    match node:
        case Affine(constant, terms):
            return _affine(constant, terms, done)
        case Number(value):
            return str(value)
        case Value(index):
            return f"<{done[index]}>"
        case Element(tensor, args):
            return f"{tensor}[{entries(args)}]"
        case Add(terms):
            return row("+", terms)
        case Mul(factors):
            return row("*", factors)
        case Pow(base, exponent):
            return row("^", (base, exponent))
        case Apply(function, args):
            return row(function, args)
        case Reduce(op, index, lo, hi, body):
            return f"({op} {index.name} {done[lo]}..{done[hi]} {done[body]})"
        case Cases(branches, otherwise):
            rows = [f"{done[value]} if {done[cond]}" for cond, value in branches]
            return "{" + "; ".join([*rows, done[otherwise]]) + "}"
        case Matrix(op, r, c, size, body, power, at):
            exponent = f"^{done[power]}" if op == "matpow" else ""
            return f"({op}{exponent} {r.name},{c.name}<{done[size]} {done[body]})[{entries(at)}]"
        case Argument(indices, sizes, body):
            return f"({letters(indices, sizes)} -> {done[body]})"
        case Opaque(name, at, args, partials):
            by = "".join(f"_{position}[{entries(entry)}]" for position, entry in partials)
            return row(f"?{name}{by}[{entries(at)}]", args)
        case Derivative(kind, body, tensor, args):
            return row(f"{kind}/{tensor}[{entries(args)}]", (body,))
        case Compare(op, left, right):
            return row(op, (left, right))
        case And(below):
            return row("and", below)
        case Or(below):
            return row("or", below)
        case Not(part):
            return row("not", (part,))
        case _:
            raise TypeError(f"not a node: {type(node).__name__}")


def _affine(constant: int, terms: tuple[tuple[Atom, int], ...], done: dict[Node, str]) -> str:
    text = ""
    for atom, coefficient in sorted(terms, key=lambda pair: pair[1] < 0):
        name = done[atom] if isinstance(atom, Element) else atom.name
        sign = "-" if coefficient < 0 else "+" if text else ""
        times = "" if abs(coefficient) == 1 else f"{abs(coefficient)}*"
        text += f"{sign}{times}{name}"
    if constant or not text:
        text += f"{constant:+d}" if text else str(constant)
    return text
