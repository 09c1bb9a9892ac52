"""Trains the document's RNN on the standard library's documentation.

``python -m examples.train_rnn`` compiles the loss and the gradients of
``specs/char_rnn.ein``, follows them down, and writes what the network has learnt to write.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from einrnn.errors import EinrnnError
from examples.train_rnn import checkpoint, curve
from examples.train_rnn.model import Model, start
from examples.train_rnn.optimisers import OPTIMISERS
from examples.train_rnn.text import Text, library_text, windows
from examples.train_rnn.training import Training, mean_loss, sample

# of the text, the part at its end that is only read to judge
_KEPT_BACK = 0.05


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="examples.train_rnn", description=__doc__)
    parser.add_argument("--backend", default="numpy", help="what compiles the gradient")
    parser.add_argument("--steps", type=int, default=3000, help="windows to read, in all")
    parser.add_argument("--hidden", type=int, default=192)
    parser.add_argument("--streams", type=int, default=32, help="places read side by side")
    parser.add_argument("--length", type=int, default=64, help="characters of a window")
    parser.add_argument("--optimiser", choices=sorted(OPTIMISERS), default="adam")
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--clip", type=float, default=1.0, help="largest norm of the gradient")
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--text", type=Path, help="a file to learn, instead of the library")
    parser.add_argument("--checkpoint", type=Path, help="npz to go on from, and to write to")
    parser.add_argument("--every", type=int, default=500, help="steps between checkpoints")
    parser.add_argument("--curve", type=Path, default=Path("loss.svg"), help="svg or png")
    parser.add_argument("--letters", type=int, default=600, help="characters to write at the end")
    parser.add_argument("--temperature", type=float, default=0.6)
    given = parser.parse_args()
    for name in ("steps", "hidden", "streams", "length", "every"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} must be at least 1")
    for name in ("rate", "clip", "temperature"):
        if not getattr(given, name) > 0:
            parser.error(f"--{name} must be positive")
    return given


def main() -> int:
    given, console = options(), Console()
    try:
        return run(given, console)
    except (EinrnnError, OSError, ValueError) as problem:
        console.print(f"error: {problem}", style="red", markup=False)
        return 2


def run(given: argparse.Namespace, console: Console) -> int:
    text = Text.of(given.text.read_text("utf-8") if given.text else library_text())
    cut = int(len(text.codes) * (1 - _KEPT_BACK))
    data = windows(text.codes[:cut], given.streams, given.length)
    kept = windows(text.codes[cut:], 1, given.length)
    if not data or not kept:
        raise ValueError(f"the text is too short: it has {len(text.codes)} characters")
    console.print(f"{len(text.codes):,} characters, {len(text.letters)} different ones")
    model = Model(given.backend, given.clip)
    console.print("dL/dW[i,j] =", str(model.document.derive("dL/dW[i,j]")), markup=False)
    params = start(given.hidden, len(text.letters), given.dtype, given.seed)
    training = Training(model, data, params, given.optimiser, given.rate)
    settings = _settings(given, text)
    if given.checkpoint and given.checkpoint.exists():
        training.restore(checkpoint.restore(given.checkpoint, settings))
        console.print(f"going on after {len(training.losses)} steps")
    _train(training, given, settings, console)
    nats = mean_loss(model, params, kept)
    console.print(f"on the {len(kept) * given.length:,} characters kept back: {nats:.3f} nats each")
    if curve.draw(training.losses, given.curve):
        console.print(f"loss curve: {given.curve}")
    else:
        console.print(curve.in_words(training.losses), markup=False)
    codes = sample(model, params, int(text.codes[0]), given.letters, given.temperature, given.seed)
    console.print(f"\n{text.written(codes)}", markup=False, highlight=False)
    return 0


def _settings(given: argparse.Namespace, text: Text) -> dict[str, Any]:
    """What a run must share with the one that it goes on from."""
    names = ("hidden", "streams", "length", "optimiser", "rate", "clip", "dtype", "seed")
    digest = hashlib.sha256(text.codes.tobytes() + text.letters.encode()).hexdigest()
    return {**{name: getattr(given, name) for name in names}, "text": digest}


def _train(
    training: Training, given: argparse.Namespace, settings: dict[str, Any], console: Console
) -> None:
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TextColumn("{task.fields[speed]:,.0f} characters/s"),
        TimeRemainingColumn(),
    )
    done = len(training.losses)
    begun, size = time.monotonic(), given.streams * given.length
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=given.steps, completed=done, loss=0.0, speed=0.0)
        for loss in training.steps(given.steps):
            count = len(training.losses)
            speed = (count - done) * size / (time.monotonic() - begun)
            bar.update(task, completed=count, loss=loss, speed=speed)
            if given.checkpoint and (count % given.every == 0 or count == given.steps):
                checkpoint.save(given.checkpoint, training.arrays(), settings)


if __name__ == "__main__":
    raise SystemExit(main())
