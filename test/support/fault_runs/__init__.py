"""Sessions in which things go wrong on purpose, and the one check of what must hold afterwards."""
