"""Our ``dataclass`` against the standard library's, class by class."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import field
from typing import Any

import pytest

from einrnn.dataclass import dataclass

KINDS = [
    {"frozen": frozen, "eq": eq, "repr": shown}
    for frozen in (False, True)
    for eq in (False, True)
    for shown in (False, True)
]


def both(make: Any, **options: bool) -> list[type[Any]]:
    """A class as ours and as the standard library's."""
    return [dataclass(**options)(make()), dataclasses.dataclass(**options)(make())]  # type: ignore[call-overload]


def point() -> type:
    class Point:
        """A point."""

        x: int
        y: "list[int]" = field(default_factory=list)
        z: float = 2.5
        hidden: int = field(default=3, repr=False, compare=False)
        later: int = field(init=False, default=7)

        def __post_init__(self) -> None:
            object.__setattr__(self, "seen", True)

    return Point


def outcome(work: Any) -> Any:
    """What it gives, or the kind of what it raises."""
    try:
        return work()
    except Exception as problem:
        return type(problem)


@pytest.mark.parametrize("options", KINDS, ids=str)
def test_classes_do_what_those_of_the_standard_library_do(options: dict[str, bool]) -> None:
    ours, theirs = both(point, **options)
    assert str(inspect.signature(ours)).count(",") == str(inspect.signature(theirs)).count(",")
    for probe in PROBES:
        found, expected = (
            outcome(lambda probe=probe: probe(ours)),
            outcome(lambda probe=probe: probe(theirs)),
        )
        assert found == expected, probe


PROBES: list[Any] = [
    lambda c: vars(c(1)),
    lambda c: vars(c(1, [2], z=3, hidden=4)),
    lambda c: c(),
    lambda c: c(1, later=2),
    lambda c: c(1).y is c(1).y,
    lambda c: c(1) == c(1),
    lambda c: c(1, hidden=4) == c(1, hidden=5),
    lambda c: c(1) == c(2),
    lambda c: c(1) == (1, [], 2.5),
    lambda c: c.__match_args__,
    lambda c: [f.name for f in dataclasses.fields(c)],
    lambda c: dataclasses.asdict(c(1, [2])),
    lambda c: vars(dataclasses.replace(c(1), x=5)),
    lambda c: setattr(c(1), "x", 2),
    lambda c: setattr(c(1), "other", 2),
    lambda c: delattr(c(1), "x"),
    lambda c: hash(c(1, (2,))) == hash(c(1, (2,))),
    lambda c: vars(copy.copy(c(1))),
    lambda c: "hidden" in repr(c(1)),
    lambda c: repr(c(1)).rpartition("(")[2].partition(" at 0x")[0],
    lambda c: c.__doc__,
]


def test_methods_of_a_class_are_kept() -> None:
    def make() -> type:
        class Named:
            name: str

            def __repr__(self) -> str:
                return "own"

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return 5

        return Named

    for kind in both(make, frozen=True):
        assert (repr(kind("a")), kind("a") == 3, hash(kind("a"))) == ("own", True, 5)


def test_fields_of_a_base_come_first() -> None:
    def make() -> type:
        @dataclass(frozen=True)
        class Base:
            a: int
            b: int = 2

        class Derived(Base):
            c: int = 3

        return Derived

    derived = dataclass(frozen=True)(make())
    assert vars(derived(1, c=5)) == {"a": 1, "b": 2, "c": 5}
    assert derived(1) == derived(1)
    assert derived(1) != make().__mro__[1](1)


@dataclass()
class Loop:
    """Contains itself."""

    inside: Any = None


@dataclass(frozen=True)
class Nothing:
    """Has no fields."""


def test_what_contains_itself_is_shown() -> None:
    loop = Loop()
    loop.inside = loop
    assert repr(loop) == "Loop(inside=...)"


def test_a_class_without_fields_has_one_value() -> None:
    assert Nothing() == Nothing()
    assert len({Nothing(), Nothing()}) == 1


def test_instances_are_pickled() -> None:
    assert pickle.loads(pickle.dumps(Loop(3))) == Loop(3)
