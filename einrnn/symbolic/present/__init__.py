"""Expressions as a person writes them: factored, in the document's names, no longer than needed."""
