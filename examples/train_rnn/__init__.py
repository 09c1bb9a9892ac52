"""Trains the document's RNN on the standard library's documentation: see ``__main__``."""
