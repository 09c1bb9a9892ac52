"""How large arrays get, told before they are made: compared with the shapes that numpy makes."""

import einrnn
from einrnn.check.claims import prepare
from einrnn.check.numbers import Numbers
from einrnn.check.weight import Weights

CONVOLUTION = """dim B, C, F, H, K
input w[F,C,K,K], x[B,C,2 H + 2 K,2 H + 2 K]
y[b,f,i,j] := sum[c,k,l] w[f,c,k,l] x[b,c,2 i + k,2 j + l]
[1] dy[b,f,i,j]/dw[g,c,k,l] = delta[f,g] x[b,c,2 i + k,2 j + l]
"""


def test_a_claim_over_eight_indices_weighs_the_product_of_their_sizes() -> None:
    prepared = prepare(einrnn.parse(CONVOLUTION).model)
    (ready,) = prepared.claims
    sizes = dict.fromkeys(prepared.model.dims, 3) | {"B": 2, "K": 2}
    found = Weights(prepared.forward).of(ready, ready.forward, sizes)
    assert found == 2 * 3 * 3 * 3 * 3 * 3 * 2 * 2


def test_bounds_that_depend_on_indices_count_where_they_are_widest() -> None:
    text = "dim T\ninput x[T]\ns[t] := sum[r=0..t] x[r]\n[1] s[t] = sum[q=0..t] x[q]\n"
    prepared = prepare(einrnn.parse(text).model)
    (ready,) = prepared.claims
    assert Weights(prepared.forward).of(ready, ready.forward, {"T": 7}) >= 7 * 7


def test_no_sizes_are_tried_that_take_too_many_entries() -> None:
    """At eleven positions each, the derivative has two hundred million entries."""
    prepared = prepare(einrnn.parse(CONVOLUTION).model)
    (ready,) = prepared.claims
    tried = Numbers(prepared, 0).sides(ready)
    weights = Weights(prepared.reverse)
    assert max(weights.of(ready, ready.reverse, sizes) for sizes in tried.sizes) < 10**7
    assert max(max(sizes.values()) for sizes in tried.sizes) > 4
