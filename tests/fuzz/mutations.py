"""Single-token edits of the claims of documents: none that numbers refute may be proved.

    python -m tests.fuzz.mutations specs/*.ein specs/*/*.ein --seconds 600

All edits of all claims are taken in a random order that the seed fixes, until the seconds
of processor time are used up; the last line says how many of them were tried. Numbers decide
which edited claims are false, floats first, then the exact tier; the prover is then asked
without that guard, and with all claims before the edited one as lemmas. Every edit must end
in a verdict: a traceback ends the run with status 1, and so does a false proof.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from einrnn.check.claims import Ready
from einrnn.check.judge import Judge
from einrnn.core.model import Claim
from einrnn.document import Document
from einrnn.errors import EinrnnError
from einrnn.source import Source

TOKEN = re.compile(r"\d+|[^\W\d]\w*|[-+*/^=<>!]=?|[][(){},;:]")
LETTER = re.compile(r"(?<=[\[,])[a-z](?=[\],=:])")
PAIR = re.compile(r"([a-z]),([a-z])(?=\])")
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
_PROOF_SECONDS = 2.0


@dataclass(frozen=True)
class Edit:
    """A document with one claim edited: the whole text, and which claim it is.

    ``alone`` is the text up to there with only those other claims that the edited one may
    need: it is soon read, and shows that most edits are not well formed.
    """

    file: str
    label: str
    claim: str
    text: str
    alone: str = ""


def claims(text: str) -> Iterator[tuple[int, int]]:
    """Where the claims stand: a line that starts with a label, and the lines it goes on for."""
    for found in re.finditer(r"^\[[^\]\n]*\].*(?:\n[ \t]+\S.*)*", text, re.MULTILINE):
        yield found.span()


def edits(claim: str, letters: list[str]) -> Iterator[str]:
    """Every version of a claim with one token of its equation removed, swapped, renamed or
    doubled, or with the last two indices of an entry exchanged."""
    start = claim.index("]") + 1
    for found in TOKEN.finditer(claim, start):
        before, token, after = claim[: found.start()], found.group(), claim[found.end() :]
        options = ["", f"{token} {token}"]
        options += [SWAPS[token]] if token in SWAPS else []
        if token in letters:
            options += [other for other in letters if other != token]
            options += [f"{token}-1", f"{token}+1"]
        if token.startswith("∂") or (token.startswith("d") and len(token) == 2):
            options.append(("d" if token[0] == "∂" else "∂") + token[1:])
        yield from (before + option + after for option in options)
    for found in PAIR.finditer(claim, start):
        exchanged = f"{found.group(2)},{found.group(1)}"
        if found.group(1) != found.group(2):
            yield claim[: found.start()] + exchanged + claim[found.end() :]


def edits_of(path: str) -> Iterator[Edit]:
    """Every single-token edit of every claim of a document."""
    text = Path(path).read_text(encoding="utf-8")
    for start, end in claims(text):
        claim = text[start:end].replace("refute ", "")
        letters = sorted(set(LETTER.findall(claim)))
        label = claim[1 : claim.index("]")]
        before = _needed(text[:start], claim)
        for edited in edits(claim, letters):
            whole = text[:start] + edited + text[end:]
            yield Edit(path, label, edited, whole, before + edited)


def _needed(before: str, claim: str) -> str:
    """The text without the claims that neither start the chain of this one nor are named in it."""
    kept, at, chained = before, len(before), "] =" in " ".join(claim.split())
    for start, end in reversed(list(claims(before))):
        other = before[start:end]
        named = re.search(rf"\busing\b.*\b{re.escape(other[1 : other.index(']')])}\b", claim)
        if not named and not (chained and not before[end:at].strip()):
            kept = kept[:start] + kept[end:]
        elif not named:
            chained, at = "] =" in " ".join(other.split()), start
    return kept


def outcome(edit: Edit) -> str:
    """What becomes of a claim: ``invalid``, ``true``, ``false`` or ``FALSE PROOF``.

    A claim is ``disputed`` that only the exact tier objects to, ``DISPUTED PROOF`` if it is
    proved all the same, and ``unjudged`` where the numbers end in an error.
    """
    if edit.alone and not _edited(edit.alone, edit.label)[1]:
        return "invalid"
    document, wanted = _edited(edit.text, edit.label)
    if not wanted:
        return "invalid"
    rows = document.model.claims[: document.model.claims.index(wanted[-1]) + 1]
    lemmas = [row for row in rows if row not in wanted and row.expect == "hold"]
    tier = Judge(replace(document.model, claims=(*lemmas, *wanted)), document.source)
    result = "invalid"
    for ready in tier.prepared.claims:
        if ready.claim not in wanted:
            tier.proofs.remember(ready)
            continue
        result = _objection(tier, ready)
        if result in ("false", "disputed"):
            proved = tier.proofs.of(ready, _PROOF_SECONDS) is not None
            return f"{result.upper()} PROOF" if proved else result
    return result


def _edited(text: str, label: str) -> tuple[Document, tuple[Claim, ...]]:
    """A document, and those of its claims that have a label and are well formed."""
    document = Document(Source.of(text))
    try:
        model = document.model
    except EinrnnError:
        return document, ()
    return document, tuple(claim for claim in model.claims if claim.label == label)


def _objection(tier: Judge, ready: Ready) -> str:
    try:
        if tier.numbers.sides(ready).failed_at is not None:
            return "false"
        return "disputed" if tier.outcome(ready).verdict == "differs" else "true"
    except EinrnnError as error:
        return f"unjudged ({error.code})"


def run(rows: list[Edit], seconds: float) -> Counter[str]:
    """The outcomes of edits, as many as fit into the time; false proofs are printed."""
    counts: Counter[str] = Counter()
    deadline = time.process_time() + seconds
    for row in rows:
        if time.process_time() > deadline:
            break
        try:
            found = outcome(row)
        except Exception:
            print(f"{row.file}: {row.claim}", file=sys.stderr)
            raise
        counts[found] += 1
        if found.endswith("PROOF") or found.startswith("unjudged"):
            print(f"{found}: {row.file}: {row.claim}", flush=True)
    return counts


def main() -> int:
    """Run edits until the time is up; the status says whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows = [edit for file in options.files for edit in edits_of(file)]
    random.Random(options.seed).shuffle(rows)
    counts = run(rows, options.seconds)
    print(dict(counts), f"{counts.total()} of {len(rows)} edits")
    return 1 if counts["FALSE PROOF"] else 0


if __name__ == "__main__":
    sys.exit(main())
