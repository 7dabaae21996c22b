"""Both hands (XR_EXT_hand_tracking)."""

from ctypes import POINTER, byref, cast

import numpy as np
import numpy.typing as npt
import xr

from latentvr_common.hands import JOINT_COUNT, Validity
from xr_bridge.hand_filter import RawHand
from xr_bridge.openxr.results import destroy

EXTENSION = "XR_EXT_hand_tracking"
_LOCATION = np.dtype([("flags", "u8"), ("quat", "f4", 4), ("position", "f4", 3), ("radius", "f4")], align=True)
"""XrHandJointLocationEXT."""
_BITS = (
    (xr.SpaceLocationFlags.POSITION_VALID_BIT, Validity.POSITION_VALID),
    (xr.SpaceLocationFlags.ORIENTATION_VALID_BIT, Validity.ORIENTATION_VALID),
    (xr.SpaceLocationFlags.POSITION_TRACKED_BIT, Validity.POSITION_TRACKED),
    (xr.SpaceLocationFlags.ORIENTATION_TRACKED_BIT, Validity.ORIENTATION_TRACKED),
)


class HandTracker:
    """One hand of one session. pyopenxr's own function gives the runtime no room for joints."""

    def __init__(self, instance: xr.Instance, session: xr.Session, hand: xr.HandEXT) -> None:
        self._tracker = xr.create_hand_tracker_ext(session, xr.HandTrackerCreateInfoEXT(hand=hand))
        self._locate = cast(xr.get_instance_proc_addr(instance, "xrLocateHandJointsEXT"), xr.PFN_xrLocateHandJointsEXT)
        self._joints = (xr.HandJointLocationEXT * JOINT_COUNT)()
        self._found = xr.HandJointLocationsEXT()
        self._found.joint_count = JOINT_COUNT
        self._found._joint_locations = cast(self._joints, POINTER(xr.HandJointLocationEXT))
        self._view: npt.NDArray[np.void] = np.frombuffer(self._joints, dtype=_LOCATION)

    def locate(self, space: xr.Space, xr_time: int) -> RawHand:
        """Return where the hand is, or will be, at `xr_time`, in metres in `space`. Raises XrException."""
        wanted = xr.HandJointsLocateInfoEXT(base_space=space, time=xr_time)
        result = xr.exception.check_result(self._locate(self._tracker, byref(wanted), byref(self._found)))
        if result.is_exception():
            raise result
        view = self._view
        flags = np.zeros(JOINT_COUNT, dtype=np.uint8)
        for theirs, ours in _BITS:
            flags |= np.where(view["flags"] & np.uint64(int(theirs)), np.uint8(int(ours)), np.uint8(0))
        return RawHand(
            active=bool(self._found.is_active),
            positions=view["position"].astype(np.float64),
            quats_xyzw=view["quat"].astype(np.float64),
            radii=view["radius"].astype(np.float64),
            flags=flags,
        )

    def close(self) -> None:
        """Give it back."""
        destroy(xr.destroy_hand_tracker_ext, self._tracker)
