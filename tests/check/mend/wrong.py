"""Wrong steps of the kinds people make, each with the right one beside it.

Each row: a name, the document, the left side, what was written, what is right.
"""

from __future__ import annotations

LAYER_NORM = """
dim B, D
input x[B,D], g[B,D]
mu[b] := 1/D sum[d] x[b,d]
v[b] := 1/D sum[d] (x[b,d] - mu[b])^2
n[b,d] := (x[b,d] - mu[b]) / sqrt(v[b] + 1)
L := g[b,d] n[b,d]
"""

GRU = """
dim T, H
input W[H,H], R[H,H], x[T,H]
z[t,h] := sigmoid(R[h,k] y[t-1,k])
c[t,h] := tanh(W[h,k] y[t-1,k] + x[t,h])
y[t,h] := (1 - z[t,h]) y[t-1,h] + z[t,h] c[t,h] with y[-1,h] := 0
"""

ATTENTION = """
dim N, D
input Q[N,D], K[N,D], V[N,D], G[N,D]
S[i,j] := Q[i,k] K[j,k] / sqrt(D)
A[i,j] := softmax[j](S[i,j])
O[i,k] := A[i,j] V[j,k]
L := G[i,k] O[i,k]
gA[i,j] := G[i,k] V[j,k]
gS[i,j] := A[i,j] (gA[i,j] - sum[l] A[i,l] gA[i,l])
"""

HMM = """
dim T, N
input A[N,N] positive, b[T,N] positive, p[N] positive
al[t,j] := sum[i] al[t-1,i] A[i,j] b[t,j] with al[0,j] := p[j] b[0,j]
be[t,i] := sum[j] A[i,j] b[t+1,j] be[t+1,j] with be[T-1,i] := 1
Z := sum[i] al[T-1,i]
"""

REGRESSION = """
dim N, D
input X[N,D], w[D], y[N]
r[n] := X[n,d] w[d] - y[n]
L := 1/(2*N) sum[n] r[n]^2
"""

TWO_LAYER = """
dim B, I, H
input X[B,I], W[H,I], v[H], y[B]
a[b,h] := tanh(W[h,i] X[b,i])
r[b] := a[b,h] v[h] - y[b]
L := 1/2 sum[b] r[b]^2
"""

MATRICES = """
dim N
input A[N,N] invertible, B[N,N], a[N], b[N]
"""

LOGISTIC = """
dim N, D
input X[N,D], w[D], y[N]
p[n] := sigmoid(X[n,d] w[d])
L := -sum[n] (y[n] log(p[n]) + (1 - y[n]) log(1 - p[n]))
"""

GAUSSIAN = """
dim N
input K[N,N] spd, y[N]
L := 1/2 sum[i,j] y[i] inv(K)[i,j] y[j] + 1/2 logdet(K)
"""

LINEAR_RNN = """
dim T, H
input W[H,H], x[T,H], g[T,H]
h[t,i] := W[i,j] h[t-1,j] + x[t,i] with h[-1,i] := 0
L := g[t,i] h[t,i]
d[t,i] := g[t,i] + W[j,i] d[t+1,j] with d[T,i] := 0
"""

CONVOLUTION = """
dim N, K
input w[K], x[2*N+K], g[N], r[N]
y[n] := sum[k] w[k] x[2*n+k]
L := sum[n] g[n] y[n]
c[n] := sum[k] w[K-1-k] x[n+k]
M := sum[n] r[n] c[n]
"""

PAIRS = """
dim N
input X[N,N], B[N,N] symmetric, S[N,N], x[N]
f := sum[i,j: i != j] x[i]^2 x[j]^2
F := sum[k,l,m] X[k,l] B[l,m] X[m,k]
q := sum[i,j] x[i] S[i,j] x[j]
"""

PRECISION = """
dim N, M
input x[M,N], m[N], P[N,N] spd
L := M/2 logdet(P) - 1/2 sum[k,i,j] (x[k,i] - m[i]) P[i,j] (x[k,j] - m[j])
"""

MOMENTUM = """
dim T
input g[T], mu
v[t] := mu v[t-1] + g[t] with v[-1] := 0
"""

