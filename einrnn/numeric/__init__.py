"""Core to numbers: programs of contractions, and the naive interpreter that is their oracle."""
