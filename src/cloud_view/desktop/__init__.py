"""Labelling with mouse and keys, in a window."""
