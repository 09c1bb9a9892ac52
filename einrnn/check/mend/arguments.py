"""Small edits of index arguments: shifted, renamed, exchanged, another stride, reversed."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.check.mend.places import Ranges
from einrnn.check.mend.setting import letters_by_dimension
from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Index
from einrnn.core.traverse import substitute

Arguments = tuple[Affine, ...]


def arguments(args: Arguments, ranges: Ranges) -> Iterator[tuple[Arguments, float]]:
    """Other arguments, each with how large the edit is."""
    by_dimension = letters_by_dimension(ranges)
    for position, arg in enumerate(args):
        for step in (-1, 1):
            yield put(args, position, af.shift(arg, step)), 1.0
        for letters in by_dimension.values():
            for old in [letter for letter in letters if letter in arg.free]:
                for new in letters:
                    if new is not old:
                        yield put(args, position, substitute(arg, {old: af.of(new)})), 1.0
        for strided in _strides(arg):
            yield put(args, position, strided), 1.1
        for turned in _turned(arg, ranges):
            yield put(args, position, turned), 1.2
    yield from _exchanged(args)


def put(args: Arguments, position: int, new: Affine) -> Arguments:
    """The arguments with another one at a position."""
    return (*args[:position], new, *args[position + 1 :])


def _strides(arg: Affine) -> Iterator[Affine]:
    """``n+k`` to ``2*n+k`` or ``n-k``, ``2*n+k`` to ``n+k`` or ``3*n+k``."""
    if len(arg.terms) < 2 and af.letter(arg) is not None:
        return
    for atom, times in arg.terms:
        if isinstance(atom, Index):
            for other in dict.fromkeys((times - 1, times + 1, -times, 2 * times, 1)):
                if other not in (0, times):
                    yield af.plus(arg, af.of(atom), other - times)


def _turned(arg: Affine, ranges: Ranges) -> Iterator[Affine]:
    """``k`` to ``K-1-k``, as convolution and correlation differ."""
    for letter in sorted(arg.free, key=lambda letter: letter.name):
        if letter in ranges:
            span = ranges[letter]
            other_end = af.minus(af.plus(span.lo, span.hi), af.of(letter))
            yield substitute(arg, {letter: other_end})


def _exchanged(args: Arguments) -> Iterator[tuple[Arguments, float]]:
    for first in range(len(args)):
        for second in range(first + 1, len(args)):
            if args[first] is not args[second]:
                swapped = list(args)
                swapped[first], swapped[second] = args[second], args[first]
                matrix = first == len(args) - 2 and second == len(args) - 1
                yield tuple(swapped), 0.9 if matrix else 1.4
