"""Proofs told again as a person would write them: equal expressions, one below the other."""
