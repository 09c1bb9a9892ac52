"""Everything that training depends on, in one npz file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from examples.train_rnn.model import Params


def save(path: Path, arrays: Params, settings: dict[str, Any]) -> None:
    """Write a file that is either whole or not there."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, settings=np.array(json.dumps(settings)), **arrays)
    os.replace(part, path)


def restore(path: Path, settings: dict[str, Any]) -> Params:
    """The arrays of a file.

    Raises ValueError where it was written with other settings: training would go on, but
    not as one run.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    found = json.loads(str(arrays.pop("settings")))
    for name, value in settings.items():
        if found.get(name) != value:
            raise ValueError(
                f"{path} was written with {name} {found.get(name)!r}; this run has {value!r}"
            )
    return arrays