WRONG: tuple[tuple[str, str, str, str, str], ...] = (
    ("sign of the residual", REGRESSION, "dL/dw[d]", "-1/N X[n,d] r[n]", "1/N X[n,d] r[n]"),
    ("1/N forgotten", REGRESSION, "dL/dw[d]", "X[n,d] r[n]", "1/N X[n,d] r[n]"),
    ("a factor 2 too much", REGRESSION, "dL/dw[d]", "2/N X[n,d] r[n]", "1/N X[n,d] r[n]"),
    (
        "slope of the hidden layer forgotten",
        TWO_LAYER,
        "dL/dW[h,i]",
        "sum[b] r[b] v[h] X[b,i]",
        "sum[b] r[b] v[h] (1 - a[b,h]^2) X[b,i]",
    ),
    (
        "the sigmoid's slope for that of tanh",
        TWO_LAYER,
        "dL/dW[h,i]",
        "sum[b] r[b] v[h] a[b,h] (1 - a[b,h]) X[b,i]",
        "sum[b] r[b] v[h] (1 - a[b,h]^2) X[b,i]",
    ),
    (
        "slope at the wrong power",
        TWO_LAYER,
        "dL/dW[h,i]",
        "sum[b] r[b] v[h] (1 - a[b,h]) X[b,i]",
        "sum[b] r[b] v[h] (1 - a[b,h]^2) X[b,i]",
    ),
    (
        "labels and predictions exchanged",
        LOGISTIC,
        "dL/dw[d]",
        "(y[n] - p[n]) X[n,d]",
        "(p[n] - y[n]) X[n,d]",
    ),
    (
        "one time step off",
        LINEAR_RNN,
        "dL/dW[i,j]",
        "d[t,i] h[t,j]",
        "d[t,i] h[t-1,j]",
    ),
    ("transposed weights", LINEAR_RNN, "∂h[t,i]/∂h[t-1,k]", "W[k,i]", "W[i,k]"),
    (
        "scale of attention forgotten",
        ATTENTION,
        "dL/dQ[i,k]",
        "gS[i,j] K[j,k]",
        "gS[i,j] K[j,k] / sqrt(D)",
    ),
    (
        "softmax as if it were elementwise",
        ATTENTION,
        "dL/dS[i,j]",
        "A[i,j] (1 - A[i,j]) gA[i,j]",
        "A[i,j] (gA[i,j] - sum[l] A[i,l] gA[i,l])",
    ),
    (
        "queries for keys",
        ATTENTION,
        "dL/dK[j,k]",
        "gS[i,j] K[i,k] / sqrt(D)",
        "gS[i,j] Q[i,k] / sqrt(D)",
    ),
    ("forward for backward", HMM, "dZ/dal[t,i]", "al[t,i]", "be[t,i]"),
    (
        "the gate's complement",
        GRU,
        "∂y[t,h]/∂c[t,m]",
        "delta[h,m] (1 - z[t,h])",
        "delta[h,m] z[t,h]",
    ),
    ("a term of the product rule lost", GRU, "∂y[t,h]/∂z[t,h]", "c[t,h]", "c[t,h] - y[t-1,h]"),
    (
        "the inverse not transposed",
        MATRICES,
        "d(logdet(A))/dA[i,j]",
        "inv(A)[i,j]",
        "inv(A)[j,i]",
    ),
    (
        "sign of the derivative of the inverse",
        MATRICES,
        "d(sum[k,l] a[k] inv(A)[k,l] b[l])/dA[i,j]",
        "sum[k,l] a[k] inv(A)[k,i] inv(A)[j,l] b[l]",
        "-sum[k,l] a[k] inv(A)[k,i] inv(A)[j,l] b[l]",
    ),
    ("tr(AB) by A", MATRICES, "d(sum[i,k] A[i,k] B[k,i])/dA[i,j]", "B[i,j]", "B[j,i]"),
    (
        "half of the log determinant forgotten",
        GAUSSIAN,
        "dL/dK[i,j]",
        "-1/2 sum[k,l] inv(K)[i,k] y[k] y[l] inv(K)[l,j] + inv(K)[i,j]",
        "-1/2 sum[k,l] inv(K)[i,k] y[k] y[l] inv(K)[l,j] + 1/2 inv(K)[i,j]",
    ),
    (
        "the mean held fixed",
        LAYER_NORM,
        "dmu[b]/dx[b,d]",
        "1",
        "1/D",
    ),
    ("the stride forgotten", CONVOLUTION, "dL/dw[k]", "g[n] x[n+k]", "g[n] x[2*n+k]"),
    (
        "correlation for convolution",
        CONVOLUTION,
        "dM/dw[k]",
        "sum[n] r[n] x[n+k]",
        "sum[n] r[n] x[n+K-1-k]",
    ),
    (
        "a condition forgotten in a sum",
        PAIRS,
        "df/dx[k]",
        "4 x[k] sum[i] x[i]^2",
        "4 x[k] sum[i: i != k] x[i]^2",
    ),
    (
        "matrices that do not commute",
        PAIRS,
        "dF/dX[i,j]",
        "2 sum[m] B[j,m] X[m,i]",
        "sum[m] (B[j,m] X[m,i] + X[j,m] B[m,i])",
    ),
    ("a matrix taken for symmetric", PAIRS, "dq/dx[i]", "2 S[i,j] x[j]", "(S[i,j] + S[j,i]) x[j]"),
    (
        "the inverse forgotten",
        PRECISION,
        "dL/dP[i,j]",
        "M/2 P[i,j] - 1/2 sum[k] (x[k,i] - m[i]) (x[k,j] - m[j])",
        "M/2 inv(P)[i,j] - 1/2 sum[k] (x[k,i] - m[i]) (x[k,j] - m[j])",
    ),
    (
        "powers from the wrong end",
        MOMENTUM,
        "v[t]",
        "sum[r=0..t] mu^r g[r]",
        "sum[r=0..t] mu^(t-r) g[r]",
    ),
)
