"""The evaluator over whole index ranges, against the naive interpreter."""

from itertools import product

import numpy as np
import pytest

import einrnn
from einrnn.check.claims import prepare
from einrnn.check.mend.values import Values
from einrnn.check.points import Points
from einrnn.check.sizes import trial_sizes

TEXTS = {
    "sums with ranges": "index t : T\ninput a[T]\n[1] sum[r=0..t] a[r] = sum[r=t..T-1] a[r]",
    "conditions": "input A[N,N]\n[1] sum[i,j: i < j] A[i,j] = { A[0,0] if N > 2 ; 1 otherwise }",
    "recurrence": "input a, x[T]\nh[t] := a h[t-1] + x[t] with h[-1] := 0\n[1] h[t] = h[t-1]",
    "softmax": "input q[T,K]\n[1] softmax[k](q[t,k]) = logsumexp[l](q[t,l] + q[t,k])",
    "matrices": "input A[N,N] invertible\n[1] inv(A)[j,i] = matpow(A, 2)[i,j] + det(A)",
    "powers of a matrix": "index t : T\ninput A[N,N]\n"
    "[1] sum[r=0..t] matpow(A, t-r)[i,j] = A[j,i]^2 / A[i,j]",
    "look-ups": "dim V\ninput tok[T] integer in V, C[V,D]\n[1] C[tok[t],j] = 2 C[tok[t],j]",
    "functions": "input x[N]\n[1] relu(x[i]) + softplus(x[i]) = erf(x[i]) + max(x[i], 0)",
    "products and extremes": "input x[N]\n[1] prod[i] x[i] = max[i](x[i]) - min[i](x[i])",
    "derivatives": "input W[H,H], x[T,H]\n"
    "s[t,i] := tanh(W[i,j] s[t-1,j] + x[t,i]) with s[-1,i] := 0\n"
    "[1] ds[t,m]/dW[i,j] = ∂s[t,m]/∂W[i,j]",
    "opaque functions": "function f(a[i])\nfunction a[i](c)\n[1] df/dc = df/da[i] da[i]/dc",
}


@pytest.mark.parametrize("name", TEXTS)
def test_values_are_those_of_the_interpreter(name: str):
    model = einrnn.parse(TEXTS[name]).model
    prepared = prepare(model)
    (ready,) = prepared.claims
    point = Points(prepared, 0).at(trial_sizes(model)[0], ())
    assert point is not None
    values = Values(prepared.forward, point.sizes, point.arrays)
    ranges = ready.claim.ranges
    scope = {i: (values.number(r.lo), values.number(r.hi)) for i, r in ranges.items()}
    order = sorted(scope, key=lambda index: index.name)
    for side in (ready.forward.left, ready.forward.right):
        found = values.over(side, scope)
        spans = [range(scope[i][0], scope[i][1] + 1) for i in order]
        for place, position in zip(np.ndindex(*found.shape), product(*spans), strict=True):
            wanted = point.interpreter.value(side, dict(zip(order, position, strict=True)))
            assert found[place] == pytest.approx(float(wanted), rel=1e-10, abs=1e-12)
