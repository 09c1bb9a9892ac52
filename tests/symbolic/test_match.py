from einrnn.core import affine as af
from einrnn.core.build import total
from einrnn.core.model import Definition
from einrnn.core.nodes import Add, Apply, Argument, Mul, Opaque, Reduce
from einrnn.core.show import show
from einrnn.symbolic.late import name_late
from einrnn.symbolic.match import fold, match
from tests.builders import LETTERS, at, define, entry, rnn, size, whole

I, J, K, T = (LETTERS[i] for i in "ijkt")


def product(first: str, second: str):
    return total(J, size("N"), Mul((entry("A", first, "j"), entry("x", second, "j"))))


def test_variables_are_solved_for():
    found = match(entry("s", "t-1", "i"), entry("s", "k", "3"), frozenset((T, I)))
    assert found == {T: at("k+1"), I: at("3")}


def test_order_and_dummies_do_not_matter():
    other = total(K, size("N"), Mul((entry("x", "t", "k"), entry("A", "3", "k"))))
    assert match(product("i", "t"), other, frozenset((I, T))) == {I: at("3"), T: at("t")}


def test_a_variable_may_not_stand_for_a_bound_index():
    inside = total(K, size("N"), Mul((entry("A", "k", "k"), entry("x", "t", "k"))))
    assert match(product("i", "t"), inside, frozenset((I, T))) is None


def test_a_variable_has_one_value():
    pattern = Mul((entry("a", "i"), entry("b", "i")))
    assert match(pattern, Mul((entry("a", "j"), entry("b", "k"))), frozenset((I,))) is None


def test_a_letter_bound_inside_the_pattern_is_not_the_variable_of_that_name():
    """softmax: q[k] outside and the dummy k of the normaliser inside."""
    model = rnn()
    moved = Apply(
        "exp",
        (
            Add(
                (
                    entry("q", "t", "l"),
                    *model.definitions["yhat"].clauses[0].body.args[0].terms[1:],
                )
            ),
        ),
    )
    ranges = {T: whole("T"), LETTERS["l"]: whole("K")}
    assert show(fold(moved, model.definitions["yhat"], ranges)) == "yhat[t,l]"


def test_nothing_is_named_outside_the_range_of_its_clause():
    definition = define("p", "T", "t", Apply("tanh", (entry("a", "t"),)))
    early = Apply("tanh", (entry("a", "t-1"),))
    assert fold(early, definition, {T: whole("T")}) is early


def late(definition: Definition) -> Definition:
    return Definition(definition.name, definition.axes, definition.clauses, True)


def test_late_names_go_into_earlier_definitions():
    model = rnn()
    drive = model.definitions["s"].clauses[1].body.args[0]
    z = late(define("z", "TH", "ti", drive))
    through = name_late(model.with_definitions({"z": z}))
    assert show(through.definitions["s"].clauses[1].body) == "(tanh z[t,i])"
    assert through.definitions["z"].clauses == z.clauses


def test_late_names_are_found_among_other_terms():
    drive = Add((entry("c", "t"), entry("a", "t"), entry("b", "t")))
    model = rnn().with_definitions(
        {
            "h": define("h", "T", "t", Apply("tanh", (drive,))),
            "z": late(define("z", "T", "k", Add((entry("a", "k"), entry("b", "k"))))),
        }
    )
    named = name_late(model).definitions["h"].clauses[0].body
    assert show(named) == "(tanh (+ z[t] c[t]))"


def test_reductions_of_another_kind_do_not_match():
    pattern = Reduce("sum", K, af.ZERO, at("3"), entry("a", "k"))
    other = Reduce("max", K, af.ZERO, at("3"), entry("a", "k"))
    assert match(pattern, other, frozenset()) is None


def test_a_derivative_of_an_opaque_function_is_not_the_function():
    value = Opaque("f", (), (Argument((), (), entry("c")),), ())
    slope = Opaque("f", (), (Argument((), (), entry("c")),), ((0, ()),))
    assert match(value, slope, frozenset()) is None
    assert match(slope, slope, frozenset()) == {}
