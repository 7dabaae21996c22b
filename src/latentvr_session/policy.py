"""The policies of SROS 2, written from access.py: `python -m latentvr_session.policy > security/policies.xml`.

One enclave for each node, with what it does in the graph and nothing else, as sros2's policy.xsd (0.2.0) has it.
"""

import sys
from collections.abc import Iterable
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from latentvr_common import topics
from latentvr_session.access import ACCESS, Access
from latentvr_session.security import enclave_of

_VERSION = "0.2.0"
_ALLOW = "ALLOW"

EVERY_NODE_SENDS = ("/rosout", "/parameter_events", topics.DIAGNOSTICS.name)
"""The first two by ROS itself."""
EVERY_NODE_OFFERS = (
    "~/describe_parameters",
    "~/get_parameter_types",
    "~/get_parameters",
    "~/get_type_description",
    "~/list_parameters",
    "~/set_parameters",
    "~/set_parameters_atomically",
)
"""By ROS itself."""


def policies() -> str:
    """Return the file."""
    top = Element("policy", version=_VERSION)
    enclaves = SubElement(top, "enclaves")
    for name, access in ACCESS.items():
        enclave = SubElement(enclaves, "enclave", path=enclave_of(name))
        _add_profile(SubElement(enclave, "profiles"), name, access)
    ElementTree.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(top, encoding="unicode")}\n'


def _add_profile(profiles: Element, node: str, access: Access) -> None:
    profile = SubElement(profiles, "profile", ns=f"/{topics.NAMESPACE}", node=node)
    _add(profile, "topic", "publish", [*EVERY_NODE_SENDS, *(topic.name for topic in access.sends)])
    _add(profile, "topic", "subscribe", [topic.name for topic in access.hears])
    _add(profile, "service", "reply", [*EVERY_NODE_OFFERS, *(service.name for service in access.offers)])
    _add(profile, "service", "request", [service.name for service in access.asks])


def _add(profile: Element, kind: str, right: str, names: Iterable[str]) -> None:
    """Allow it for all of `names`; a list without any would not be a valid one."""
    unique = sorted(set(names))
    if unique:
        listed = SubElement(profile, f"{kind}s", {right: _ALLOW})
        for name in unique:
            SubElement(listed, kind).text = name


if __name__ == "__main__":
    sys.stdout.write(policies())
