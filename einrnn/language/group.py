"""Which factors belong together: calls that are products, derivatives, scopes of sums.

A product is parsed flat. Once names are known, ``dE[t] / dW[i,j]`` is one atom, ``N (x)``
is two factors, and ``sum[k] a b`` takes the factors that follow.
"""

from __future__ import annotations

from einrnn.errors import Span
from einrnn.language import ast
from einrnn.language.fractions import check_names
from einrnn.language.higher import denominator, nested, numerator
from einrnn.language.names import CONSTANTS, MATRIX, REDUCERS, Names
from einrnn.language.problem import fail
from einrnn.language.tails import first, last, with_first, with_last

Factors = list[tuple[str, ast.Ast]]


def grouped(node: ast.Ast, names: Names) -> ast.Ast:
    """The node itself, or what it is once its factors are grouped."""
    match node:
        case ast.Product(factors):
            return _product(_flat(list(factors), names), names, node.span)
        case ast.Call() | ast.Indexed() | ast.Power():
            flat = _flat([("*", node)], names)
            if len(flat) == 1 and flat[0][1] is node and not _starts_group(node, names):
                return node
            return _product(flat, names, node.span)
        case ast.Partial():
            raise _lonely_partial(node.span)
        case _:
            return node


def _flat(factors: Factors, names: Names) -> Factors:
    """Calls of what is no function, and brackets with conditions, as factors of their own."""
    flat: Factors = []
    for op, factor in _applied(factors, names):
        base, power = (factor.base, factor) if isinstance(factor, ast.Power) else (factor, None)
        if isinstance(base, ast.Call) and _is_product(base.head.name, names):
            second: ast.Ast = base.args
            flat.append((op, base.head))
        elif isinstance(base, ast.Indexed) and _is_condition(base, names):
            flat += _flat([(op, base.head)], names)
            second = ast.Iverson(base.bracket, base.bracket.span)
        else:
            flat += _beside_exponent(op, factor, names)
            continue
        if power is not None:
            second = ast.Power(second, power.exponent, second.span.to(power.span))
        flat.append(("*", second))
    return flat


def _applied(factors: Factors, names: Names) -> Factors:
    """``f[i](x)`` of a declared function as one factor: its entry at i of these arguments."""
    joined: Factors = []
    for op, factor in factors:
        before, group = (last(joined[-1][1]) if joined else None), first(factor)
        if not isinstance(group, ast.Group) or not _is_entry_of_function(before, group, names):
            joined.append((op, factor))
            continue
        assert isinstance(before, ast.Indexed)
        assert isinstance(before.head, ast.Name)
        called = ast.Call(before.head, group, before.head.span.to(group.span))
        entry = ast.Indexed(called, before.bracket, before.span.to(group.span))
        outer, node = joined[-1]
        joined[-1] = outer, with_last(node, with_first(factor, entry))
    return joined


def _is_entry_of_function(node: ast.Ast | None, group: ast.Group, names: Names) -> bool:
    """Whether a parenthesis directly follows an entry of a function with arguments."""
    if not isinstance(node, ast.Indexed) or not isinstance(node.head, ast.Name):
        return False
    tensor = names.tensors.get(node.head.name)
    declared = tensor is not None and tensor.function is not None
    return declared and node.span.end == group.span.start


def _beside_exponent(op: str, factor: ast.Ast, names: Names) -> Factors:
    """A factor; of a power only what is its exponent: what stands in parentheses after a name
    that is no function, or is a condition in brackets, is a factor of its own."""
    if not isinstance(factor, ast.Power):
        return [(op, factor)]
    exponent, beside = _exponent(factor.exponent, names)
    if beside is None:
        return [(op, factor)]
    span = factor.base.span.to(exponent.span)
    return [(op, ast.Power(factor.base, exponent, span)), *_flat([("*", beside)], names)]


def _exponent(node: ast.Ast, names: Names) -> tuple[ast.Ast, ast.Ast | None]:
    """An exponent, and the factor that stands beside the power where the text runs on."""
    match node:
        case ast.Call(head, args) if _is_product(head.name, names):
            return head, args
        case ast.Indexed(head, bracket) if _is_condition(node, names):
            return head, ast.Iverson(bracket, bracket.span)
        case ast.Power(ast.Call() | ast.Indexed() as base, above, span):
            inner, beside = _exponent(base, names)
            if beside is not None:  # 2^x (y)^3
                return inner, ast.Power(beside, above, beside.span.to(span))
            inner, beside = _exponent(above, names)
            return ast.Power(base, inner, base.span.to(inner.span)), beside
        case ast.Power(base, above, span):
            inner, beside = _exponent(above, names)
            return ast.Power(base, inner, base.span.to(inner.span)), beside
        case ast.Sum(((sign, only),), span):
            inner, beside = _exponent(only, names)
            return ast.Sum(((sign, inner),), span), beside
        case _:
            return node, None


def _is_product(name: str, names: Names) -> bool:
    if name in CONSTANTS:
        return True  # 2 pi (x + y)
    return not names.is_function(name) and not _is_d(name, names)


