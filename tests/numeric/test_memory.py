"""Code kept between processes: each test runs programs in processes of their own."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from einrnn.numeric.native.toolchain import compiler

DOCUMENT = """
dim D, H, K, T
index t : T
input x[T,D], y[T,K] one-hot in K, U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
L         := -sum[t] y[t,k] log(yhat[t,k])
"""

WORDS = """
dim N, T
index t : T
input x[T] integer in N, a[N]
L := sum[t] a[x[t]]^2
"""

PROGRAM = """
import json, sys
import numpy as np
import einrnn
text, outputs, source, target, shown, backend = json.loads(sys.argv[1])
with np.load(source) as file:
    given = {name: file[name] for name in file.files}
program = einrnn.parse(text).compile(*outputs, backend=backend)
try:
    found = program(**given)
except einrnn.EinrnnError as problem:
    sys.exit(problem.code)
np.savez(target, *found.values())
if shown:
    print(program.source())
    print(program)
else:
    print(sorted(name for name in sys.modules if name.split(".")[0] in ("einrnn", "sympy", "lark")))
"""


class Runs:
    """Programs of one backend run on arrays, all with one cache."""

    def __init__(self, folder, backend):
        self.folder = folder
        self.backend = backend
        self.cache = folder / "cache"

    def __call__(self, text, outputs, *, shown=False, **given):
        source, target = self.folder / "given.npz", self.folder / "found.npz"
        np.savez(source, **given)
        order = json.dumps([text, outputs, str(source), str(target), shown, self.backend])
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, order],
            env={**os.environ, "EINRNN_CACHE": str(self.cache)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return done.stderr.strip(), []
        with np.load(target) as file:
            return done.stdout, [file[name] for name in file.files]

    @property
    def files(self):
        return sorted(self.cache.glob("programs/*/*.json"))


@pytest.fixture(params=["numpy", "native"])
def runs(tmp_path, request):
    if request.param == "native" and compiler() is None:
        pytest.skip("there is no C compiler")
    return Runs(tmp_path, request.param)


def rnn(dtype="float64", T=4):
    rng = np.random.default_rng(0)
    arrays = {
        "U": rng.normal(size=(3, 2)),
        "V": rng.normal(size=(5, 3)),
        "W": rng.normal(size=(3, 3)),
        "x": rng.normal(size=(T, 2)),
        "y": np.eye(5)[rng.integers(5, size=T)],
    }
    return {name: array.astype(dtype) for name, array in arrays.items()}


OUTPUTS = ["L", "dL/dU", "dL/dV", "dL/dW"]


def test_a_second_process_compiles_nothing(runs):
    first, expected = runs(DOCUMENT, OUTPUTS, **rnn())
    second, found = runs(DOCUMENT, OUTPUTS, **rnn())
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)
    compiling = "'einrnn.language', 'einrnn.numeric.plan', 'lark'".replace("'", "").split(", ")
    assert all(f"'{name}'" in first for name in compiling)
    assert not any(f"'{name}'" in second for name in compiling)
    assert "sympy" not in first + second


def test_source_and_steps_are_those_of_the_call(runs):
    first, _ = runs(DOCUMENT, OUTPUTS, shown=True, **rnn("float32"))
    second, _ = runs(DOCUMENT, OUTPUTS, shown=True, **rnn("float32"))
    assert first == second
    assert "float32" in second
    assert "T=4" in second


def test_other_shapes_dtypes_outputs_and_texts_have_code_of_their_own(runs):
    runs(DOCUMENT, OUTPUTS, **rnn())
    (file,) = runs.files
    _, single = runs(DOCUMENT, OUTPUTS, **rnn("float32"))
    assert single[1].dtype == "float32"
    _, longer = runs(DOCUMENT, OUTPUTS, **rnn(T=6))
    assert longer[0] != single[0]
    _, fewer = runs(DOCUMENT, ["L"], **rnn())
    _, twice = runs(DOCUMENT.replace("-sum[t]", "-2 sum[t]"), ["L"], **rnn())
    np.testing.assert_allclose(twice[0], 2 * fewer[0])
    assert len(runs.files) == 5
    assert file in runs.files


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "another", "document"])
def test_a_damaged_file_is_as_good_as_none(runs, damage):
    _, expected = runs(DOCUMENT, OUTPUTS, **rnn())
    (file,) = runs.files
    text = file.read_text()
    document = file.parent / "document.txt"
    damaged = {
        "cut": text[: len(text) // 2],
        "changed": text.replace("import numpy as np", "raise SystemExit(3) #", 1).replace(
            "double", "float"
        ),
        "empty": "",
        "another": text.replace("<f8", "<f4"),
    }
    if damage == "document":
        document.write_text(document.read_text().replace("tanh", "sin"))
    else:
        assert damaged[damage] != text
        file.write_text(damaged[damage])
    _, found = runs(DOCUMENT, OUTPUTS, **rnn())
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)
    assert file.read_text() == text


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files")
def test_a_folder_that_others_can_write_to_is_not_used(runs):
    runs.cache.mkdir()
    runs.cache.chmod(0o777)
    runs(DOCUMENT, OUTPUTS, **rnn())
    assert runs.files == []


def test_calls_fail_as_they_do_without_kept_code(runs):
    good = {"a": np.arange(3.0), "x": np.array([0, 2])}
    for _ in range(2):
        _, found = runs(WORDS, ["L"], **good)
        np.testing.assert_allclose(found[0], 4)
        assert runs(WORDS, ["L"], **{**good, "x": np.array([0, 3])})[0] == "E603"
        assert runs(WORDS, ["L"], **{**good, "x": np.array([0.5, 2])})[0] == "E615"
        assert runs(WORDS, ["L"], **{**good, "b": np.ones(2)})[0] == "E616"
    assert len(runs.files) == 1


def test_kept_files_do_not_grow_without_bound(tmp_path, monkeypatch):
    from einrnn.numeric import memory
    from einrnn.numeric.loaded import Loaded

    monkeypatch.setattr(memory, "_DOCUMENTS", 3)
    code = Loaded("def program(given):\n    return {}\n", np.dtype("float64"), "numpy")
    made = []
    for number in range(6):
        kept = memory.Memory(tmp_path, f"document {number}", "numpy")
        kept.keep((("x", (1,), "<f8"),), code, ({"T": number}, "float64"))
        made.append(next(path for path in tmp_path.iterdir() if path not in made))
        os.utime(made[-1], ns=(number, number))
    assert {*tmp_path.iterdir()} == {*made[3:]}
