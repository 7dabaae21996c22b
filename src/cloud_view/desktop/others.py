"""The hands of others, made anew only when they or the camera have moved. Pure."""

from cloud_view.camera import Camera
from cloud_view.hand_shapes import hands_shape
from cloud_view.shapes import Mesh
from latentvr_common.hands import Hands
from latentvr_common.scene import hands_moved


class OthersHands:
    """Keeps their shape."""

    def __init__(self) -> None:
        self._hands: Hands | None = None
        self._camera: Camera | None = None
        self._shape = Mesh()

    def shape(self, hands: Hands | None, camera: Camera) -> Mesh:
        """Return what there is to see of `hands` from `camera`; the same object where that is the same."""
        if camera is not self._camera or hands_moved(self._hands, hands):
            self._hands, self._camera, self._shape = hands, camera, hands_shape(hands, camera)
        return self._shape
