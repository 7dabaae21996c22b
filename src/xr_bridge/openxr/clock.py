"""The runtime's clock (XR_KHR_convert_timespec_time)."""

import time
from ctypes import byref, cast

import xr
from xr.platform.linux import (
    PFN_xrConvertTimespecTimeToTimeKHR,
    PFN_xrConvertTimeToTimespecTimeKHR,
    timespec,
)

EXTENSION = "XR_KHR_convert_timespec_time"
_SECOND_NS = 1_000_000_000


class XrClock:
    """Converts between XrTime and nanoseconds of CLOCK_MONOTONIC, as of time.monotonic_ns."""

    def __init__(self, instance: xr.Instance) -> None:
        self._instance = instance
        self._to_xr = cast(
            xr.get_instance_proc_addr(instance, "xrConvertTimespecTimeToTimeKHR"), PFN_xrConvertTimespecTimeToTimeKHR
        )
        self._from_xr = cast(
            xr.get_instance_proc_addr(instance, "xrConvertTimeToTimespecTimeKHR"), PFN_xrConvertTimeToTimespecTimeKHR
        )

    def now(self) -> int:
        """Return the XrTime of now. Raises XrException."""
        seconds, nanoseconds = divmod(time.monotonic_ns(), _SECOND_NS)
        spec, found = timespec(tv_sec=seconds, tv_nsec=nanoseconds), xr.Time()
        _check(self._to_xr(self._instance, byref(spec), byref(found)))
        return int(found.value)

    def monotonic_ns(self, xr_time: int) -> int:
        """Return when `xr_time` is. Raises XrException."""
        spec = timespec()
        _check(self._from_xr(self._instance, xr.Time(xr_time), byref(spec)))
        return int(spec.tv_sec) * _SECOND_NS + int(spec.tv_nsec)


def _check(result: xr.Result) -> None:
    found = xr.exception.check_result(result)
    if found.is_exception():
        raise found
