"""Exact random testing modulo primes, and floats through the same evaluator: a tier that
shares no code with the prover, the compiler and the naive interpreter."""
