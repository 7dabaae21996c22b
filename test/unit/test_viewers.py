"""The layout for Foxglove and the configuration for RViz name only topics, fields and frames that there are.

Neither program can be started here: this is what can be known without.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from latentvr import msg
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from latent_trainer.training import TERMS
from latentvr_common import topics
from latentvr_common.cloud import CLOUD_DTYPE
from room_markers.bag import ROOM_FRAME, TRANSFORMS

CONFIG = Path(__file__).parents[2] / "config"
LAYOUT = json.loads((CONFIG / "foxglove_layout.json").read_text())
RVIZ = yaml.safe_load((CONFIG / "latentvr.rviz").read_text())
ROOT = "Visualization Manager"

BY_NAME = {t.name if t.name.startswith("/") else f"/{topics.NAMESPACE}/{t.name}": t for t in topics.TOPICS}
NUMBER = re.compile(r"boolean|double|float|u?int(8|16|32|64)|octet")


def type_of(topic: topics.Topic) -> str:
    return f"{topic.type.__module__.split('.')[0]}/{topic.type.__name__}"


def field_type(path: str) -> str:
    """Type of what a path of Foxglove's leads to, such as /latentvr/epoch.losses[2]; raises KeyError for none."""
    (topic,) = [name for name in BY_NAME if path == name or path.startswith(f"{name}.")]
    message, kind = BY_NAME[topic].type, type_of(BY_NAME[topic])
    for step in path[len(topic) + 1 :].split(".") if path != topic else []:
        name, index = re.fullmatch(r"(\w+)(\[\d+\])?", step).groups()  # type: ignore[union-attr]
        kind = message.get_fields_and_field_types()[name]
        if index:
            kind = re.fullmatch(r"sequence<(.+)>", kind)[1]  # type: ignore[index]
        if kind in ("latentvr/Category",):
            message = getattr(msg, kind.split("/")[1])
    return kind


def panels(kind: str) -> list[dict[str, Any]]:
    return [config for name, config in LAYOUT["configById"].items() if name.split("!")[0] == kind]


