"""Two sessions in one ROS domain would hear each other."""

import pytest

from latentvr_common.errors import InputError
from latentvr_session.domain import hold_domain


def test_a_domain_is_held_until_its_file_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "232")
    held = hold_domain()
    with pytest.raises(InputError, match=r"another session runs in ROS domain 232 \(process \d+\).*ROS_DOMAIN_ID=29"):
        hold_domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", "231")
    hold_domain().close()
    monkeypatch.setenv("ROS_DOMAIN_ID", "232")
    held.close()
    hold_domain().close()
