"""What the author of an ill-formed sum may have meant."""

from __future__ import annotations

from collections.abc import Mapping

from einrnn.language import terms as tm


def for_single(
    letter: str, free: frozenset[str], hidden: frozenset[str], counts: Mapping[str, int]
) -> str:
    """Help where an index occurs once in a term and is not free.

    ``hidden`` are the free letters that stand for indices left out in the text; ``counts``
    tells how often each index occurs in the term.
    """
    written = sorted(free - hidden)
    absent = [name for name in written if name not in counts]
    single = [name for name in counts if counts[name] == 1 and name not in free and name != letter]
    kept = [name for name in written if counts.get(name, 0) > 1]
    write = f"write sum[{letter}] … to sum it"
    if absent:
        missing = f"the left side has {' and '.join(absent)}, which this term lacks"
        meant = absent[0] if len(absent) == 1 else "one of them"
        return f"{missing}: did you mean {meant} instead of {letter}? or {write}"
    if single:
        return f"{letter} and {single[0]} occur once each: write one letter for both, or {write}"
    if kept:
        return (
            f"{kept[0]} is not summed, because the left side has it: to sum {kept[0]}, "
            f"write {letter} in its place on the left; or {write}"
        )
    if hidden:
        return f"the left side leaves its indices out: write them on both sides, or {write}"
    return f"{write}, or give the left side the index {letter}"


def whole_tensor(term: tm.Term, hidden: frozenset[str]) -> tm.Read | None:
    """The first tensor in a term some of whose indices are left out in the text."""
    for node in tm.walk(term):
        if isinstance(node, tm.Read):
            for arg in node.args:
                if any(isinstance(a, tm.Letter) and a.name in hidden for _, a in arg.parts):
                    return node
    return None
