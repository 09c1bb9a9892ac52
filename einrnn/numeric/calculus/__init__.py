"""Derivatives of whole programs, as programs: what jax and torch call instead of their own."""
