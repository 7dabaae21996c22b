"""Bytes of one's own as requests to a service, through real DDS: what no client of ROS can be made to send.

rclpy publishes bytes on topics, but names of services' topics begin with `rq`, which ROS allows to nobody. The layer
below it (rmw) does; this calls it, as Jazzy has it.
"""

import ctypes
from pathlib import Path

from rclpy.node import Node

from latentvr_common import topics

_POINTER_OF = ctypes.pythonapi.PyCapsule_GetPointer
_POINTER_OF.restype, _POINTER_OF.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
_NAME_OF = ctypes.pythonapi.PyCapsule_GetName
_NAME_OF.restype, _NAME_OF.argtypes = ctypes.c_char_p, [ctypes.py_object]


class _Time(ctypes.Structure):
    _fields_ = (("sec", ctypes.c_uint64), ("nsec", ctypes.c_uint64))


class _Qos(ctypes.Structure):
    """rmw_qos_profile_t."""

    _fields_ = (
        ("history", ctypes.c_int),
        ("depth", ctypes.c_size_t),
        ("reliability", ctypes.c_int),
        ("durability", ctypes.c_int),
        ("deadline", _Time),
        ("lifespan", _Time),
        ("liveliness", ctypes.c_int),
        ("lease", _Time),
        ("names_as_they_are", ctypes.c_bool),
    )


class _Options(ctypes.Structure):
    """rmw_publisher_options_t."""

    _fields_ = (("payload", ctypes.c_void_p), ("unique", ctypes.c_int))


class _Bytes(ctypes.Structure):
    """rmw_serialized_message_t, whose allocator is asked for nothing."""

    _fields_ = (
        ("buffer", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("allocator", ctypes.c_void_p * 5),
    )


_KEEP_LAST, _RELIABLE, _VOLATILE = 1, 1, 2


def _loaded(*names: str) -> ctypes.CDLL:
    """Return a library that this process has loaded already: the first of `names` that there is."""
    paths = [Path(line.split(maxsplit=5)[-1]) for line in Path("/proc/self/maps").read_text().splitlines()]
    for name in names:
        for path in paths:
            if path.name.startswith(name):
                return ctypes.CDLL(str(path))
    raise AssertionError(f"none of {names} is loaded")


class RawRequests:
    """Sends bytes as requests to one service. Needs no answer, and gets none."""

    def __init__(self, node: Node, service: topics.Service) -> None:
        self._rmw = _loaded("librmw_implementation.so", "librmw_fastrtps_cpp.so")
        self._rcutils = _loaded("librcutils.so")
        self._rmw.rmw_create_publisher.restype = ctypes.c_void_p
        self._rmw.rmw_get_default_publisher_options.restype = _Options
        rcl = _loaded("librcl.so")
        rcl.rcl_node_get_rmw_handle.restype = ctypes.c_void_p
        kind = service.type.Request
        kind.__import_type_support__()
        support = _POINTER_OF(kind._TYPE_SUPPORT, _NAME_OF(kind._TYPE_SUPPORT))
        qos = _Qos(_KEEP_LAST, 100, _RELIABLE, _VOLATILE, names_as_they_are=True)
        options = self._rmw.rmw_get_default_publisher_options()
        name = f"rq{node.resolve_service_name(service.name)}Request"
        with node.handle:
            self._node = ctypes.c_void_p(rcl.rcl_node_get_rmw_handle(ctypes.c_void_p(node.handle.pointer)))
        self._publisher = ctypes.c_void_p(
            self._rmw.rmw_create_publisher(
                self._node, ctypes.c_void_p(support), name.encode(), ctypes.byref(qos), ctypes.byref(options)
            )
        )
        assert self._publisher, f"no publisher of {name}"

    def publish(self, data: bytes) -> None:
        """Send serialized bytes, whatever they are. A server in this process may refuse them at once."""
        kept = ctypes.create_string_buffer(data, max(len(data), 1))
        message = _Bytes(ctypes.cast(kept, ctypes.c_void_p), len(data), len(data))
        if self._rmw.rmw_publish_serialized_message(self._publisher, ctypes.byref(message), None) != 0:
            self._rcutils.rcutils_reset_error()

    def listeners(self) -> int:
        """How many servers hear it."""
        count = ctypes.c_size_t()
        self._rmw.rmw_publisher_count_matched_subscriptions(self._publisher, ctypes.byref(count))
        return count.value

    def close(self) -> None:
        """Take the publisher away."""
        self._rmw.rmw_destroy_publisher(self._node, self._publisher)