def _is_d(name: str, names: Names) -> bool:
    return name == "d" and not names.is_tensor("d")


def _is_condition(node: ast.Indexed, names: Names) -> bool:
    """Whether the bracket holds a condition and so does not belong to what precedes it."""
    if isinstance(node.head, ast.Name) and names.binds(node.head.name):
        return False
    items = node.bracket.items
    return len(items) == 1 and isinstance(items[0].value, ast.Compare | ast.Logic)


def _starts_group(node: ast.Ast, names: Names) -> bool:
    return isinstance(node, ast.Indexed) and _reducer(node, names) is not None


def _reducer(node: ast.Ast, names: Names) -> str | None:
    if isinstance(node, ast.Indexed) and isinstance(node.head, ast.Name):
        name = node.head.name
        return REDUCERS.get(name, name) if names.binds(name) else None
    return None


def _product(factors: Factors, names: Names, span: Span) -> ast.Ast:
    """The product of the factors with its atoms formed."""
    done: Factors = []
    at = 0
    while at < len(factors):
        op, factor = factors[at]
        check_names(factors, at, names)
        found = _scoped(factors, at, names) if _reducer(factor, names) else None
        found = found or _derivative(factors, at, names)
        if found is None and (end := last(factor)) is not factor:
            behind = _derivative([("*", end), *factors[at + 1 :]], 0, names)
            found = behind and (with_last(factor, behind[0]), at + behind[1])
        node, at = found or (factor, at + 1)
        done.append((op, node))
    if len(done) == 1:
        return done[0][1]
    return ast.Product(tuple(done), span)


def _derivative(factors: Factors, at: int, names: Names) -> tuple[ast.Ast, int] | None:
    """The derivative that begins at a factor, and where what follows it begins."""
    factor = factors[at][1]
    above = numerator(factors, at, names)
    if above is not None:
        return _higher(factors, at, above, names)
    if isinstance(factor, ast.Partial):
        return _immediate(factors, at, names)
    if _numerator(factor, names) and at + 1 < len(factors) and factors[at + 1][0] == "/":
        return _total(factors, at, names)
    return None


def _scoped(factors: Factors, at: int, names: Names) -> tuple[ast.Ast, int]:
    head = factors[at][1]
    assert isinstance(head, ast.Indexed)
    op = _reducer(head, names) or ""
    if at + 1 == len(factors) or factors[at + 1][0] != "*":
        raise fail(
            "E107",
            f"{op} has nothing to run over",
            head.span,
            "expected an expression after this",
            f"write {op}[k] a[k], or {op}[k](…); a negative summand needs parentheses",
        )
    after = factors[at + 1][1]
    base = after.base if isinstance(after, ast.Power) else after
    if op in MATRIX:
        return _matrix(op, head, base, after), at + 2
    if isinstance(base, ast.Group) and base.span.start == head.span.end:
        span = head.span.to(base.span)
        node: ast.Ast = ast.Scoped(op, head.bracket, base, True, span)
        if isinstance(after, ast.Power):
            node = ast.Power(node, after.exponent, head.span.to(after.span))
        return node, at + 2
    rest = factors[at + 1 :]
    span = rest[0][1].span.to(rest[-1][1].span)
    body = _product(rest, names, span)
    return ast.Scoped(op, head.bracket, body, False, head.span.to(span)), len(factors)


def _matrix(op: str, head: ast.Indexed, base: ast.Ast, after: ast.Ast) -> ast.Ast:
    """``inv[r,c](A[r,c] + …)[i,j]``: a matrix given by its entries."""
    group = base.head if isinstance(base, ast.Indexed) else base
    if not isinstance(group, ast.Group) or len(head.bracket.items) != 2:
        raise fail(
            "E107",
            f"{op} has nothing to run over",
            head.span,
            "expected two letters here and a parenthesis after this",
            f"write {op}(A), or {op}[r,c](…) for the matrix with these entries",
        )
    node: ast.Ast = ast.Scoped(op, head.bracket, group, True, head.span.to(group.span))
    if isinstance(base, ast.Indexed):
        node = ast.Indexed(node, base.bracket, head.span.to(base.span))
    if isinstance(after, ast.Power):
        node = ast.Power(node, after.exponent, head.span.to(after.span))
    return node


def _numerator(node: ast.Ast, names: Names) -> ast.Ast | None:
    """What ``dX[…]``, ``d(…)`` or ``d`` differentiates (itself for a bare ``d``)."""
    if isinstance(node, ast.Call) and _is_d(node.head.name, names):
        return node.args
    if isinstance(node, ast.Name) and _is_d(node.name, names):
        return node
    name = node.head if isinstance(node, ast.Indexed) else node
    if not isinstance(name, ast.Name) or not _d_name(name.name, names):
        return None
    bare = ast.Name(name.name[1:], Span(name.span.start + 1, name.span.end))
    if isinstance(node, ast.Indexed):
        return ast.Indexed(bare, node.bracket, Span(bare.span.start, node.span.end))
    return bare


