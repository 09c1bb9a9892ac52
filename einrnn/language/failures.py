"""What the codes of computations and of wrong use mean, a sentence each.

Those of the language, each with an example, are in :mod:`einrnn.language.catalogue`.
"""

from __future__ import annotations

FAILURES: dict[str, str] = {
    "E601": "an input is not given",
    "E602": "an array's shape does not fit its input, or an axis has two sizes",
    "E603": "an entry outside the range of its tensor is read",
    "E604": "no clause of a definition gives an entry that is needed",
    "E605": "an entry needs itself, directly or not",
    "E606": "a singular matrix is inverted",
    "E607": "a position that is looked up in data is not a whole number",
    "E609": "a tensor is not in the model",
    "E610": "a size is given neither by an input nor by name",
    "E611": "a bound depends on more than sizes",
    "E612": "a range is looked up in data, or an index has no value",
    "E613": "an output or a reduction has no entries, or a determinant too many",
    "E614": "a function that takes real numbers only is given others",
    "E615": "what is given for an input is not an array of numbers",
    "E616": "there is no input or size of the name that is given",
    "E617": "a size is not a whole number of at least 1",
    "E618": "a program has a step that cannot be written as source for the backend",
    "E701": "a letter of an einsum string has two sizes",
    "E702": "an output letter is in none of the operands",
    "E703": "an output letter is repeated",
    "E704": "a wrong number of operands is given",
    "E705": "an operand has a wrong number of axes",
    "E706": "the text is not an einsum string: letters a to z and A to Z, commas, ... and ->",
    "E707": "an ellipsis is missing in the output, or has no sizes where only sizes are given",
    "E708": "an operand is not an array of numbers",
    "E709": "an einsum string takes its operands in order, not by name",
    "E710": "numpy's path finder has too few letters for the indices",
    "E711": "a limit on memory cannot be kept",
    "E712": "no path finder has the name that is given",
    "E714": "something that is not an index equation follows an equation",
    "E715": "pictures need matplotlib, which is not installed",
    "E716": "there is neither a contraction tree nor a growth to draw",
    "E801": "the backend is not known or not installed",
    "E802": "no output is named",
    "E803": "no claim has the label that is given",
    "E804": "an index equation takes its arrays by name",
    "E805": "there is no = in an index equation",
    "E806": "a derivative has no form of the name that is given",
    "E807": "no assumption has the name that is given",
}
