"""Programs built as C against the naive interpreter, at sizes that leave rests of every vector."""

import ctypes
import os
import shutil
import subprocess
import sys
import warnings
from itertools import product

import numpy as np
import pytest

import einrnn
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.native import calling, native, ready, toolchain
from tests.numeric.test_generated import CASES, DOWN, SIZES, data_for

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")

LSTM = """
dim D, H, T
input x[T,D], Wi[H,D], Wf[H,D], Wg[H,D], R[H,H], h0[H], c0[H], k[T,H]
i[t,m] := sigmoid(Wi[m,d] x[t,d] + R[m,n] h[t-1,n])
f[t,m] := sigmoid(Wf[m,d] x[t,d] - R[n,m] h[t-1,n])
c[t,m] := f[t,m] c[t-1,m] + i[t,m] tanh(Wg[m,d] x[t,d])   with c[-1,m] := c0[m]
h[t,m] := f[t,m] tanh(c[t,m])   with h[-1,m] := h0[m]
L := k[t,m] h[t,m]
"""
ALL = {**CASES, "lstm": (LSTM, ["L", "dL/dR", "dL/dWi", "dL/dh0", "dL/dc0", "dL/dx"])}


@pytest.fixture(autouse=True)
def _sizes_that_leave_rests(monkeypatch):
    for dim, size in {"D": 13, "H": 19, "K": 11, "T": 7}.items():
        monkeypatch.setitem(SIZES, dim, size)


def built(name):
    text, outputs = ALL[name]
    program = einrnn.parse(text).compile(*outputs, backend="native")
    return program, data_for(program), outputs


@needs_compiler
@pytest.mark.parametrize("name", ALL)
def test_it_computes_what_the_interpreter_does(name, monkeypatch, tmp_path):
    monkeypatch.setenv("EINRNN_CACHE", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it may not fall back to numpy
        program, data, outputs = built(name)
        out = program(**data)
        again = program(**data)
    assert list(tmp_path.glob("*.so"))
    oracle = Interpreter(program.model, SIZES, data)
    for output in outputs:
        want = entries(oracle, *program.outputs[output])
        np.testing.assert_allclose(out[output], want, rtol=1e-11, atol=1e-12)
        np.testing.assert_array_equal(out[output], again[output])
        assert out[output] is not again[output]


def entries(oracle, expr, order, ranges):
    spans = [
        range(oracle.index(ranges[i].lo, {}), oracle.index(ranges[i].hi, {}) + 1) for i in order
    ]
    places = [dict(zip(order, place, strict=True)) for place in product(*spans)]
    flat = np.array([oracle.value(expr, place) for place in places], dtype=float)
    return flat.reshape([len(span) for span in spans])


@needs_compiler
def test_single_precision():
    program, data, _ = built("rnn")
    single = {
        name: array.astype("float32") if array.dtype.kind == "f" else array
        for name, array in data.items()
    }
    out, want = program(**single), program(**data)
    for name, values in out.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, want[name], rtol=2e-5, atol=2e-6)


@needs_compiler
def test_a_look_up_out_of_range_is_an_error():
    program, data, _ = built("words")
    data["x"] = np.full_like(data["x"], 99)
    with pytest.raises(einrnn.EvaluationError) as caught:
        program(**data)
    assert caught.value.code == "E603"


