"""Sums and products up to an index as recurrences, before they are differentiated."""
