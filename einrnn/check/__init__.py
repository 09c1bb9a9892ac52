"""The verdict ladder: from a claim to what may be said of it."""
