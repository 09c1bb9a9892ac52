"""Algebra on the core: simplification, derivatives, derived definitions."""
