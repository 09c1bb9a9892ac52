"""Proofs: normal forms, definitions unfolded as far as needed, induction over time."""
