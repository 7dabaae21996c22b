"""Where the files of a session are, relative to its directory."""

from pathlib import Path

LABELS = "labels.db"
BAG = "bag"
STILL = "cloud.png"
VIDEO = "timelapse.mp4"
SESSION = "session.json"
SUMMARY = "summary.json"
MODEL = "model"
CHECKPOINTS = "checkpoints"
PARAMETERS = "parameters"
TRAINING = "training.json"
"""Whether it is paused, for a trainer that is started again; there while one runs."""
ITEMS_PARQUET = "items.parquet"
ITEMS_CSV = "items.csv"
REPORT = "report.html"


def in_directory(directory: str | Path, name: str) -> Path:
    """Return the path of the session file `name`."""
    return Path(directory) / name
