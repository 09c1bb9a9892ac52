"""Every code the language can report: what it means, and the smallest text that has it."""

from __future__ import annotations

from einrnn.dataclass import dataclass


@dataclass(frozen=True)
class Entry:
    """One code: its title, a paragraph of explanation, and a minimal bad document."""

    code: str
    title: str
    explanation: str
    example: str


ENTRIES: tuple[Entry, ...] = (
    Entry(
        "E101",
        "unexpected text",
        "The statement does not follow the grammar. The message says what was found and what "
        "could have stood there.",
        "input a[N], b[N]\nc[i] := a[i] + * b[i]\n",
    ),
    Entry(
        "E102",
        "a bracket is never closed",
        "A statement ends, or a new one plainly begins, while a bracket is still open.",
        "q[t,l] := (V[l,m] s[t,m]\nE[t] := q[t,0]\n",
    ),
    Entry(
        "E103",
        "a closing bracket without an opening one",
        "There is no open bracket that this one could close.",
        "q[t,l] := V[l,m] s[t,m])\n",
    ),
    Entry(
        "E104",
        "brackets of two kinds are mixed",
        "A bracket is closed by one of another kind.",
        "q[t,l] := V[l,m) s[t,m]\n",
    ),
    Entry(
        "E105",
        "a definition with a label",
        "Labels mark claims. ':=' makes a name mean something, which cannot be true or false.",
        "[1] q[t,l] := V[l,m] s[t,m]\n",
    ),
    Entry(
        "E106",
        "an expression that is no statement",
        "A line needs '=' (a claim) or ':=' (a definition).",
        "V[l,m] s[t,m]\n",
    ),
    Entry(
        "E107",
        "a sum of nothing",
        "A sum, product, maximum or mean needs an expression after its bracket.",
        "E := 2 + sum[k]\n",
    ),
    Entry(
        "E108",
        "a condition where a number is expected",
        "A relation such as k != l is true or false. In square brackets it is 1 or 0.",
        "A[k,l] := 2 (k != l)\n",
    ),
    Entry(
        "E109",
        "a bracket that belongs to nothing",
        "A bracket that does not follow a name holds a condition and is 1 or 0.",
        "z[t,i] := W[i,n] s[t]-1[n]\n",
    ),
    Entry(
        "E110",
        "cases after the last one",
        "A case without a condition holds otherwise, so nothing may follow it.",
        "A[k,l] := { x[k] ; x[l] if k == l }\n",
    ),
    Entry(
        "E111",
        "softmax over a part of a range",
        "A softmax runs over the whole range of its index.",
        "p[k] := softmax[k: k != 0](q[k])\n",
    ),
    Entry(
        "E112",
        "a number where a condition is expected",
        "After 'if', 'for' and ':' stands a relation between numbers, or several joined by "
        "'and', 'or', 'not'.",
        "A[k] := { x[k] if k ; 0 otherwise }\n",
    ),
    Entry(
        "E113",
        "a condition or range in the bracket of a tensor",
        "Ranges and conditions belong in the bracket of a sum.",
        "E := x[k: k != 0] y[k]\n",
    ),
    Entry(
        "E114",
        "a range with one end",
        "A range has a first and a last value; a condition is written with '=='.",
        "E := sum[k=0] x[k]\n",
    ),
    Entry(
        "E115",
        "several expressions where one is expected",
        "Commas separate the arguments of functions.",
        "E := 2 (a, b)\n",
    ),
    Entry(
        "E116",
        "a continued chain that has no beginning",
        "A line that starts with '=' continues the claim before it.",
        "input a[N]\nb[i] := a[i]\n[1] = a[i]\n",
    ),
    Entry(
        "E201",
        "an index that occurs once and is not free",
        "The left side does not have the index, so it is summed; a summed index occurs at least "
        "twice in a term, unless the sum is written.",
        "E := y[k]\n",
    ),
    Entry(
        "E202",
        "a sum over something that is no letter",
        "The bracket of a sum names the letters it binds.",
        "E := sum[2*k] y[k]\n",
    ),
    Entry(
        "E203",
        "a wrong number of indices",
        "A tensor has one index for each axis.",
        "input W[H,H]\nw[i] := W[i,0,0]\n",
    ),
    Entry(
        "E204",
        "not an index expression",
        "Indices are sums of letters, sizes and whole numbers, with whole coefficients, and "
        "look-ups in integer inputs.",
        "w[i] := x[i*i]\n",
    ),
    Entry(
        "E205",
        "a function along an index without the index",
        "softmax, logsumexp, sum and mean of a number need an index to run over.",
        "p[k] := softmax(q[k])\n",
    ),
    Entry(
        "E206",
        "softmax of a vector at a fixed position",
        "Whole-tensor softmax is read at a letter.",
        "input q[K]\np := softmax(q)[0]\n",
    ),
    Entry(
        "E207",
        "whole tensors that do not fit together",
        "Where indices are left out, both sides, all terms and the two sides of a product must "
        "leave out numbers of indices that fit.",
        "input V[K,H], s[H]\nq := V s\n",
    ),
    Entry(
        "E208",
        "terms with different free indices",
        "Every term of a sum has the same free indices; only a term with none may stand beside "
        "others.",
        "C[i,j,k] := A[i,j] + B[i,k]\n",
    ),
    Entry(
        "W209",
        "a term lacks an index that others have",
        "A term that is the same for every value of an index, as a bias is, is accepted; so is the "
        "right side of a claim: dL/dz[c,u,v] = g[c]/N^2.",
        "h[t,i] := W[i,j] x[t,j] + b[i]\n",
    ),
    Entry(
        "N210",
        "summed outside a function it also occurs in",
        "The function is applied for each value of the index, then the results are summed.",
        "y[i] := tanh(A[i,j]) B[j]\n",
    ),
    Entry(
        "E211",
        "the right side lacks an index",
        "The right side of a definition has all free indices of the left side, or none.",
        "C[i,j] := b[i]\n",
    ),
    Entry(
        "E212",
        "a shifted index on the left of a definition",
        "A definition gives its entries at letters and at constants.",
        "s[t+1,i] := W[i,j] s[t,j]\n",
    ),
    Entry(
        "E213",
        "an index twice on the left of a definition",
        "Each letter of the left side stands for one axis.",
        "D[i,i] := d[i]\n",
    ),
    Entry(
        "E214",
        "'for' restricts an index that is not free",
        "'for' restricts the indices of the left side.",
        "[1] a[i] = a[i] for j >= 1\n",
    ),
    Entry(
        "E215",
        "an index is summed and used",
        "A letter means one thing where it stands.",
        "E[t] := sum[t] q[t]\n",
    ),
    Entry(
        "E216",
        "an index outside its sum",
        "sum[k](…) ends with its parenthesis; the letter means nothing behind it.",
        "E := sum[k](a[k]) b[k] c[k]\n",
    ),
    Entry(
        "E217",
        "a read outside a range",
        "Positions run from 0 to the size less one, and to where boundary clauses reach. There "
        "is no wrap-around.",
        "input x[T,H]\ns[t,i] := s[t-1,i] + x[t,i]\n",
    ),
    Entry(
        "N218",
        "a number added to every entry of a matrix",
        "A number goes with every expression: it is added to each entry. The identity matrix is "
        "written delta[i,j].",
        "input A[N,N], c\nB := inv(A + c)\n",
    ),
    Entry(
        "E219",
        "a definition that needs itself",
        "A recurrence reads what comes before, s[t-1,i]. An equation that its own left side solves "
        "is a claim.",
        "input W[H,H], x[T,H]\ns[t,i] := tanh(W[i,j] s[t,j] + x[t,i])\n",
    ),
    Entry(
        "E301",
        "an index with two sizes",
        "The axes on which a letter stands have one size.",
        "input x[D], W[H,H], U[H,D]\n\ny[i] := W[i,j] x[j]\n",
    ),
    Entry(
        "E302",
        "a look-up in an axis of another size",
        "An integer input stays below one size, that of the axis it looks up.",
        "input tok[T] integer in V, C[K,H]\ne[t,i] := C[tok[t],i]\n",
    ),
    Entry(
        "E303",
        "a look-up with numbers that are not whole",
        "An index that is looked up comes from an input that is declared integer.",
        "input tok[T], C[K,H]\ne[t,i] := C[tok[t],i]\n",
    ),
    Entry(
        "E304",
        "not a size",
        "Sizes are made of dims and whole numbers.",
        "input x[N+i]\n",
    ),
    Entry(
        "E305",
        "a matrix that is not square",
        "inv, det, logdet and matpow take square matrices.",
        "input A[M,N]\nd := det(A)\n",
    ),
    Entry(
        "E306",
        "a fact about an axis that is not there",
        "'one-hot in K' is said of an input with an axis of size K.",
        "dim K\ninput y[T,M] one-hot in K\n",
    ),
    Entry(
        "E307",
        "a fact about a matrix that is not square",
        "symmetric, spd, orthogonal and invertible are said of inputs whose last two axes have "
        "one size.",
        "dim M, N\ninput A[M,N] symmetric\n",
    ),
    Entry(
        "E308",
        "a delta between two ranges",
        "Both indices of a delta run over one range. A relation in square brackets compares any "
        "two indices.",
        "input a[M], b[K]\n[1] sum[i,j] a[i] delta[i,j] b[j] = 0\n",
    ),
    Entry(
        "E309",
        "an index that nothing gives a range",
        "A summed index stands on an axis, is declared, has a range in its bracket, or has the "
        "name of a dim in lower case.",
        "input X[N,N]\nE := sum[k,l] X[l,l]\n",
    ),
    Entry(
        "E401",
        "an unknown name",
        "Where a document declares inputs, every name is declared or defined.",
        "input yhat[T,K]\nE[t] := log(yaht[t,k]) yhat[t,k]\n",
    ),
    Entry(
        "E402",
        "declared twice",
        "A name is declared once; the entries of a definition are given once.",
        "input a[N]\na[i] := 1\n",
    ),
    Entry(
        "E403",
        "a name of the language",
        "Functions of the language cannot be declared.",
        "input exp[N]\n",
    ),
    Entry(
        "E404",
        "a size is used as a tensor",
        "A dim is a number; it has no entries.",
        "dim T\nE := T[0]\n",
    ),
    Entry(
        "E405",
        "a function without an argument",
        "A function is followed by its argument in parentheses.",
        "y[i] := tanh x[i]\n",
    ),
    Entry(
        "E406",
        "a name whose definition is not valid",
        "The definition has an error of its own; what uses the name cannot be judged.",
        "input x[N]\ny[i] := x[i] z[i]\n[1] y[i] = x[i]\n",
    ),
    Entry(
        "E407",
        "not a whole number from 1 on",
        "Sizes are positive whole numbers.",
        "dim K = 0\n",
    ),
    Entry(
        "E408",
        "a wrong number of arguments",
        "Functions take the number of arguments that belongs to them.",
        "y[i] := tanh(x[i], x[i])\n",
    ),
    Entry(
        "E409",
        "an unknown or incomplete fact",
        "The facts are: symmetric, positive, invertible, spd, orthogonal, one-hot in K, "
        "probability in K, boolean, integer in K, constant.",
        "input A[N,N] symetric\n",
    ),
    Entry(
        "E410",
        "a label that is used twice",
        "Labels name claims, so each is used once.",
        "[1] a[i] = a[i]\n[1] b[i] = b[i]\n",
    ),
    Entry(
        "E411",
        "an unknown label after 'using'",
        "'using' lists assumptions and claims that stand before this one.",
        "assume [onehot] sum[k] y[k] = 1\n[1] sum[k] y[k] z = z using onehott\n",
    ),
    Entry(
        "E412",
        "a circular default",
        "The default of a size is made of numbers and of other sizes, whose own defaults must "
        "not lead back to it.",
        "dim N default 2*M, M default N\n",
    ),
    Entry(
        "E413",
        "a whole tensor that has the name of a size",
        "A name may be a size and, with indices, a tensor. Without indices it is the size, so "
        "whole-tensor notation cannot use such a name.",
        "dim T\ninput T[P,Q], u[Q]\nv := T @ u\n",
    ),
    Entry(
        "E501",
        "a derivative of nothing",
        "The operator d/dV[i,j] applies to the expression that follows it.",
        "[1] d/dV[i,j] = V[i,j]\n",
    ),
    Entry(
        "E502",
        "a lonely ∂",
        "The immediate partial is a quotient of two ∂.",
        "[1] ∂s[t] = W s[t]\n",
    ),
    Entry(
        "E503",
        "a derivative by something that has no name",
        "One differentiates by an entry of an input or of a definition.",
        "[1] d/2 (x) = 1\n",
    ),
    Entry(
        "E504",
        "a derivative by an index or a size",
        "Indices and sizes are whole numbers; there is no derivative by them.",
        "dim N\n[1] d/dN (x N) = x\n",
    ),
    Entry(
        "E505",
        "a derivative by a constant",
        "An input that is declared constant, integer or boolean is not varied.",
        "input m[N] constant\nE := m[i] m[i]\n[1] dE/dm[i] = 2 m[i]\n",
    ),
    Entry(
        "E506",
        "a derivative whose parts are names of their own",
        "dE/dW is a derivative only if neither dE nor dW is a name, and d/dW only if d is none.",
        "input W[N], dW[N]\nE := W[i]^2\n[1] dE/dW[i] = 2 W[i]\n",
    ),
)

CATALOGUE: dict[str, Entry] = {entry.code: entry for entry in ENTRIES}
