"""``python -m einrnn`` is the command ``einrnn``."""

from einrnn.cli import main

main(prog_name="einrnn")
