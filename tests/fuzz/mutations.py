"""Single-token edits of the claims of a document: none that numbers refute may be proved.

    python -m tests.fuzz.mutations specs/rnn.ein --seconds 600

The numeric tier decides which edited claims are false; the prover is then asked without
that guard. Every edit must end in a verdict: a traceback ends the run with status 1, and so
does a false proof.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator

from einrnn.check.judge import Judge
from einrnn.document import Document
from einrnn.source import Source

TOKEN = re.compile(r"\d+|[^\W\d]\w*|[-+*/^=<>!]=?|[][(){},;:]")
SWAPS = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "<=": "<",
    "<": "<=",
    "==": "!=",
    "!=": "==",
    "0": "1",
    "1": "2",
    "2": "3",
    "tanh": "sin",
    "log": "exp",
}


def claim_lines(text: str) -> list[int]:
    """The numbers of the lines on which claims start."""
    return [n for n, line in enumerate(text.split("\n")) if line.startswith("[")]


def edits(line: str, letters: list[str], rng: random.Random) -> Iterator[str]:
    """The line with one token of its equation removed, doubled, swapped or renamed."""
    start = line.index("]") + 1
    tokens = [m for m in TOKEN.finditer(line) if m.start() >= start]
    rng.shuffle(tokens)
    for found in tokens:
        token = found.group()
        options = [SWAPS[token]] if token in SWAPS else []
        if token in letters:
            options += [rng.choice([other for other in letters if other != token])]
        if token.startswith("∂") or (token.startswith("d") and len(token) == 2):
            options.append(("d" if token[0] == "∂" else "∂") + token[1:])
        option = rng.choice(options) if options and rng.random() < 0.9 else ""
        yield line[: found.start()] + option + line[found.end() :]


def judge(text: str, label: str) -> str:
    """What becomes of a claim: ``invalid``, ``true``, ``false`` or ``FALSE PROOF``."""
    document = Document(Source.of(text))
    model = document._selected([label])
    tier = Judge(model, document.source)
    outcome = "invalid"
    for ready in tier.prepared.claims:
        tried = tier.numbers.sides(ready)
        if tried.failed_at is None:
            outcome = "true"
            continue
        outcome = "false"
        if tier.proofs.of(ready, 2.0) is not None:
            return "FALSE PROOF"
    return outcome


def main() -> int:
    """Run edits until the time is up; the status says whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with open(options.file, encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    letters = sorted(set(re.findall(r"(?<=[\[,])[a-z](?=[\],])", "\n".join(lines))))
    counts: Counter[str] = Counter()
    deadline = time.monotonic() + options.seconds
    while time.monotonic() < deadline:
        number = rng.choice(claim_lines("\n".join(lines)))
        line = lines[number].replace("refute ", "")
        label = line[1 : line.index("]")]
        edited = next(edits(line, letters, rng), line)
        text = "\n".join([*lines[:number], edited, *lines[number + 1 :]])
        outcome = judge(text, label)
        counts[outcome] += 1
        if outcome == "FALSE PROOF":
            print(edited)
    print(dict(counts))
    return 1 if counts["FALSE PROOF"] else 0


if __name__ == "__main__":
    sys.exit(main())