@needs_compiler
def test_a_damaged_library_in_the_cache_is_built_again(tmp_path):
    code = (
        "import einrnn, numpy as np, warnings; warnings.simplefilter('error');"
        "p = einrnn.parse('input x[N]\\nL := sum[i] 17 x[i]^3').compile('L', backend='native');"
        "print(p(x=np.arange(1.0, 4.0))['L'])"
    )

    def run() -> str:
        env = {**os.environ, "EINRNN_CACHE": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
        return done.stdout

    expected = run()
    built = list(tmp_path.rglob("*.so"))
    assert built
    for library in built:
        library.write_bytes(b"not a library")
    assert run() == expected
    assert any(library.stat().st_size > 100 for library in built)


def test_without_a_compiler_numpy_runs_with_one_notice(monkeypatch, tmp_path):
    monkeypatch.setenv("CC", str(tmp_path / "nothing"))
    toolchain.compiler.cache_clear()
    monkeypatch.setattr(native, "_told", set())
    try:
        doc = einrnn.parse(DOWN)
        program = doc.compile("L", "dL/dA", backend="native")
        data = data_for(program)
        with pytest.warns(UserWarning, match="running on numpy"):
            out = program(**data)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            program(**data)
        want = doc.compile("L", "dL/dA")(**data)
        np.testing.assert_array_equal(out["dL/dA"], want["dL/dA"])
    finally:
        monkeypatch.delenv("CC")
        toolchain.compiler.cache_clear()


@needs_compiler
def test_arrays_are_found_without_their_addresses_being_told(monkeypatch):
    program, data, outputs = built("rnn")
    want = program(**data)
    monkeypatch.setattr(calling, "offset", lambda: -1)
    monkeypatch.setattr(ready, "offset", lambda: -1)
    out = built("rnn")[0](**data)
    for output in outputs:
        np.testing.assert_array_equal(out[output], want[output])


@needs_compiler
def test_inputs_of_any_layout_are_read():
    program, data, outputs = built("rnn")
    want = program(**data)
    backwards = {name: np.asfortranarray(a) for name, a in data.items()}
    strided = {name: np.repeat(a, 2, axis=0)[::2] for name, a in data.items()}
    for given in (backwards, strided):
        out = program(**given)
        for output in outputs:
            np.testing.assert_array_equal(out[output], want[output])


def _bytes_apart(array):
    room = np.zeros(array.nbytes + 1, np.uint8)[1:]
    found = room.view(array.dtype).reshape(array.shape)
    found[...] = array
    return found


class _Own(np.ndarray):
    pass


# the same numbers, and whether results have 64 bits
OTHER_KINDS = {
    "another order of names": (lambda a: a, True),
    "columns first": (np.asfortranarray, True),
    "bytes apart": (_bytes_apart, True),
    "read only": (lambda a: np.lib.stride_tricks.as_strided(a, writeable=False), True),
    "bytes swapped": (lambda a: a.astype(a.dtype.newbyteorder()), True),
    "a class of one's own": (lambda a: a.view(_Own), True),
    "lists": (lambda a: a.tolist(), True),
    "half as long": (lambda a: a.astype(np.float32), False),
}


@needs_compiler
@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_call_of_another_kind_after_many_of_one(kind):
    """C looks at the arrays of repeated calls; what it cannot read as it is, is made readable."""
    program, data, outputs = built("rnn")
    for _ in range(3):
        want = program(**data)
    change, double = OTHER_KINDS[kind]
    out = program(**{name: change(data[name]) for name in reversed(data)})
    for output in outputs:
        assert out[output].dtype == (np.float64 if double else np.float32)
        np.testing.assert_allclose(out[output], want[output], rtol=1e-12 if double else 2e-3)


@needs_compiler
def test_a_wrong_call_after_many_right_ones():
    program, data, _ = built("rnn")
    for _ in range(3):
        program(**data)
    name = next(iter(data))
    wrong = {
        "E601": {other: data[other] for other in data if other != name},
        "E602": {**data, name: data[name][:, :-1].copy()},
        "E616": {**data, "unheard_of": data[name]},
        "E615": {**data, name: np.array([["a"]])},
    }
    for code, given in wrong.items():
        with pytest.raises(einrnn.EinrnnError) as error:
            program(**given)
        assert error.value.code == code


@needs_compiler
def test_the_source_stands_alone(tmp_path):
    """It is built by hand and called as its first comment says."""
    program, data, outputs = built("rnn")
    want = program(**data)
    (tmp_path / "program.c").write_text(program.source(dtype="float64"))
    command = ["cc", "-O1", "-march=native", "-shared", "-fPIC", "program.c", "-o", "program.so"]
    subprocess.run([*command, "-lm"], cwd=tmp_path, check=True, capture_output=True)
    library = ctypes.CDLL(str(tmp_path / "program.so"))
    library.workspace.restype = ctypes.c_long
    work = np.empty(library.workspace(1) + 64, np.uint8)
    start = work.ctypes.data + -work.ctypes.data % 64
    found = {name: np.empty_like(want[name]) for name in outputs}
    error = (ctypes.c_long * 2)()
    wrong = library.program(
        pointers(data[name] for name in program.inputs),
        pointers(found.values()),
        ctypes.c_void_p(start),
        None,
        1,
        error,
    )
    assert wrong == 0
    for name in outputs:
        np.testing.assert_allclose(found[name], want[name], rtol=1e-12, atol=1e-14)


def pointers(arrays):
    addresses = [array.ctypes.data for array in arrays]
    return (ctypes.c_void_p * len(addresses))(*addresses)


@pytest.mark.parametrize("sizes", [{"K": 1}, {"K": 1, "M": 1}, {"K": 3, "M": 1}])
def test_rows_added_to_few_entries_start_from_zero(sizes):
    inner = ",M" if "M" in sizes else ""
    letter = ",m" if "M" in sizes else ""
    text = (
        f"dim T, {', '.join(sizes)}\nindex t : T\ninput B[K{inner}], w[T], tok[T] integer in K\n"
        f"L := sum[t{letter}](w[t] B[tok[t]{letter}])\n"
    )
    program = einrnn.parse(text).compile("dL/dB", backend="native")
    w, tok = np.array([1.0, 2.0, 3.0]), np.zeros(3, int)
    for _ in range(4):
        junk = [np.full(tuple(sizes.values()), 7.0) for _ in range(50)]
        del junk
        found = program(w=w, tok=tok, **sizes)["dL/dB"]
        assert found.reshape(sizes["K"], -1).sum(axis=1).tolist() == [6.0] + [0.0] * (
            sizes["K"] - 1
        )
