"""Core to sympy: abstract, and entry by entry at concrete sizes."""
