"""Orders of computation: what is found, and that the values are the interpreter's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from einrnn.core.model import Fact
from einrnn.errors import EvaluationError
from einrnn.numeric.references import units_of
from einrnn.numeric.schedule import Entries, Loop, Whole, schedule, strongly_connected
from tests.numeric.building import (
    both,
    built,
    cases,
    cmp,
    delta,
    dims,
    ex,
    fn,
    ix,
    letters,
    lookup,
    red,
    tanh,
    tensors,
    total,
)
from tests.numeric.comparing import agree, program, run
from tests.numeric.networks import lstm, rnn

i, j, k, t, r = letters("i j k t r")
N, M, TT, H = dims("N M T H")
x, w, s, z, a, D, f, g, h, par = tensors("x w s z a D f g h par")
RNG = np.random.default_rng(11)


def tasks(model, **sizes):
    units = [u for d in model.definitions.values() for u in units_of(d, sizes)]
    return schedule(units, sizes)


def outline(found):
    """The shape of a schedule: names, loops as (direction, axes, [segments])."""
    rows = []
    for task in found:
        if isinstance(task, Whole):
            rows.append(task.unit.tensor)
        elif isinstance(task, Loop):
            way = "down" if task.downwards else "up"
            parts = [(part.lo, part.hi, outline(part.body)) for part in task.segments]
            rows.append((way, dict(task.axes), parts))
        else:
            rows.append(("entries", [unit.tensor for unit in task.units]))
    return rows


def vectors(**shapes):
    return {name: RNG.normal(size=shape) for name, shape in shapes.items()}


def test_what_does_not_recur_is_computed_whole():
    found = outline(tasks(rnn(), D=2, H=3, K=4, T=5, N=5))
    assert found[:5] == ["s", ("up", {"s": 0}, [(0, 4, ["s"])]), "q", "yhat", "E"]
    assert ("down", {"sbar": 0}, [(4, 4, ["sbar"]), (0, 3, ["sbar"])]) in found
    assert not any(isinstance(task, Entries) for task in tasks(rnn(), D=2, H=3, K=4, T=5, N=5))


def test_mutual_recursion_is_one_loop_in_the_order_of_reads():
    found = outline(tasks(lstm(), D=2, H=3, T=5))
    assert found[:2] == ["h", "c"]
    way, axes, parts = found[2]
    assert way == "up"
    assert set(axes) == set("ifogch")
    assert set(axes.values()) == {0}
    (inside,) = [body for _, _, body in parts]
    assert inside.index("c") > max(inside.index(gate) for gate in "ifg")
    assert inside[-1] == "h"


def edit_distance():
    """D[i,j] from its three neighbours."""
    b = built().input("x", N).input("y", M)
    y = tensors("y")
    cost = cases((cmp("==", x[i], y[j]), 0), otherwise=1)
    step = fn("min", fn("min", D[i - 1, j] + 1, D[i, j - 1] + 1), D[i - 1, j - 1] + cost)
    b.define(
        "D",
        [(-1, N - 1), (-1, M - 1)],
        ((-1, j), {j: (-1, M - 1)}, j + 1),
        ((i, -1), {i: (-1, N - 1)}, i + 1),
        ((i, j), {i: N, j: M}, step),
    )
    return b.model


def test_a_table_filled_from_three_sides_takes_two_loops():
    model = edit_distance()
    arrays = {"x": RNG.integers(0, 3, 6), "y": RNG.integers(0, 3, 7)}
    found = agree(model, {"N": 6, "M": 7}, arrays)
    assert found["D"].dtype == np.int64
    (loop,) = [task for task in outline(tasks(model, N=6, M=7)) if isinstance(task, tuple)]
    assert loop == ("up", {"D": 0}, [(0, 5, [("up", {"D": 1}, [(0, 6, ["D"])])])])


def test_downwards_with_a_boundary_clause_at_the_last_position():
    b = built().input("a", H, H).input("x", TT, H)
    step = total(j, H, a[i, j] * x[t + 1, j] * s[t + 1, j])
    b.define("s", [TT, H], ((TT - 1, i), {i: H}, 1), ((t, i), {t: TT, i: H}, step))
    agree(b.model, {"T": 6, "H": 3}, vectors(a=(3, 3), x=(6, 3)))
    agree(b.model, {"T": 1, "H": 3}, vectors(a=(3, 3), x=(1, 3)))


def test_a_sum_over_all_earlier_positions():
    b = built().input("a", TT, TT).input("x", TT)
    b.plain("s", (t,), (TT,), x[t] + red("sum", r, 0, t - 1, a[t, r] * s[r]))
    assert outline(tasks(b.model, T=5))[0][0] == "up"
    agree(b.model, {"T": 5}, vectors(a=(5, 5), x=(5,)))


def test_a_sum_with_a_condition_on_earlier_positions():
    b = built().input("a", TT, TT).input("x", TT)
    b.plain("s", (t,), (TT,), x[t] + total(r, TT, cases((cmp("<", r, t), a[t, r] * s[r]))))
    assert outline(tasks(b.model, T=5))[0][0] == "up"
    agree(b.model, {"T": 5}, vectors(a=(5, 5), x=(5,)))
    b = built().input("a", TT, TT).input("x", TT)
    later = both(cmp(">", r, t), cmp(">", a[t, r], 0))
    b.plain("s", (t,), (TT,), x[t] + total(r, TT, cases((later, a[t, r] * s[r]))))
    assert outline(tasks(b.model, T=5))[0][0] == "down"
    agree(b.model, {"T": 5}, vectors(a=(5, 5), x=(5,)))


def test_two_steps_back():
    b = built().input("x", TT)
    b.define(
        "s",
        [(-2, TT - 1)],
        ((-2,), {}, 1),
        ((-1,), {}, 2),
        ((t,), {t: TT}, s[t - 1] * x[t] - s[t - 2]),
    )
    agree(b.model, {"T": 6}, vectors(x=(6,)))


def test_gates_at_constant_positions_of_an_axis():
    """As the adjoints of an LSTM are written: bz[t,0,h], bz[t,1,h] beside by and bc."""
    by, bc, bz = tensors("by bc bz")
    b = built().input("x", TT, H).input("a", 2, H, H)
    b.plain("by", (t, i), (TT, H), x[t, i] + total(k, 2, j, H, a[k, j, i] * bz[t + 1, k, j]))
    later = cases((cmp("<", t, TT - 1), bc[t + 1, i] * x[t, i]))
    b.plain("bc", (t, i), (TT, H), by[t, i] * x[t, i] + later)
    b.define(
        "bz",
        [(0, TT), 2, H],
        ((TT, k, i), {k: 2, i: H}, 0),
        ((t, 0, i), {t: TT, i: H}, bc[t, i] * tanh(x[t, i])),
        ((t, 1, i), {t: TT, i: H}, by[t, i] + bz[t, 0, i] / 2),
    )
    agree(b.model, {"T": 5, "H": 3}, vectors(x=(5, 3), a=(2, 3, 3)))


def test_the_time_axis_may_be_a_different_one_in_each_tensor():
    b = built().input("x", TT, H).input("w", H, H)
    b.plain("z", (t, i), (TT, H), x[t, i] + total(j, H, w[i, j] * s[j, t - 1]))
    b.define("s", [H, (-1, TT - 1)], ((i, -1), {i: H}, 1), ((i, t), {t: TT, i: H}, tanh(z[t, i])))
    _, axes, _ = next(task for task in outline(tasks(b.model, T=4, H=2)) if task[0] == "up")
    assert axes == {"z": 0, "s": 1}
    agree(b.model, {"T": 4, "H": 2}, vectors(x=(4, 2), w=(2, 2)))


def test_children_in_a_heap_come_after_their_parents():
    b = built().input("x", N)
    left = cases((cmp("<", 2 * i + 1, N), f[2 * i + 1]))
    right = cases((cmp("<", 2 * i + 2, N), f[2 * i + 2]))
    b.plain("f", (i,), (N,), x[i] + left * right)
    assert outline(tasks(b.model, N=7))[0][0] == "down"
    agree(b.model, {"N": 10}, vectors(x=(10,)))


def test_a_recursion_by_look_up_is_computed_entry_by_entry():
    b = built().input("x", N).input("par", N, facts=[Fact("integer", bound=ix(N))])
    b.plain(
        "f", (i,), (N,), cases((cmp("!=", par[i], i), f[lookup(par[i])] + x[i]), otherwise=x[i])
    )
    b.plain("g", (i,), (N,), f[i] * 2)
    assert outline(tasks(b.model, N=4)) == [("entries", ["f"]), "g"]
    arrays = {"x": RNG.normal(size=6), "par": np.array([3, 0, 2, 2, 5, 1])}
    agree(b.model, {"N": 6}, arrays)
    arrays["par"] = np.array([3, 0, 2, 4, 3, 1])
    with pytest.raises(EvaluationError, match=r"E605.*f\[3\] → f\[4\] → f\[3\]"):
        run(b.model, ["g"], {"N": 6}, arrays)


def test_a_circular_definition_is_an_error_that_names_the_cycle():
    b = built().input("x", N)
    b.plain("f", (i,), (N,), g[i] + x[i])
    b.plain("g", (i,), (N,), h[i] * 2)
    b.plain("h", (i,), (N,), f[i])
    with pytest.raises(EvaluationError, match=r"E605.*f\[0\] → g\[0\] → h\[0\] → f\[0\]"):
        run(b.model, ["f"], {"N": 2}, {"x": np.ones(2)})


def test_loops_are_cut_where_a_condition_on_time_changes():
    b = built().input("x", TT)
    body = cases(
        (cmp("==", t, 0), x[0]), (cmp("<", t, 3), s[t - 1] * 2), otherwise=s[t - 1] + s[t - 3]
    )
    b.plain("s", (t,), (TT,), body)
    parts = outline(tasks(b.model, T=6))[0][2]
    assert [(lo, hi) for lo, hi, _ in parts] == [(0, 0), (1, 2), (3, 5)]
    agree(b.model, {"T": 6}, vectors(x=(6,)))


def test_a_two_time_tensor_beside_its_recurrence():
    b = built().input("w", H, H).input("x", TT, H)
    gate = 1 - x[t, i] ** 2
    back = gate * total(k, H, w[i, k] * a[t - 1, k, r, j])
    body = cases((cmp("==", r, t), delta(i, j)), (cmp("<", r, t), back))
    b.plain("a", (t, i, r, j), (TT, H, TT, H), body)
    agree(b.model, {"T": 5, "H": 2}, vectors(w=(2, 2), x=(5, 2)))


def test_clauses_that_cut_a_definition_into_pieces():
    b = built().input("x", N, N)
    b.define(
        "f",
        [(-1, N), N],
        ((-1, i), {i: N}, 5),
        ((2, 1), {}, 7),
        ((N, j), {j: N}, x[0, j]),
        ((i, j), {i: (0, N - 1), j: N}, x[i, j] + 1),
    )
    b.plain("g", (i, j), (N, N), f[i + 1, j] - f[i - 1, j])
    agree(b.model, {"N": 4}, vectors(x=(4, 4)))


def test_an_entry_without_a_clause_is_an_error_where_it_is_asked_for():
    b = built().input("x", N)
    b.define("f", [(-1, N - 1)], ((i,), {i: N}, x[i]))
    b.plain("g", (i,), (N,), f[i] * 2)
    agree(b.model, {"N": 3}, vectors(x=(3,)), ["g"])
    with pytest.raises(EvaluationError, match=r"E604.*no clause of f gives f\[-1\]"):
        run(b.model, ["f"], {"N": 3}, vectors(x=(3,)))


def test_what_a_loop_contracts_with_is_laid_out_once_before_it():
    b = built().input("x", TT, H, H).input("c", H, H, H)
    c, B = tensors("c s")
    step = tanh(total(i, H, k, H, c[i, j, k] * B[t - 1, i, k]) * x[t, j, r])
    b.define(
        "s",
        [(-1, TT - 1), H, H],
        ((-1, i, j), {i: H, j: H}, i + j + 1),
        ((t, j, r), {t: TT, j: H, r: H}, step),
    )
    text = str(program(b.model, "s"))
    assert text.index("copy") < text.index("for ")
    agree(b.model, {"T": 4, "H": 3}, vectors(x=(4, 3, 3), c=(3, 3, 3)))


def test_only_what_the_outputs_need_is_computed():
    text = str(program(rnn(), "L"))
    assert "sbar" not in text
    assert "ds/dW" not in text


@given(st.data())
def test_strongly_connected_components_come_in_the_order_of_reads(data):
    count = data.draw(st.integers(1, 8))
    edges = data.draw(st.sets(st.tuples(*[st.integers(0, count - 1)] * 2)))
    below = {n: sorted(b for a_, b in edges if a_ == n) for n in range(count)}
    reach = {n: {n} for n in range(count)}
    for _ in range(count):
        for n in range(count):
            reach[n] |= {c for m in reach[n] for c in below[m]}
    found = strongly_connected(range(count), below)
    assert sorted(n for part in found for n in part) == list(range(count))
    place = {n: number for number, part in enumerate(found) for n in part}
    for n in range(count):
        for m in range(count):
            same = m in reach[n] and n in reach[m]
            assert (place[n] == place[m]) == same
            if m in reach[n] and not same:
                assert place[m] < place[n]


def recurrent_terms():
    """What the next value of s, or of u beside it, may be made of."""
    u = tensors("u")
    return {
        "s": [
            s[t - 1, i] * x[t, i],
            total(j, H, w[i, j] * s[t - 1, j]),
            s[t - 2, i],
            red("sum", r, 0, t - 1, s[r, i] * x[r, i] * x[t - r, i]),
            u[t - 1, i] * x[t, i],
            total(j, H, cases((cmp("<", j, i), w[i, j] * s[t - 1, j] * u[t - 2, j]))),
            cases((cmp("==", t, 1), x[t, i]), (cmp(">", t, 3), s[t - 3, i])),
            red("max", j, 0, H - 1, s[t - 1, j]),
            tanh(x[t, i]),
            total(k, TT, cases((cmp("==", k + 1, t), s[k, i]))),
        ],
        "u": [
            s[t, i],
            s[t, H - 1 - i] * x[t, i],
            u[t - 1, i] / 2,
            total(j, H, w[j, i] * s[t, j]),
            red("sum", r, 0, t, s[r, i] * x[t - r, i]),
            cases((cmp(">", s[t, i], 0), u[t - 2, i]), otherwise=s[t - 1, i]),
        ],
    }


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_random_recurrences_agree_with_the_interpreter(data):
    terms = recurrent_terms()
    chosen = {
        name: data.draw(st.lists(st.integers(0, len(row) - 1), min_size=1, max_size=3, unique=True))
        for name, row in terms.items()
    }
    b = built().input("x", TT, H).input("w", H, H)
    for name, numbers in chosen.items():
        body = ex(0)
        for number in numbers:
            body = terms[name][number] + body
        start = ((-1, i), {i: H}, x[0, i]), ((-2, i), {i: H}, fn("sin", i.value()))
        b.define(name, [(-2, TT - 1), H], *start, ((t, i), {t: TT, i: H}, tanh(body)))
    assert not any(isinstance(task, Entries) for task in tasks(b.model, T=6, H=3))
    seed = data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    sizes = {"T": data.draw(st.integers(1, 6)), "H": data.draw(st.integers(1, 3))}
    arrays = {
        "x": rng.normal(size=(sizes["T"], sizes["H"])),
        "w": rng.normal(size=(sizes["H"], sizes["H"])),
    }
    agree(b.model, sizes, arrays)
