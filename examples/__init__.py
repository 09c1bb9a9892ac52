"""Programs that use einrnn."""
