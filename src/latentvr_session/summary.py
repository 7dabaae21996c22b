"""The summary that a session ends with, for people."""

import json
from collections.abc import Mapping
from pathlib import Path

from latentvr_common import session_files

_ROWS = (
    ("items", "items", "{:,}"),
    ("gestures", "gestures", "{:,}"),
    ("labels", "labelled items", "{:,}"),
    ("conflicts", "authors disagree on", "{:,}"),
    ("label_purity", "right among the labels", "{:.1%}"),
    ("accuracy", "categorised correctly", "{:.1%}"),
    ("confidence", "confidence, mean", "{:.1%}"),
    ("space_used", "space used", "{:.0%}"),
    ("branch", "branch of training", "{}"),
    ("epochs", "epochs", "{:,}"),
    ("duration_s", "duration", "{:.0f} s"),
    ("cloud_hz", "cloud frames a second", "{:.1f}"),
)
_IF_ANY = ("conflicts", "branch")
"""Rows that are left out where there is nothing to tell."""
_RESULTS = (
    (session_files.REPORT, "how it went and what came of it: open it in a browser"),
    (session_files.ITEMS_PARQUET, "every item: label, prediction, confidence, place (also .csv)"),
    (session_files.MODEL, "the network, for PyTorch and for ONNX"),
    (session_files.LABELS, "the journal of labels"),
    (session_files.BAG, "the recording (rosbag2, MCAP)"),
    (session_files.STILL, "the cloud at the end"),
    (session_files.VIDEO, "the session as a time-lapse"),
    (session_files.SESSION, "what the session was made of"),
    (session_files.CHECKPOINTS, "training's state at some moments: go on with resume:="),
    (session_files.PARAMETERS, "the parameters of each process"),
)


def text(directory: Path) -> str:
    """Return the table and, as its last line, the JSON of the summary in `directory`; empty if there is none."""
    file = directory / session_files.SUMMARY
    if not file.exists():
        return ""
    found = json.loads(file.read_text())
    return f"{table(found, directory)}\n{json.dumps(found)}"


def table(summary: Mapping[str, object], directory: Path) -> str:
    """Return the summary and the list of results that are there, as lines for a terminal."""
    rows = [
        (text, _shown(summary.get(key), form)) for key, text, form in _ROWS if key not in _IF_ANY or summary.get(key)
    ]
    width = max(len(text) for text, _ in rows)
    lines = [f"  {text:<{width}}  {value}" for text, value in rows]
    present = [(name, text) for name, text in _RESULTS if (directory / name).exists()]
    name_width = max((len(name) for name, _ in present), default=0)
    files = [f"  {name:<{name_width}}  {text}" for name, text in present]
    return "\n".join(["", "Session", *lines, "", f"Results in {directory}", *files, ""])


def _shown(value: object, form: str) -> str:
    return "unknown" if value is None else form.format(value)
