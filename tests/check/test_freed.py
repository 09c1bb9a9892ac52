"""Documents that fix large sizes: judged with these open, and at their own where that is false."""

import einrnn

TEXT = """
dim N = 32, D = 784, H = 128, K = 10
input x[N,D], W[H,D], b[H], V[K,H], y[N,K] one-hot in K
z[n,h] := W[h,d] x[n,d] + b[h]
o[n,k] := V[k,h] relu(z[n,h])
p[n,k] := softmax[k](o[n,k])
L := -1/N sum[n,k] y[n,k] log(p[n,k])
[bias] dL/db[i] = 1/N sum[n,k] (p[n,k] - y[n,k]) V[k,i] [z[n,i] > 0]
[weights] dL/dW[i,j] = 1/N sum[n,k] (p[n,k] - y[n,k]) V[k,i] [z[n,i] > 0] x[n,j]
[linear] dL/db[i] = 1/N sum[n,k] (p[n,k] - y[n,k]) V[k,i]
[count] sum[d] 1 = 784
[miscount] sum[d] 1 = 783
"""


def test_a_layer_of_real_size() -> None:
    report = einrnn.parse(TEXT).check()
    assert report["bias"].verdict == report["weights"].verdict == "proved"
    assert report["linear"].verdict == report["miscount"].verdict == "refuted"
    linear = report["linear"]
    assert linear.counterexample is not None
    assert linear.counterexample.sizes["D"] < 784
    assert linear.repair is not None
    assert linear.repair.verdict == "proved"


def test_what_is_true_of_the_documents_own_size_only() -> None:
    verdict = einrnn.parse(TEXT).check()["count"]
    assert verdict.verdict == "tested"
    assert verdict.sizes_tested == ({"N": 32, "D": 784, "H": 128, "K": 10},)
    assert verdict.max_error == 0
    assert "false at other sizes" in verdict.notes[0]


def test_small_sizes_stay_as_they_are() -> None:
    report = einrnn.parse("dim D = 12\ninput x[D]\n[1] sum[d] 1 = 12\n").check()
    assert report["1"].verdict == "proved"


def test_a_size_that_no_computer_holds() -> None:
    text = "dim K = 1000000000\ninput x\n[1] sum[k=0..K-1] k = K (K-1)/2\n[2] sum[k=0..K-1] x = x\n"
    report = einrnn.parse(text).check()
    assert report["1"].verdict == "proved"
    assert report["2"].verdict == "tested"  # false at other sizes; this one cannot be computed
