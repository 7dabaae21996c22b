"""Quaternions in the order x, y, z, w, as ROS and OpenXR have them."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]

IDENTITY: FloatArray = np.array([0.0, 0.0, 0.0, 1.0])


def rotate(quat_xyzw: FloatArray, vectors: FloatArray) -> FloatArray:
    """Rotate `vectors` (..., 3) by unit quaternions `quat_xyzw` (..., 4)."""
    axis, w = quat_xyzw[..., :3], quat_xyzw[..., 3:]
    twice = 2.0 * cross(axis, vectors)
    return np.asarray(vectors + w * twice + cross(axis, twice))


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the cross product of `a` and `b` (..., 3). NumPy's own takes five times as long for a single vector."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    shape = a.shape if a.shape == b.shape else np.broadcast_shapes(a.shape, b.shape)
    found = np.empty(shape, dtype=np.result_type(a, b))
    found[..., 0], found[..., 1], found[..., 2] = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    return found


def inverse(quat_xyzw: FloatArray) -> FloatArray:
    """Return the inverse of unit quaternions (..., 4)."""
    return np.asarray(quat_xyzw * np.array([-1.0, -1.0, -1.0, 1.0]))


def multiply(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the quaternion (..., 4) that rotates by `b` first, then by `a`."""
    av, aw, bv, bw = a[..., :3], a[..., 3:], b[..., :3], b[..., 3:]
    vector = aw * bv + bw * av + cross(av, bv)
    scalar = aw * bw - np.sum(av * bv, axis=-1, keepdims=True)
    return np.concatenate([vector, scalar], axis=-1)


def from_axes(x: FloatArray, y: FloatArray, z: FloatArray) -> FloatArray:
    """Return the quaternion (4,) of the rotation whose columns are the orthonormal axes `x`, `y`, `z`, each (3,)."""
    m = np.stack([x, y, z], axis=1)
    trace = float(np.trace(m))
    if trace > 0:
        s = 2.0 * np.sqrt(trace + 1.0)
        quat = np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], 0.25 * s * s]) / s
    else:
        i = int(np.argmax(np.diag(m)))
        j, k = (i + 1) % 3, (i + 2) % 3
        s = 2.0 * np.sqrt(1.0 + m[i, i] - m[j, j] - m[k, k])
        quat = np.empty(4)
        quat[i], quat[j], quat[k] = 0.25 * s, (m[j, i] + m[i, j]) / s, (m[k, i] + m[i, k]) / s
        quat[3] = (m[k, j] - m[j, k]) / s
    return np.asarray(quat / np.linalg.norm(quat))


def about_axis(axis: FloatArray, angle_rad: float) -> FloatArray:
    """Return the quaternion (4,) that turns by `angle_rad` about the unit vector `axis` (3,)."""
    return np.append(np.asarray(axis) * np.sin(angle_rad / 2), np.cos(angle_rad / 2))


def is_unit(quats_xyzw: FloatArray, tolerance: float = 1e-2) -> npt.NDArray[np.bool_]:
    """Tell for quaternions (..., 4) which have length one: devices are known to send zeros."""
    return np.asarray(np.abs(np.linalg.norm(quats_xyzw, axis=-1) - 1.0) < tolerance)
