"""Plans as straight-line source code, one file per backend."""
