"""Sums over products of two-time tensors turned into single sweeps along time."""
