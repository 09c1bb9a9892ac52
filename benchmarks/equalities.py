"""Random pairs of renamed and reordered products with up to eight equal factors.

    python -m benchmarks.equalities --pairs 2000

Prints how many equal pairs the normal form misses, how many it leaves undecided, and the
processor time per pair. The status is 1 if any is missed or undecided.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import sys
import time
from collections import Counter

from einrnn.core.build import sub
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import TooLarge
from tests.soundness.products import Pair, random_pair


def outcome(pair: Pair) -> str:
    """``equal``, ``missed`` or ``undecided``."""
    try:
        return "missed" if Normaliser().poly(sub(pair.left, pair.right)) else "equal"
    except TooLarge:
        return "undecided"


def main() -> int:
    """Decide the pairs and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    gc.set_threshold(1_000_000, 50, 50)  # as the command line does
    rng = random.Random(options.seed)
    counts: Counter[str] = Counter()
    by_factors: Counter[int] = Counter()
    seconds: list[float] = []
    for _ in range(options.pairs):
        pair = random_pair(rng)
        start = time.process_time()
        counts[outcome(pair)] += 1
        seconds.append(time.process_time() - start)
        by_factors[pair.equal_factors] += 1
    seconds.sort()
    print(dict(sorted(counts.items())), "of", options.pairs)
    print("pairs by equal factors:", dict(sorted(by_factors.items())))
    print(
        f"ms per pair: median {1000 * statistics.median(seconds):.1f}, "
        f"mean {1000 * statistics.fmean(seconds):.1f}, "
        f"99 % {1000 * seconds[len(seconds) * 99 // 100]:.1f}, most {1000 * seconds[-1]:.1f}"
    )
    return 0 if counts["equal"] == options.pairs else 1


if __name__ == "__main__":
    sys.exit(main())
