"""The system's C compiler, and a cache of what it has built.

A library is kept under a name that says what it was built from: the text, the flags, the
compiler with its version, and the processor. It is written beside its place and renamed, so
that processes that build the same thing at once do not meet.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from einrnn.folders import private_folder

FLAGS = (
    "-std=gnu11",
    "-O2",
    "-march=native",
    "-fopenmp-simd",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
)
_SECONDS = 300


class NoCompiler(Exception):
    """There is no C compiler, or it does not build; the text says why."""


@cache
def compiler() -> tuple[str, ...] | None:
    """The command of the C compiler: ``CC``, else cc, gcc or clang; None if there is none."""
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen:
        return tuple(chosen) if shutil.which(chosen[0]) else None
    found = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    return None if found is None else (found,)


def library(text: str, *extra: str) -> ctypes.CDLL:
    """The library of a C text; built unless it is in the cache.

    Raises:
        NoCompiler: there is none, or it failed.
    """
    command = compiler()
    if command is None:
        raise NoCompiler("there is no C compiler")
    flags = (*FLAGS, *extra)
    key = "\0".join((text, *command, _version(command), *flags, _processor()))
    name = hashlib.sha256(key.encode()).hexdigest()[:32] + ".so"
    folder = _writable(private_folder()) or _temporary()
    path = folder / name
    if path.exists():
        try:
            return ctypes.CDLL(str(path))
        except OSError:  # damaged, or built by another system that shares the folder
            pass
    _build(text, command, flags, path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as problem:
        raise NoCompiler(f"what the C compiler built cannot be loaded: {problem}") from None


def _writable(folder: Path | None) -> Path | None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


@cache
def _temporary() -> Path:
    """A directory for this process alone, where the cache cannot be written to."""
    import atexit

    path = tempfile.mkdtemp(prefix="einrnn-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)


def _build(text: str, command: tuple[str, ...], flags: tuple[str, ...], path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        source, result = Path(work) / "program.c", Path(work) / "program.so"
        source.write_text(text, encoding="utf-8")
        parts = [*command, *flags, str(source), "-o", str(result), "-lm"]
        try:
            done = subprocess.run(
                parts, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise NoCompiler(f"the C compiler cannot be run: {problem}") from None
        if done.returncode:
            first = next((line for line in done.stderr.splitlines() if "error" in line), "")
            raise NoCompiler(f"the C compiler failed: {first or done.stderr[:200]}")
        os.replace(result, path)


@cache
def _version(command: tuple[str, ...]) -> str:
    """What tells compilers apart without running them: the file behind the command."""
    found = shutil.which(command[0])
    if found is None:
        return ""
    real = Path(found).resolve()
    facts = real.stat()
    return f"{real} {facts.st_size} {facts.st_mtime_ns}"


@cache
def _processor() -> str:
    """What ``-march=native`` depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()} {platform.node()}"
    wanted = ("flags", "model name", "cpu family", "model", "Features", "CPU part")
    kept: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in wanted:
            kept.setdefault(name.strip(), value.strip())
    return f"{platform.machine()} {kept}"