def _d_name(name: str, names: Names) -> bool:
    """``dX`` for a known X, unless ``dX`` is a name of its own."""
    return (
        len(name) > 1
        and name[0] == "d"
        and not names.is_tensor(name)
        and names.may_be_tensor(name[1:])
    )


def _total(factors: Factors, at: int, names: Names) -> tuple[ast.Ast, int]:
    start = factors[at][1]
    below = factors[at + 1][1]
    exponent = below if isinstance(below, ast.Power) else None
    base = below.base if isinstance(below, ast.Power) else below
    name = base.head if isinstance(base, ast.Indexed) else base
    if not isinstance(name, ast.Name) or not _looks_like_d(name.name, names):
        if isinstance(start, ast.Name) and start.name == "d":
            raise _bad_denominator(below.span)
        return start, at + 1
    bare = ast.Name(name.name[1:], Span(name.span.start + 1, name.span.end))
    args = base.bracket if isinstance(base, ast.Indexed) else None
    return _apply("total", factors, at, at + 2, bare, args, exponent, names)


def _looks_like_d(name: str, names: Names) -> bool:
    return len(name) > 1 and name[0] == "d" and not names.is_tensor(name)


def _apply(
    kind: ast.Kind,
    factors: Factors,
    at: int,
    after: int,
    name: ast.Name,
    args: ast.Bracket | None,
    exponent: ast.Power | None,
    names: Names,
) -> tuple[ast.Ast, int]:
    """The derivative atom, or the operator form applied to what follows it."""
    start = factors[at][1]
    end = (args or name).span
    body = factors[at + 1][1] if isinstance(start, ast.Partial) else _numerator(start, names)
    operator = (isinstance(start, ast.Partial) and factors[at + 1][0] == "/") or body is start
    if operator:
        body, after = _operand(factors, after, names, start.span.to(end))
        end = body.span
    assert body is not None
    node: ast.Ast = ast.Derivative(kind, body, name, args, start.span.to(end))
    if exponent is not None:
        node = ast.Power(node, exponent.exponent, node.span.to(exponent.span))
    return node, after


def _higher(
    factors: Factors, at: int, above: tuple[int, ast.Ast | None, int], names: Names
) -> tuple[ast.Ast, int]:
    """``d^2E/dV[i,j]dV[k,l]`` and its operator form ``d^2/dV[i,j]dV[k,l] (…)``."""
    order, body, line = above
    start = factors[at][1]
    partial = isinstance(start, ast.Power) and isinstance(start.base, ast.Partial)
    kind: ast.Kind = "immediate" if partial else "total"
    entries, after = denominator(factors, line, order, kind, names)
    span = start.span.to(factors[after - 1][1].span)
    if body is None:
        body, after = _operand(factors, after, names, span)
        span = span.to(body.span)
    return nested(kind, body, entries, span), after


def _operand(factors: Factors, at: int, names: Names, span: Span) -> tuple[ast.Ast, int]:
    """What the operator form ``d/dx`` applies to: a parenthesis, else all that follows."""
    if at == len(factors) or factors[at][0] != "*":
        raise fail(
            "E501",
            "this derivative is not applied to anything",
            span,
            "expected an expression after this",
            "write d/dV[i,j] (…) or dE[t]/dV[i,j]",
        )
    first = factors[at][1]
    if isinstance(first, ast.Group):
        return first, at + 1
    rest = factors[at:]
    return _product(rest, names, first.span.to(rest[-1][1].span)), len(factors)


def _immediate(factors: Factors, at: int, names: Names) -> tuple[ast.Ast, int]:
    """``∂ s[r,n] / ∂ W[i,j]`` and ``∂ / ∂ W[i,j] (…)``."""
    span = factors[at][1].span
    here = at + 1
    if here < len(factors) and factors[here][0] == "*":
        here += 1
    valid = (
        here + 1 < len(factors)
        and factors[here][0] == "/"
        and isinstance(factors[here][1], ast.Partial)
        and factors[here + 1][0] == "*"
    )
    if not valid:
        raise _lonely_partial(span)
    below = factors[here + 1][1]
    exponent = below if isinstance(below, ast.Power) else None
    base = below.base if isinstance(below, ast.Power) else below
    name = base.head if isinstance(base, ast.Indexed) else base
    if not isinstance(name, ast.Name):
        raise _bad_denominator(below.span)
    args = base.bracket if isinstance(base, ast.Indexed) else None
    return _apply("immediate", factors, at, here + 2, name, args, exponent, names)


def _lonely_partial(span: Span) -> Exception:
    return fail(
        "E502",
        "∂ is not part of a derivative",
        span,
        "expected ∂s[…]/∂W[…]",
        "an immediate partial is a quotient of two ∂: ∂s[r,n]/∂W[i,j]",
    )


def _bad_denominator(span: Span) -> Exception:
    return fail(
        "E503",
        "a derivative is taken by an entry of a named tensor",
        span,
        "expected a name such as dW[i,j]",
        "give what you differentiate by a name of its own: z[i] := …, then d/dz[i]",
    )
