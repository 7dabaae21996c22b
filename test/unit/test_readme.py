"""The README is true: every argument with its default, every topic, service and result is in it."""

import re
from pathlib import Path

import pytest

from latentvr_common import session_files, topics
from latentvr_session.arguments import defaults
from latentvr_session.description import PARTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
# In the list of topics for what is to come; the README names them where it says what is not there yet.
NOT_YET = README[README.index("## What is not there yet") :]


@pytest.mark.parametrize(("name", "default"), defaults().items())
def test_every_argument_is_there_with_its_default(name: str, default: str) -> None:
    shown = f"`{default}`" if default else "(empty)"
    assert re.search(rf"^\| `{name}` \| {re.escape(shown)} \|", README, re.MULTILINE)


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda t: t.name)
def test_every_topic_is_there_with_its_type(topic: topics.Topic) -> None:
    kind = f"{topic.type.__module__.split('.')[0]}/{topic.type.__name__}"
    listed = re.search(rf"^\| `{topic.name}` \| {kind} \|", README, re.MULTILINE)
    assert listed or f"`{topic.name}`" in NOT_YET


@pytest.mark.parametrize("service", topics.SERVICES, ids=lambda s: s.name)
def test_every_service_is_there(service: topics.Service) -> None:
    assert f"`{service.name}`" in README


@pytest.mark.parametrize("part", PARTS, ids=lambda p: p.executable)
def test_every_process_is_in_the_graph(part: object) -> None:
    graph = README.split("```mermaid")[1].split("```")[0]
    assert part.executable in graph  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [v for k, v in vars(session_files).items() if k.isupper()])
def test_every_file_of_a_session_is_there(name: str) -> None:
    assert f"`{name}`" in README or f"`{name}/`" in README


def test_what_it_points_to_exists() -> None:
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", README) if not t.startswith("http")]
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target
