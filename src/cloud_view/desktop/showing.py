"""What is seen: the cloud as a layer, the camera on it, and when the person sees something else than before.

Pure. Times are seconds by a clock that the caller reads (monotonic).
"""

from cloud_view.camera import Camera, Framing, subject_of
from cloud_view.desktop.cloud_layer import CloudLayer, bare
from cloud_view.desktop.desk import Desk
from cloud_view.desktop.marks import Sight
from cloud_view.desktop.picking import Picker, Viewport
from cloud_view.desktop.same import Key, is_same
from cloud_view.desktop.viewpoint import Viewpoint
from latentvr_common.scene import Scene
from latentvr_common.selecting.frames import Frame, Frames

BEAT_S = 0.3
"""A mark that is being made is told again after so long: who looks on forgets what is not heard of."""


class Showing:
    """Layer, camera and sight, each made anew only where it is another."""

    def __init__(self) -> None:
        self.frames = Frames()
        """The clouds that were shown."""
        self.layer: CloudLayer | None = None
        """What is shown; None: nothing yet."""
        self._framing = Framing()
        self._camera: tuple[Viewpoint, object, Camera] | None = None
        self._seen: Key = ()
        self._beat_s = 0.0

    def layer_of(self, scene: Scene, *, busy: bool, of_old: bool) -> CloudLayer:
        """Return the layer of `scene`. `busy`: a button is down, what is looked at stays; `of_old`: not of now."""
        layer = self.layer
        if layer is not None and _shows(layer, scene):
            return layer
        fresh = CloudLayer(bare(scene), layer.subject if layer is not None else subject_of(scene.points()))
        if not busy:
            fresh.subject = self._framing.follow(subject_of(fresh.points))
        if not of_old and (layer is None or layer.scene.cloud is not scene.cloud):
            self.frames.add(scene.cloud)
        self.layer = fresh
        return fresh

    def camera_of(self, layer: CloudLayer, viewpoint: Viewpoint) -> Camera:
        """Return the camera that looks from `viewpoint` at what the layer shows."""
        subject = layer.subject
        if self._camera is None or self._camera[0] is not viewpoint or self._camera[1] is not subject:
            self._camera = viewpoint, subject, viewpoint.camera(subject)
        return self._camera[2]

    def is_of(self, viewpoint: Viewpoint) -> bool:
        """Tell whether what is shown is shown from there, or nothing is."""
        return self._camera is None or self._camera[0] is viewpoint

    def beats(self, desk: Desk, now_s: float) -> bool:
        """Tell whether a mark that is being made is to be told again."""
        return desk.mark is not None and now_s >= self._beat_s

    def sight(
        self, desk: Desk, layer: CloudLayer, camera: Camera, viewport: Viewport, now_s: float, past: Frame | None
    ) -> Sight | None:
        """Return what the person at `desk` is to see anew; None: nothing. Who turns the cloud looks when it rests.

        past: the frame that the layer shows; None: one of now.
        """
        seen: Key = (layer, camera, viewport)
        same = is_same(seen, self._seen)
        if desk.turns or (same and not self.beats(desk, now_s)):
            return None
        frame = past if past is not None else self.frames.shown_at(layer.scene.cloud.stamp_ns)
        if frame is None:
            return None
        picker = desk.sight.picker if same and desk.sight is not None else Picker(layer.points, camera, viewport)
        self._seen, self._beat_s = seen, now_s + BEAT_S
        return Sight(frame, layer.scene.placement, picker)


def _shows(layer: CloudLayer, scene: Scene) -> bool:
    names = ("cloud", "forces", "beacons", "placement", "ghost")
    return all(getattr(layer.scene, name) is getattr(scene, name) for name in names)
