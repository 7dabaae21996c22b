"""Hands, brush, selection and beacons as markers, for viewers that do not know our messages: RViz and Foxglove."""
