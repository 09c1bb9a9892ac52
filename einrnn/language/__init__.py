"""Text to core: grammar, names, indices, sizes, elaboration; and core back to text."""
