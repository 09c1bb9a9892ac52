"""What other tools get wrong, each as a document with a known answer."""

import numpy as np
import pytest

import einrnn


def check(text: str, label: str = "1"):
    return einrnn.parse(text).check(timeout=4)[label]


TRUE = {
    # a dummy with the name of the index one differentiates by may not be captured
    "capture": "input x[N], A[N,N]\nf := sum[k] x[k] A[k,k]\n[1] df/dx[k] = A[k,k]",
    "capture twice": (
        "input x[N]\nf := sum[k](x[k]^2) sum[k](x[k]^2)\n[1] df/dx[k] = 4 x[k] sum[j](x[j]^2)"
    ),
    "delta keeps its free index": "input a[N], b[N]\n[1] sum[j] delta[i,j] a[j] b[j] = a[i] b[i]",
    "a sum hidden under a rename": (
        "input a[N], b[N]\n[1] sum[i] a[i] sum[j] b[j] = sum[j] a[j] sum[i] b[i]"
    ),
    "quotients over a sum": "input x[N]\n[1] sum[i] x[i]/(1 + x[i]) + sum[i] 1/(1 + x[i]) = N",
    "two forms of the sigmoid": "input x\n[1] 1/(1 + exp(-x)) = exp(x)/(1 + exp(x))",
    "tanh by exponentials": "input x\n[1] tanh(x) = (exp(2 x) - 1)/(exp(2 x) + 1)",
    "tanh and sigmoid": "input x\n[1] tanh(x) = 2 sigmoid(2 x) - 1",
    "softmax shifted": "input q[K], c\n[1] softmax[k](q[k] + c) = softmax[k](q[k])",
    "logsumexp shifted": "input q[K], c\n[1] logsumexp[k](q[k] + c) = c + logsumexp[k](q[k])",
    "power of a variable, once": ("input x positive, y\n[1] d/dx (x^y) = y x^(y - 1)"),
    "six equal factors": (
        "input R[N,N]\n[1] sum[a,b,c,d,e,f] R[a,b] R[b,c] R[c,d] R[d,e] R[e,f] R[f,a]"
        " = R[u,v] R[z,u] R[w,z] R[v,y] R[y,x] R[x,w]"
    ),
}


@pytest.mark.parametrize("name", TRUE)
def test_right_claims_are_proved(name: str):
    assert check(TRUE[name]).verdict == "proved"


def test_a_power_of_a_variable_can_be_differentiated_twice():
    found = check("input x positive, y\n[1] d/dx (d/dx (x^y)) = y (y - 1) x^(y - 2)")
    assert found.verdict in ("proved", "tested")
    doc = einrnn.parse("input x positive, y\nz := x^y")
    second = doc.derive("d/dx (dz/dx)").sympy()
    by_hand = 2.5 * 1.5 * 1.7**0.5
    names = {symbol.name: symbol for symbol in second.free_symbols}
    assert float(second.subs({names["x"]: 1.7, names["y"]: 2.5})) == pytest.approx(by_hand)


FALSE = {
    "captured dummy gains a factor N": (
        "input x[N], A[N,N]\nf := sum[k] x[k] A[k,k]\n[1] df/dx[k] = N A[k,k]"
    ),
    "a matrix is its transpose": "input X[N,N]\n[1] X[i,j] = X[j,i]",
    "a matrix is its transpose, whole": "input X[N,N]\n[1] X = X.T",
    "delta turned into a scalar": (
        "input a[N], b[N]\n[1] sum[j] delta[i,j] a[j] b[j] = sum[j] a[j] b[j]"
    ),
    "the mean index forgotten": "input x[N]\n[1] sum[i] x[i]/(1 + x[i]) = N",
}


@pytest.mark.parametrize("name", FALSE)
def test_wrong_claims_are_refuted(name: str):
    found = check(FALSE[name])
    assert found.verdict == "refuted"
    assert found.counterexample is not None


INVALID = {
    "different free indices": ("input A[N,M], B[N,K]\n[1] C[i,j] = A[i,j] + B[i,k]", "E"),
    "sum of different free indices": (
        "input A[N,N], B[N,N], C[N,N,N]\n[1] C[i,j,k] = A[i,j] + B[i,k]",
        "E208",
    ),
    "identities of two sizes": (
        "dim M = 2\ndim K = 3\ninput A[M,M], B[K,K]\n[1] A[i,k] = A[i,j] B[j,k]",
        "E301",
    ),
    "a delta between ranges of two sizes": (
        "dim M = 2\ndim K = 3\ninput a[M], b[K]\n[1] sum[i,j] a[i] delta[i,j] b[j] = 0",
        "E308",
    ),
    "a delta between ranges of two names": (
        "input a[M], b[K]\n[1] sum[i,j] a[i] delta[i,j] b[j] = 0",
        "E308",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_malformed_claims_are_refused(name: str):
    text, code = INVALID[name]
    found = check(text)
    assert found.verdict == "invalid"
    assert found.diagnostics[0].code.startswith(code)
    assert found.diagnostics[0].message


def test_names_and_indices_are_told_apart_in_numbers():
    """Σ_j δ_ij a_j b_j computed: a vector, not a scalar."""
    program = einrnn.parse("input a[N], b[N]\nc[i] := sum[j] delta[i,j] a[j] b[j]").compile("c")
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    np.testing.assert_allclose(program(a=a, b=b)["c"], a * b)
