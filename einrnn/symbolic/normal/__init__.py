"""The normal form of sums of products over indices.

Two expressions are equal for all sizes if their difference has the normal form 0.
"""
