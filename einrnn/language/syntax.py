"""What the parser stumbled over, in words a mathematician knows."""

from __future__ import annotations

from typing import Any

from einrnn.errors import Diagnostic, Span

_WORDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "EQUAL": "'='",
    "COMMA": "','",
    "COLON": "':'",
    "SEMICOLON": "';'",
    "SIGN": "'+' or '-'",
    "IF": "'if'",
    "OTHERWISE": "'otherwise'",
    "RELATION": "a relation such as '<'",
    "__ANON_0": "':='",
    "__ANON_1": "'..'",
    "IN": "'in'",
    "DEFAULT": "'default'",
    "$END": "the end of the statement",
}
_FORMS = {
    "equation": "[label] left = right",
    "definition": "name[i] := expression",
    "dims": "dim T, K = 3",
    "letters": "index t, r : T",
    "inputs": "input W[H,D], x[D] positive",
    "function": "function f(x[i])",
    "condition": "i < j and k != 0",
}
_OPERAND = {"NAME", "NUMBER", "LPAR", "LBRACE", "PARTIAL"}


def expected(terminals: set[str]) -> str:
    """What could have stood there, in words."""
    if terminals >= _OPERAND:
        return "an expression"
    if "OPERATOR" in terminals:
        order = ["RSQB", "RPAR", "RBRACE", "IF", "SEMICOLON", "__ANON_0"]
        closing = [_WORDS[name] for name in order if name in terminals]
        return " or ".join(["an operator", *closing])
    words = [word for name, word in _WORDS.items() if name in terminals]
    return " or ".join(words) if words else "the end of the statement"


def explain(error: Any, text: str, base: int, rule: str) -> Diagnostic:
    """The diagnostic for an exception of the parser over ``text`` at offset ``base``."""
    token = getattr(error, "token", None)
    terminals: set[str] = set(
        getattr(error, "accepts", None) or getattr(error, "expected", None) or ()
    )
    if token is None:
        return _character(error, text, base)
    if token.type == "$END":
        end = base + len(text)
        return Diagnostic(
            "E101",
            "the statement ends too early",
            Span(max(end - 1, base), end),
            f"expected {expected(terminals)} after this",
            help=_help_at_end(text, rule),
        )
    start = base + token.start_pos
    span = Span(start, start + len(token))
    return Diagnostic(
        "E101",
        f"unexpected '{token}'",
        span,
        f"expected {expected(terminals)}",
        help=_help(str(token), text, token.start_pos, rule, terminals),
    )


def _character(error: Any, text: str, base: int) -> Diagnostic:
    at = min(getattr(error, "pos_in_stream", 0) or 0, max(len(text) - 1, 0))
    character = text[at : at + 1]
    hints = {
        "|": "write abs(x) for the absolute value",
        "&": "write 'and' between conditions",
        "!": "write 'not', or '!=' for unequal",
        "√": "write sqrt(x)",
        "∞": "write inf",
        "_": "write subscripts as indices in brackets, s[t,m]",
        "\\": "this is not LaTeX: write the name without the backslash",
        "'": "a prime belongs to a name, x'",
        ".": "a product of whole tensors is x @ y or dot(x, y), of numbers x[i] * y[i]",
        "\x00": "the file has bytes that are no text; save it as plain text in UTF-8",
        "≈": "a claim has '='; numbers decide it up to rounding",
        "→": "a limit or a map has no notation; write the equation it stands for",
        '"': "there are no strings; a label stands in brackets, [name]",
        "?": "there are no conditional operators; write { a if k == l ; b otherwise }",
    }
    return Diagnostic(
        "E101",
        f"'{character}' has no meaning here",
        Span(base + at, base + at + 1),
        "unexpected character",
        help=hints.get(character, "remove it, or write in words of the language what it means"),
    )


def _help_at_end(text: str, rule: str) -> str:
    if rule == "equation" and text.rstrip().endswith("="):
        return "write the right side of the equation"
    if rule == "letters":
        return "say which size the letters run over: index t : T"
    return f"complete it, or remove what stands last: {_FORMS[rule]}"


def _help(found: str, text: str, at: int, rule: str, terminals: set[str]) -> str:
    """The suggestion for the mistakes people make most."""
    inside = _depth(text[:at]) > 0
    if found in ("==", "≠", "!=") and rule == "equation" and not inside:
        return "a claim has '=' between its sides; '==' belongs in conditions"
    if found == "=" and inside:
        return "write '==' in a condition; '=' stands between the sides of a claim"
    if found == "=" and rule == "condition":
        return "write '==' in a condition"
    if found == "=" and rule == "definition":
        return "a definition has ':=' once; write a claim about it on a line of its own"
    if found == "=" and terminals >= _OPERAND:
        return "write what is missing before '='"
    if found == "=":
        return "define a name with ':='"
    if found == ":" and rule == "definition":
        return "write ':=' to define a name"
    if found == "," and rule == "equation":
        return "one equation per statement; start the next on a new line"
    if found == "." and "OPERATOR" in terminals:
        return "a product is written by juxtaposition or '*'"
    if rule == "definition" and "__ANON_0" in terminals:
        return "the left side of ':=' is a name with indices, q[t,l] := …"
    if found == ".." and inside:
        return "a range is written r=0..t"
    if found in ("<", "<=", ">", ">=", "≤", "≥") and rule == "equation" and not inside:
        return "a claim is an equation; a relation is a number in square brackets, [x[i] <= 1] = 1"
    if found == "if":
        return "cases stand in braces: { a if k == l ; b otherwise }"
    if found == ";":
        return "start the next statement on a new line; cases stand in braces"
    return f"remove it, or write what is missing before it: {_FORMS[rule]}"


def _depth(text: str) -> int:
    return sum(c in "([{" for c in text) - sum(c in ")]}" for c in text)
