"""Programs cut along an index: which tensors carry it, and what is summed over it."""
