"""``dataclass``, declared in a fraction of the time.

The standard library's compiles six methods for each class, and einrnn has some hundreds of
classes: that was half of what it takes to import. Here only ``__init__`` is compiled;
the other methods are functions that know the names of the fields. Everything else
(``field``, ``fields``, ``replace``, ``asdict``, matching) is the standard library's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import Any, NoReturn, TypeVar, dataclass_transform

C = TypeVar("C", bound=type[Any])


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(*, frozen: bool = False, eq: bool = True, repr: bool = True) -> Callable[[C], C]:
    """As :func:`dataclasses.dataclass` with the same keywords; methods that the class
    has itself are kept."""

    def declared(cls: C) -> C:
        own = dict(vars(cls))  # before there are methods of ours
        cls.__doc__ = cls.__doc__ or cls.__name__  # the library would work out a signature
        dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        fields: tuple[Field[Any], ...] = dataclasses.fields(cls)
        made: dict[str, Any] = {"__init__": _initialiser(cls, fields, frozen)}
        if repr:
            made["__repr__"] = _shown([field.name for field in fields if field.repr])
        if eq:
            made |= _compared([field.name for field in fields if field.compare], frozen)
        if frozen:
            made |= {"__setattr__": _refused, "__delattr__": _refused}
        for name, method in made.items():
            if own.get(name) is None:
                setattr(cls, name, method)
        return cls

    return declared


def _initialiser(cls: type, fields: tuple[Field[Any], ...], frozen: bool) -> Any:
    """``__init__``: each field from its argument, its default or its factory."""
    known: dict[str, Any] = {
        "__name__": cls.__module__,
        "_put": object.__setattr__,
        "_made": MISSING,
    }
    parameters: list[str] = []
    lines: list[str] = []
    for field in fields:
        name = value = field.name
        if field.default_factory is not MISSING:
            known[f"_new_{name}"] = field.default_factory
            new = f"_new_{name}()"
            value = f"{new} if {name} is _made else {name}" if field.init else new
            parameters += [f"{name}=_made"] if field.init else []
        elif not field.init:  # the class has its default, or __post_init__ sets it
            continue
        elif field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        lines.append(f"_put(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    head = f"def __init__(self, {', '.join(parameters)}):"
    exec("\n ".join([head, *(lines or ["pass"])]), known)
    method = known["__init__"]
    method.__qualname__ = f"{cls.__qualname__}.__init__"
    return method


def _shown(names: list[str]) -> Any:
    @recursive_repr()
    def __repr__(self: Any) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({fields})"

    return __repr__


def _compared(names: list[str], frozen: bool) -> dict[str, Any]:
    values: Callable[[Any], Any] = attrgetter(*(names or ["__class__"]))

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _refused(self: object, name: str, *value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")
