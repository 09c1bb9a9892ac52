"""Repairs of refuted claims: small edits of a right side that make it true.

Candidates are found by numbers, many at a time (:mod:`~einrnn.check.mend.holes`), and
are judged like any claim before they are suggested (:mod:`~einrnn.check.mend.confirm`).
"""
