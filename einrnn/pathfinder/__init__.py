"""Contraction paths: one evaluator, exact planners for small networks and chains, and search."""
