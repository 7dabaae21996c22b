"""The pictures of one session, one for each eye: swapchains, and what OpenXR says of where the eyes are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
import xr

from xr_bridge.drawing import matrices
from xr_bridge.drawing.matrices import Fov
from xr_bridge.drawing.painter import Eye
from xr_bridge.openxr.results import MissingError, destroy

VIEWS = xr.ViewConfigurationType.PRIMARY_STEREO
NEAR_M, FAR_M = 0.03, 60.0
_SRGB8_ALPHA8, _RGBA8 = 0x8C43, 0x8058
_PATIENCE_NS = 1_000_000_000


@dataclass(frozen=True)
class Size:
    """Of one eye's picture, pixels."""

    width: int
    height: int


class EyeChain:
    """The images into which the pictures of one eye are drawn in turn."""

    def __init__(self, gl: moderngl.Context, session: xr.Session, size: Size) -> None:
        self.size = size
        formats = list(xr.enumerate_swapchain_formats(session))
        wanted = next((f for f in (_SRGB8_ALPHA8, _RGBA8) if f in formats), None)
        if wanted is None:
            raise MissingError("the runtime takes no pictures of 8 bits a colour")
        self.is_srgb = wanted == _SRGB8_ALPHA8
        usage = xr.SwapchainUsageFlags.COLOR_ATTACHMENT_BIT | xr.SwapchainUsageFlags.SAMPLED_BIT
        self._chain = xr.create_swapchain(
            session,
            xr.SwapchainCreateInfo(
                usage_flags=usage,
                format=wanted,
                sample_count=1,
                width=size.width,
                height=size.height,
                face_count=1,
                array_size=1,
                mip_count=1,
            ),
        )
        images = xr.enumerate_swapchain_images(self._chain, xr.SwapchainImageOpenGLKHR)
        pixels = (size.width, size.height)
        self._depth = gl.depth_renderbuffer(pixels)
        self._targets: list[moderngl.Framebuffer] = [
            gl.framebuffer([gl.external_texture(image.image, pixels, 4, 0, "f1")], self._depth) for image in images
        ]

    def acquire(self) -> moderngl.Framebuffer:
        """Return what the next picture is drawn into."""
        index = int(xr.acquire_swapchain_image(self._chain, xr.SwapchainImageAcquireInfo()))
        xr.wait_swapchain_image(self._chain, xr.SwapchainImageWaitInfo(timeout=_PATIENCE_NS))
        return self._targets[index]

    def release(self) -> None:
        """Hand the picture over."""
        xr.release_swapchain_image(self._chain, xr.SwapchainImageReleaseInfo())

    def layer_view(self, view: Any) -> xr.CompositionLayerProjectionView:
        """Return what says where the picture was seen from."""
        rect = xr.Rect2Di(xr.Offset2Di(0, 0), xr.Extent2Di(self.size.width, self.size.height))
        image = xr.SwapchainSubImage(swapchain=self._chain, image_rect=rect, image_array_index=0)
        return xr.CompositionLayerProjectionView(pose=view.pose, fov=view.fov, sub_image=image)

    def close(self) -> None:
        """Give the images back."""
        for target in self._targets:
            target.release()
        self._depth.release()
        destroy(xr.destroy_swapchain, self._chain)


def sizes(instance: xr.Instance, system: xr.SystemId, resolution: float) -> Sequence[Size]:
    """Return the size of each eye's picture: `resolution` times what the runtime recommends, or its most."""
    found = xr.enumerate_view_configuration_views(instance, system, VIEWS)
    return [
        Size(
            _scaled(v.recommended_image_rect_width, resolution, v.max_image_rect_width),
            _scaled(v.recommended_image_rect_height, resolution, v.max_image_rect_height),
        )
        for v in found
    ]


def _scaled(recommended: int, share: float, most: int) -> int:
    return max(16, min(round(recommended * share), most))


def located(session: xr.Session, space: xr.Space, xr_time: int) -> Sequence[Any]:
    """Return where each eye will be at `xr_time`, as OpenXR has it; none where that is not known."""
    state, views = xr.locate_views(
        session, xr.ViewLocateInfo(view_configuration_type=VIEWS, display_time=xr_time, space=space)
    )
    needed = int(xr.ViewStateFlags.POSITION_VALID_BIT | xr.ViewStateFlags.ORIENTATION_VALID_BIT)
    return views if int(state._view_state_flags) & needed == needed else ()


def eye_of(view: Any) -> Eye:
    """Return the matrices of `view`."""
    p, q, f = view.pose.position, view.pose.orientation, view.fov
    position, quat = np.array([p.x, p.y, p.z]), np.array([q.x, q.y, q.z, q.w])
    fov = Fov(f.angle_left, f.angle_right, f.angle_up, f.angle_down)
    return Eye(matrices.view(position, quat), matrices.projection(fov, NEAR_M, FAR_M), position)
