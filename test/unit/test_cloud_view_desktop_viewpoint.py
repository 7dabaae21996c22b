"""The camera that a mouse turns: what is looked at stays in view, whatever is done."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_view.camera import Subject
from cloud_view.desktop.viewpoint import Viewpoint

SUBJECT = Subject(np.array([0.2, 1.1, -0.6]), 0.35)
SIZE = (1280, 800)
far = st.floats(-5000, 5000)


@given(far, far, st.floats(-50, 50))
def test_the_camera_stays_upright_and_orthonormal(right: float, down: float, nearer: float) -> None:
    camera = Viewpoint().turned(right, down).nearer(nearer).camera(SUBJECT)
    axes = np.stack([camera.right, camera.up, camera.forward])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert camera.up[1] > 0
    assert camera.right[1] == pytest.approx(0.0, abs=1e-9)


@given(far, far)
def test_turning_keeps_the_distance(right: float, down: float) -> None:
    before, after = (v.camera(SUBJECT) for v in (Viewpoint(), Viewpoint().turned(right, down)))
    assert np.linalg.norm(after.eye - SUBJECT.center) == pytest.approx(np.linalg.norm(before.eye - SUBJECT.center))


def test_what_is_before_the_middle_goes_where_the_mouse_drags_it() -> None:
    viewpoint = Viewpoint()
    near = SUBJECT.center - 0.9 * SUBJECT.radius * viewpoint.camera(SUBJECT).forward
    x, y = viewpoint.camera(SUBJECT).pixels(near, *SIZE)
    right = viewpoint.turned(30, 0).camera(SUBJECT).pixels(near, *SIZE)
    down = viewpoint.turned(0, 30).camera(SUBJECT).pixels(near, *SIZE)
    assert right[0] > x + 5
    assert down[1] > y + 5


@given(st.floats(-400, 400), st.floats(-400, 400), st.floats(-3, 8))
def test_moving_takes_the_middle_of_the_cloud_along_with_the_mouse(right: float, down: float, nearer: float) -> None:
    before = Viewpoint().nearer(nearer)
    after = before.moved(right, down, SIZE[1])
    middle = [v.camera(SUBJECT).pixels(SUBJECT.center, *SIZE) for v in (before, after)]
    np.testing.assert_allclose(middle[1] - middle[0], [right, down], atol=1e-6)


def test_nearer_and_farther_end_somewhere_and_undo_each_other() -> None:
    assert Viewpoint().nearer(3).nearer(-3).distance == pytest.approx(Viewpoint().distance)
    closest, farthest = Viewpoint().nearer(1000), Viewpoint().nearer(-1000)
    assert closest.distance == closest.nearer(1).distance < 1.0
    assert farthest.distance == farthest.nearer(-1).distance > Viewpoint().distance


def test_a_cloud_twice_as_large_looks_the_same_from_the_same_viewpoint() -> None:
    large = Subject(SUBJECT.center, 2 * SUBJECT.radius)
    viewpoint = Viewpoint().turned(100, 20).moved(50, 10, 800)
    offset = np.array([0.3, -0.2, 0.5])
    one, two = (viewpoint.camera(s).pixels(s.center + s.radius * offset, *SIZE) for s in (SUBJECT, large))
    np.testing.assert_allclose(one, two)
