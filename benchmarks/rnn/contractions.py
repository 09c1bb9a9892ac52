"""The share of the GEMM peak that the contractions of a size reach in the C of a program.

    python -m benchmarks.rnn.contractions f

The parts of the generated C are timed one by one, on one thread; what else is done in a part
with a product (the scans' tanh, packing) counts to its time. numpy's product of two matrices of
1024 rows is timed after every run, so that both meet the same clock.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

import einrnn
from benchmarks.rnn.cases import CASES, OUTPUTS, Case

_SIDE = 1024
_FLAGS = ["-O2", "-march=native", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"]
_CLOCK = """#define _GNU_SOURCE
#include <time.h>
double seconds_of_part[64];
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}
"""
_PART = re.compile(r"^    (?:else )?part_(\d+)\(&frame, 0, 1\);", re.MULTILINE)
_BODY = re.compile(r"^static void part_(\d+)\(.*?^}", re.MULTILINE | re.DOTALL)
_PRODUCT = re.compile(r"product(?:_packed)?\(([^,]+), ([^,]+), (\d+),")


def main() -> None:
    """Prints the share of each dtype."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", choices=sorted(CASES), nargs="?", default="f")
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args()
    for dtype in ("float32", "float64"):
        share, whole = shares(CASES[asked.size], dtype, asked.rounds)
        print(f"{asked.size} {dtype}: contractions {share:.2f}, all work counted {whole:.2f}")


def shares(case: Case, dtype: str, rounds: int) -> tuple[float, float]:
    """Medians of the shares of the GEMM peak: of the parts with products, and of all."""
    program = einrnn.parse(case.text()).compile(*OUTPUTS, backend="native")
    sizes = {name: getattr(case, name) for name in program.sizes}
    source = program.source(**sizes)
    flops = {int(m[1]): _flops(m[0]) for m in _BODY.finditer(source)}
    total, products = sum(flops.values()), [part for part, n in flops.items() if n]
    with tempfile.TemporaryDirectory() as folder:
        call, seconds = _built(source, case.data(dtype), dtype, Path(folder))
        square = np.ones((_SIDE, _SIDE), dtype)
        out = square @ square
        rows: list[tuple[float, float]] = []
        for _ in range(rounds + 1):
            ctypes.memset(seconds, 0, ctypes.sizeof(seconds))
            call()
            peak = 2 * _SIDE**3 / min(_timed(square, out) for _ in range(4))
            spent = sum(seconds[part] for part in products), sum(seconds)
            rows.append((total / spent[0] / peak, total / spent[1] / peak))
    found = np.median(rows[1:], axis=0)
    return float(found[0]), float(found[1])


def _timed(square: np.ndarray, out: np.ndarray) -> float:
    begun = time.perf_counter()
    np.dot(square, square, out=out)
    return time.perf_counter() - begun


def _flops(body: str) -> int:
    """The FLOPs of the products in the text of a part, for all turns of its loop."""
    loop = re.search(r"for \(long c\d+ = (\d+); c\d+ [<>]= (\d+)", body)
    turns = abs(int(loop[2]) - int(loop[1])) + 1 if loop else 1
    shared = re.search(r"hi = share\((\d+)", body)
    whole = int(shared[1]) if shared else 0

    def size(text: str) -> int:
        return whole if "hi" in text else int(text)

    rows = [(size(m[1]), size(m[2]), int(m[3])) for m in _PRODUCT.finditer(body)]
    return turns * sum(2 * a * b * depth for a, b, depth in rows)


def _built(source: str, data: dict[str, Any], dtype: str, folder: Path) -> tuple[Any, Any]:
    """What calls the program, its parts timed, and their seconds."""
    timed = _PART.sub(
        lambda m: (
            m[0].replace("part_", "{ double begun = now(); part_", 1)
            + f" seconds_of_part[{m[1]}] += now() - begun; }}"
        ),
        source,
    )
    path, library = folder / "program.c", folder / "program.so"
    path.write_text(_CLOCK + timed)
    single = ["-DSINGLE"] if dtype == "float32" else []
    command = ["cc", *_FLAGS, *single, "-shared", "-fPIC", str(path), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.workspace.restype = ctypes.c_long
    work = np.zeros(loaded.workspace(1) + 64, np.uint8)
    place = ctypes.c_void_p(work.ctypes.data + -work.ctypes.data % 64)
    given = [np.ascontiguousarray(data[n]) for n in re.findall(r"input \d+: (\w+)", source)]
    shapes = re.findall(r"output \d+: [^,]+, (.*), real", source)
    results = [
        np.zeros(() if "number" in text else tuple(map(int, text.split(" x "))), dtype)
        for text in shapes
    ]
    pointers = [
        (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
        for arrays in (given, results)
    ]
    error = (ctypes.c_long * 2)()

    def call(_kept: Any = (given, results, work)) -> None:
        loaded.program(*pointers, place, None, 1, error)

    return call, (ctypes.c_double * 64).in_dll(loaded, "seconds_of_part")


if __name__ == "__main__":
    main()