def in_layout(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
        return
    assert node.keys() == {"first", "second", "direction", "splitPercentage"}
    assert node["direction"] in ("row", "column")
    assert 10 <= node["splitPercentage"] <= 90
    yield from in_layout(node["first"])
    yield from in_layout(node["second"])


# Foxglove


def test_the_layout_has_the_parts_of_one_and_every_panel_a_place() -> None:
    assert LAYOUT.keys() == {"configById", "globalVariables", "userNodes", "playbackConfig", "layout"}
    assert sorted(in_layout(LAYOUT["layout"])) == sorted(LAYOUT["configById"])
    kinds = {name.split("!")[0] for name in LAYOUT["configById"]}
    assert kinds == {"3D", "Plot", "StateTransitions", "RawMessages", "Table", "DiagnosticSummary"}
    assert all(re.fullmatch(r"\w+!\w+", name) for name in LAYOUT["configById"])


PLOTTED = [path["value"] for panel in panels("Plot") for path in panel["paths"]]
CHANGING = [path["value"] for panel in panels("StateTransitions") for path in panel["paths"]]


@pytest.mark.parametrize("path", PLOTTED)
def test_what_is_plotted_is_a_number(path: str) -> None:
    assert NUMBER.fullmatch(field_type(path))


@pytest.mark.parametrize("path", CHANGING)
def test_what_changes_from_state_to_state_is_a_text_or_an_integer(path: str) -> None:
    assert field_type(path) == "string" or re.fullmatch(r"u?int\d+", field_type(path))


def test_every_term_of_the_loss_is_plotted_under_its_name() -> None:
    (losses,) = [panel for panel in panels("Plot") if "losses" in panel["paths"][0]["value"]]
    named = {path["label"]: path["value"] for path in losses["paths"]}
    assert named == {name: f"/latentvr/epoch.losses[{i}]" for i, name in enumerate(TERMS)}


def test_tables_raw_messages_and_health_are_of_topics_that_there_are() -> None:
    (table,), (raw,), (health,) = panels("Table"), panels("RawMessages"), panels("DiagnosticSummary")
    assert field_type(table["topicPath"]) == "sequence<latentvr/Category>"
    assert field_type(raw["topicPath"]) == "latentvr/LabelEvent"
    assert field_type(health["topicToRender"]) == "diagnostic_msgs/DiagnosticArray"


def test_the_three_dimensional_panel_shows_cloud_and_markers() -> None:
    (panel,) = panels("3D")
    shown = {name for name, settings in panel["topics"].items() if settings["visible"]}
    assert {name: type_of(BY_NAME[name]) for name in shown} == {
        "/latentvr/cloud": "sensor_msgs/PointCloud2",
        "/latentvr/markers": "visualization_msgs/MarkerArray",
    }
    assert panel["topics"].keys() <= BY_NAME.keys()
    assert panel["topics"]["/latentvr/cloud"]["colorField"] in (CLOUD_DTYPE.names or ())
    # Where none is named, Foxglove takes the frame at the root: the room of a copy with markers, else the latent space.
    assert "followTf" not in panel


@pytest.mark.parametrize(
    "path", ["/latentvr/epoch.wrong", "/latentvr/epoch.losses.x", "/latentvr/nothing.x", "/epoch.step"]
)
def test_a_path_that_leads_nowhere_is_found(path: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        field_type(path)


# RViz


def displays(kind: str) -> list[dict[str, Any]]:
    return [d for d in RVIZ[ROOT]["Displays"] if d["Class"] == f"rviz_default_plugins/{kind}"]


def test_the_configuration_has_the_parts_of_one() -> None:
    assert {"Panels", ROOT, "Window Geometry"} <= RVIZ.keys()
    assert RVIZ[ROOT].keys() >= {"Displays", "Global Options", "Tools", "Transformation", "Views"}
    assert {d["Class"].split("/")[0] for d in RVIZ[ROOT]["Displays"]} == {"rviz_default_plugins"}
    assert all(d["Enabled"] and d["Value"] and d["Name"] for d in RVIZ[ROOT]["Displays"])
    assert RVIZ[ROOT]["Views"]["Current"]["Class"] == "rviz_default_plugins/Orbit"


@pytest.mark.parametrize(
    ("kind", "type_name"),
    [("PointCloud2", "sensor_msgs/PointCloud2"), ("MarkerArray", "visualization_msgs/MarkerArray")],
)
def test_a_display_hears_a_topic_of_its_type_with_a_quality_that_fits(kind: str, type_name: str) -> None:
    (display,) = displays(kind)
    topic = BY_NAME[display["Topic"]["Value"]]
    assert type_of(topic) == type_name
    assert is_compatible(display["Topic"], topic.qos)
    assert display["Topic"]["Durability Policy"] == durability(topic.qos)


def durability(offered: QoSProfile) -> str:
    return "Transient Local" if offered.durability == DurabilityPolicy.TRANSIENT_LOCAL else "Volatile"


def is_compatible(asked: dict[str, Any], offered: QoSProfile) -> bool:
    """Nobody may ask for more than is offered."""
    reliable = offered.reliability == ReliabilityPolicy.RELIABLE or asked["Reliability Policy"] == "Best Effort"
    return reliable and asked["Durability Policy"] in ("Volatile", durability(offered))


def test_the_cloud_has_the_colours_that_it_brings() -> None:
    (cloud,) = displays("PointCloud2")
    assert (cloud["Color Transformer"], cloud["Position Transformer"]) == ("RGB8", "XYZ")
    assert {"x", "y", "z", "rgb"} <= set(CLOUD_DTYPE.names or ())


def test_the_fixed_frame_is_the_one_in_which_up_is_up() -> None:
    assert RVIZ[ROOT]["Global Options"]["Fixed Frame"] == ROOM_FRAME
    assert TRANSFORMS == "/tf_static"
