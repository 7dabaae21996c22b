"""Policies of SROS 2: the file is what the list of topics and the description of a session say, in sros2's format."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from latentvr_common import topics
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from latentvr_session import runner, security
from latentvr_session.access import ACCESS
from latentvr_session.description import PARTS
from latentvr_session.policy import EVERY_NODE_OFFERS, EVERY_NODE_SENDS, policies

TOP = Path(__file__).parents[2]
FILE = TOP / "security" / "policies.xml"
RIGHTS = {"topics": {"publish", "subscribe"}, "services": {"reply", "request"}}
ANYBODY: Callable[[], bool] = lambda: True  # noqa: E731  (A middleware that can do security.)


def rights(node: str) -> dict[str, set[str]]:
    """What the file allows a node, by kind, as names relative to the session's namespace."""
    (profile,) = ElementTree.parse(FILE).findall(f"enclaves/enclave/profiles/profile[@node='{node}']")
    found: dict[str, set[str]] = {}
    for listed in profile:
        ((right, allowed),) = listed.attrib.items()
        assert allowed == "ALLOW"
        found[right] = {entry.text or "" for entry in listed}
    return found


def test_the_file_is_what_is_written_from_the_lists() -> None:
    assert FILE.read_text() == policies(), "python -m latentvr_session.policy > security/policies.xml"


def test_it_has_the_form_that_sros2_reads() -> None:
    top = ElementTree.parse(FILE).getroot()
    assert (top.tag, top.attrib, [child.tag for child in top]) == ("policy", {"version": "0.2.0"}, ["enclaves"])
    for enclave in top[0]:
        (profiles,) = enclave
        (profile,) = profiles
        assert (enclave.tag, profiles.tag, profile.tag) == ("enclave", "profiles", "profile")
        assert set(profile.attrib) == {"ns", "node"}
        assert enclave.attrib == {"path": f"{profile.get('ns')}/{profile.get('node')}"}
        for listed in profile:
            assert set(listed.attrib) <= RIGHTS[listed.tag]
            assert {entry.tag for entry in listed} == {listed.tag.removesuffix("s")}
            # A star would allow what nobody has thought of.
            assert all(entry.text and "*" not in entry.text for entry in listed)


def test_every_node_of_a_session_has_a_profile_and_the_player() -> None:
    assert set(ACCESS) == {part.executable for part in PARTS if part.is_node} | {"session_player"}


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda topic: topic.name)
def test_a_topic_may_be_sent_by_its_sender_and_heard_by_somebody(topic: topics.Topic) -> None:
    senders = {name for name in ACCESS if topic.name in rights(name)["publish"]}
    if topic is topics.DIAGNOSTICS:
        assert senders == set(ACCESS)
        return
    assert senders >= set(topic.sender.split(" or ")) | {"session_player"}
    assert any(topic in access.hears for access in ACCESS.values()) or topic is topics.MARKERS


@pytest.mark.parametrize("service", topics.SERVICES, ids=lambda service: service.name)
def test_a_service_may_be_offered_by_its_server_alone(service: topics.Service) -> None:
    offering = {name for name in ACCESS if service.name in rights(name)["reply"]}
    assert offering == {service.server}


def test_only_the_journal_makes_entries_and_only_who_marks_may_ask_for_them() -> None:
    assert {name for name in ACCESS if "labels" in rights(name)["publish"]} == {"label_journal", "session_player"}
    asking = {name for name in ACCESS if "submit_labels" in rights(name).get("request", set())}
    assert asking == {"gesture_labeler", "desktop"}


def test_all_nodes_may_do_what_ros_does_for_each_node() -> None:
    for name in ACCESS:
        assert set(EVERY_NODE_SENDS) <= rights(name)["publish"]
        assert set(EVERY_NODE_OFFERS) <= rights(name)["reply"]


def keystore(folder: Path, *enclaves: str) -> dict[str, str]:
    for enclave in enclaves:
        (folder / "enclaves" / enclave).mkdir(parents=True)
    return {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_KEYSTORE": str(folder)}


def test_without_security_nothing_is_asked_of_the_middleware() -> None:
    def nobody() -> bool:
        raise AssertionError("was asked")

    # ROS knows no other spelling than true.
    for variables in ({}, {"ROS_SECURITY_ENABLE": "false"}, {"ROS_SECURITY_ENABLE": "True"}):
        assert security.trouble(variables, ["/latentvr/desktop"], nobody) == ""


def test_a_middleware_without_the_plugin_is_named_and_what_to_do(tmp_path: Path) -> None:
    said = security.trouble(keystore(tmp_path, "latentvr/desktop"), ["/latentvr/desktop"], lambda: False)
    assert "has no security plugin: use that of an installed ROS 2 Jazzy, or unset ROS_SECURITY_ENABLE" in said


def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    variables = keystore(tmp_path, "latentvr/desktop")
    assert security.trouble(variables, ["/latentvr/desktop"], ANYBODY) == ""
    said = security.trouble(variables, ["/latentvr/desktop", "/latentvr/label_journal"], ANYBODY)
    assert said.startswith(f"{tmp_path}/enclaves/latentvr/label_journal is missing")
    # One key for all, where somebody wants that.
    variables["ROS_SECURITY_ENCLAVE_OVERRIDE"] = "/latentvr/desktop"
    assert security.trouble(variables, ["/latentvr/label_journal"], ANYBODY) == ""
    assert "not set" in security.trouble({"ROS_SECURITY_ENABLE": "true"}, [], ANYBODY)


def test_the_middleware_of_the_wheels_has_no_security_and_a_session_that_asks_for_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if security.middleware_has_plugin() is not False:
        pytest.skip("this middleware has the plugin")
    for name, value in keystore(tmp_path, "latentvr/desktop").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match="no security plugin"):
        security.refuse_if_unsafe(["/latentvr/desktop"])
    assert "ROS_SECURITY_STRATEGY" not in os.environ


def test_a_session_that_asks_for_security_it_cannot_have_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(security, "middleware_has_plugin", lambda: True)
    for name, value in keystore(tmp_path / "keys", "latentvr/label_journal").items():
        monkeypatch.setenv(name, value)
    directory = tmp_path / "session"
    assert runner.main([f"directory:={directory}", "record:=false"]) == EXIT_INPUT_ERROR
    assert "enclaves/latentvr/session_host is missing" in capsys.readouterr().err
    assert not directory.exists()


def test_a_node_that_asks_for_it_says_in_one_line_why_it_does_not_start(tmp_path: Path) -> None:
    if security.middleware_has_plugin() is not False:
        pytest.skip("this middleware has the plugin")
    program = "import sys; from session_recorder.player_node import main; sys.exit(main())"
    words = [sys.executable, "-c", program, "--ros-args", "--enclave", "/latentvr/session_player"]
    for variables, reason in (
        (keystore(tmp_path, "latentvr/session_player"), "doesn't have the security libraries"),
        ({"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Enforce"}, "ROS does not start"),
    ):
        path = os.pathsep.join([str(TOP / "src"), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | variables | {"PYTHONPATH": path}
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60, check=False)
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert done.returncode == EXIT_INPUT_ERROR
        assert reason in line
        assert "keys in ROS_SECURITY_KEYSTORE, or ROS_SECURITY_ENABLE not set" in line
        assert "Traceback" not in done.stderr
