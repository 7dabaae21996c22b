"""Descriptors: edges and pixels of pictures, standardised rows. Known answers, laws, and a reference made of loops."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latent_trainer.descriptors import PictureDescriptor, RowDescriptor, descriptor_for
from latentvr_common.datasets import Dataset, load

torch.set_num_threads(1)

Array = npt.NDArray[Any]
UPRIGHT, LEVEL = 0, 4
"""Orientations of an edge that runs up and down, and of one that runs from left to right."""
SIDE = 28
GRID = 14
"""Cells from edge to edge of a picture of SIDE pixels."""


def described(pictures: Array, descriptor: PictureDescriptor | None = None) -> Array:
    """Descriptions (B, D) of pictures (B, ...)."""
    descriptor = descriptor or PictureDescriptor(pictures.shape[1:])
    return np.asarray(descriptor(torch.from_numpy(pictures)).numpy())


def edges_of(picture: Array) -> Array:
    """The histogram (8, GRID, GRID) of a picture (SIDE, SIDE), without the weight of the whole part."""
    descriptor = PictureDescriptor(picture.shape)
    found = described(picture[None], descriptor)[0, : descriptor.edge_count]
    return (found * math.sqrt(descriptor.edge_count)).reshape(8, GRID, GRID)


def random_pictures(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, 256, size=shape, dtype=np.uint8)


def two_halves(left: int, right: int) -> Array:
    """A picture (SIDE, SIDE) with one upright edge in the middle."""
    picture = np.full((SIDE, SIDE), left, np.uint8)
    picture[:, SIDE // 2 :] = right
    return picture


# Shapes


@pytest.mark.parametrize(
    ("shape", "edges"),
    [
        ((28, 28), 8 * 14 * 14),
        ((28, 28, 3), 8 * 14 * 14),
        ((32, 32, 3), 8 * 16 * 16),
        ((8, 8), 8 * 7 * 7),
        ((28, 56), 8 * 14 * 28),
        ((1, 1), 8),
        ((1, 5), 8 * 4),
        ((2, 2, 3), 8 * 1),
    ],
)
def test_a_description_is_eight_orientations_for_each_cell_and_then_the_pixels(
    shape: tuple[int, ...], edges: int
) -> None:
    descriptor = PictureDescriptor(shape)
    found = descriptor(torch.from_numpy(random_pictures(3, *shape)))
    assert descriptor.edge_count == edges
    assert found.shape == (3, edges + math.prod(shape))
    assert found.dtype == torch.float32
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_the_type_of_the_pixels_makes_no_difference(dtype: torch.dtype) -> None:
    pictures = torch.from_numpy(random_pictures(2, 9, 7))
    descriptor = PictureDescriptor((9, 7))
    assert descriptor(pictures.to(dtype)).dtype == torch.float32
    torch.testing.assert_close(descriptor(pictures.to(dtype)), descriptor(pictures))


def test_nothing_of_a_descriptor_is_learnt_and_all_of_it_travels() -> None:
    for descriptor in (PictureDescriptor((8, 8)), RowDescriptor(torch.zeros(3), torch.ones(3))):
        assert not list(descriptor.parameters())
    assert set(PictureDescriptor((8, 8)).state_dict()) == {"orientations"}
    assert set(RowDescriptor(torch.zeros(3), torch.ones(3)).state_dict()) == {"mean", "scale"}


def test_a_picture_is_described_alike_whatever_is_described_with_it() -> None:
    pictures = random_pictures(20, 12, 10)
    together = described(pictures)
    alone = np.concatenate([described(picture[None]) for picture in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-6)


# Known answers


def test_a_black_picture_is_nothing() -> None:
    assert not described(np.zeros((1, SIDE, SIDE), np.uint8)).any()


@pytest.mark.parametrize("grey", [1, 100, 255])
def test_a_picture_of_one_grey_has_edges_only_where_it_ends(grey: int) -> None:
    edges = edges_of(np.full((SIDE, SIDE), grey, np.uint8))
    assert not edges[:, 1:-1, 1:-1].any()
    assert edges[UPRIGHT, 1:-1, [0, -1]].min() > 0
    assert edges[LEVEL, [0, -1], 1:-1].min() > 0


def test_an_upright_edge_is_found_where_it_is_and_as_upright() -> None:
    inside = edges_of(two_halves(0, 255))[:, 2:-2, 2:-2]
    middle = [GRID // 2 - 3, GRID // 2 - 2]  # of what is inside
    assert inside[UPRIGHT][:, middle].min() > 0.5
    others = np.delete(inside, middle, axis=2)
    assert others.max() < 1e-6
    assert inside[2:7].max() < 1e-6
    # A share of the edge goes to the orientations beside its own: cos^4 of 22.5 degrees, of which the root is taken.
    for beside in (1, 7):
        ratio = inside[beside][:, middle] / inside[UPRIGHT][:, middle]
        np.testing.assert_allclose(ratio, math.cos(math.pi / 4), atol=1e-4)


def test_a_level_edge_is_that_of_the_picture_on_its_side() -> None:
    upright, level = edges_of(two_halves(0, 255)), edges_of(two_halves(0, 255).T.copy())
    inside = slice(2, -2)
    assert level[LEVEL, inside, inside].max() > 0.5
    assert level[[0, 1, 7], inside, inside].max() < 1e-6
    np.testing.assert_allclose(level[LEVEL], upright[UPRIGHT].T, atol=1e-6)


def test_edges_aslant_fall_to_the_orientations_between() -> None:
    down, across = np.mgrid[:SIDE, :SIDE]
    falling = np.where(across + down >= SIDE, 255, 0).astype(np.uint8)
    for picture, aslant in ((falling, 2), (falling[:, ::-1].copy(), 6)):
        strengths = edges_of(picture)[:, 3:-3, 3:-3].sum(axis=(1, 2))
        assert strengths.argmax() == aslant
        assert strengths[(aslant + 4) % 8] < 0.05 * strengths[aslant]


def by_loops(picture: Array, cell: int) -> Array:
    """The histogram (8, rows, columns) of a picture (H, W), from 0 to 1, one pixel after the other."""
    height, width = picture.shape
    rows, columns = ((side + 2 * (cell // 2) - min(2 * cell, side)) / cell for side in (height, width))
    grid = np.zeros((8, math.ceil(rows) + 1, math.ceil(columns) + 1))
    at = {(y, x): float(picture[y, x]) for y in range(height) for x in range(width)}
    window = (min(2 * cell, height), min(2 * cell, width))
    for (y, x), k in ((place, k) for place in at for k in range(8)):
        across = at.get((y, x + 1), 0.0) - at.get((y, x - 1), 0.0)
        down = at.get((y + 1, x), 0.0) - at.get((y - 1, x), 0.0)
        double = 2 * math.atan2(down, across) - k * math.pi / 4
        aligned = max(0.0, math.cos(double)) ** 2 * math.hypot(across, down)
        for i, j in np.ndindex(grid.shape[1:]):
            top, left = i * cell - cell // 2, j * cell - cell // 2
            if top <= y < top + window[0] and left <= x < left + window[1]:
                # Cells that reach over the picture by the padding count its pixels; what is beyond that does not count.
                counted = min(top + window[0], height + cell // 2) - top
                counted *= min(left + window[1], width + cell // 2) - left
                grid[k, i, j] += aligned / counted
    squared = (grid**2).sum(axis=0)
    for i, j in np.ndindex(squared.shape):
        around = squared[max(0, i - 1) : i + 2, max(0, j - 1) : j + 2].mean()
        grid[:, i, j] = np.sqrt(grid[:, i, j] / math.sqrt(around + 0.05**2))
    return grid


@pytest.mark.parametrize(("shape", "cell"), [((5, 7), 1), ((1, 6), 1), ((28, 30), 2), ((29, 43), 2), ((42, 45), 3)])
def test_edges_are_what_a_reference_made_of_loops_says(shape: tuple[int, int], cell: int) -> None:
    picture = np.tril(random_pictures(*shape))
    descriptor = PictureDescriptor(shape)
    found = described(picture[None], descriptor)[0, : descriptor.edge_count] * math.sqrt(descriptor.edge_count)
    expected = by_loops(picture / 255.0, cell)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=5e-3)


# Laws


def test_an_edge_from_dark_to_light_is_one_from_light_to_dark() -> None:
    there, back = edges_of(two_halves(40, 200)), edges_of(two_halves(200, 40))
    inside = slice(2, -2)
    np.testing.assert_allclose(there[:, inside, inside], back[:, inside, inside], atol=1e-6)
    assert there[UPRIGHT, inside, inside].max() > 0.5


def test_contrast_hardly_matters_unless_an_edge_is_faint() -> None:
    inside = slice(2, -2)
    strong, half, faint = (edges_of(two_halves(0, light))[:, inside, inside].max() for light in (255, 128, 3))
    assert half == pytest.approx(strong, rel=0.02)
    assert faint < 0.5 * strong


def test_a_picture_that_is_turned_has_its_histogram_turned() -> None:
    picture = random_pictures(SIDE, SIDE)
    turned = edges_of(np.rot90(picture).copy())
    # A quarter turn is half of the eight orientations, which cover half a turn.
    expected = np.rot90(np.roll(edges_of(picture), 4, axis=0), axes=(1, 2))
    np.testing.assert_allclose(turned, expected, atol=1e-4)


def test_a_mirrored_picture_has_its_histogram_mirrored() -> None:
    picture = random_pictures(SIDE, SIDE)
    mirrored = edges_of(picture[:, ::-1].copy())
    np.testing.assert_allclose(mirrored, edges_of(picture)[-np.arange(8) % 8, :, ::-1], atol=1e-4)


def test_a_shift_by_a_cell_shifts_the_histogram() -> None:
    picture = np.zeros((SIDE, SIDE), np.uint8)
    picture[8:18, 8:18] = random_pictures(10, 10)
    shifted = np.roll(picture, (4, -2), axis=(0, 1))
    np.testing.assert_allclose(edges_of(shifted), np.roll(edges_of(picture), (2, -1), axis=(1, 2)), atol=1e-5)


def test_grey_pictures_in_colour_are_as_far_from_each_other_as_in_grey() -> None:
    grey = random_pictures(6, 20, 17)
    in_grey, in_colour = described(grey), described(np.repeat(grey[..., None], 3, axis=3))
    assert in_colour.shape[1] == in_grey.shape[1] + 2 * 20 * 17
    away_in_grey, away_in_colour = (np.linalg.norm(rows[:, None] - rows[None], axis=2) for rows in (in_grey, in_colour))
    np.testing.assert_allclose(away_in_colour, away_in_grey, atol=1e-4)


def test_colours_of_one_brightness_have_the_same_edges_and_other_pixels() -> None:
    red, blue = (np.zeros((1, 16, 16, 3), np.uint8) for _ in range(2))
    red[:, 4:12, 4:12, 0] = blue[:, 4:12, 4:12, 2] = 240
    descriptor = PictureDescriptor((16, 16, 3))
    first, second = described(red, descriptor)[0], described(blue, descriptor)[0]
    np.testing.assert_array_equal(first[: descriptor.edge_count], second[: descriptor.edge_count])
    assert np.linalg.norm(first - second) > 0.05


def test_edges_count_for_more_than_pixels_and_both_are_of_a_length_that_does_not_depend_on_the_size() -> None:
    digits = load("digits").items[:200]
    large = np.repeat(np.repeat(digits, 4, axis=1), 4, axis=2)
    lengths = []
    for pictures in (digits, large):
        descriptor = PictureDescriptor(pictures.shape[1:])
        found = described(pictures, descriptor)
        parts = found[:, : descriptor.edge_count], found[:, descriptor.edge_count :]
        lengths.append([float(np.linalg.norm(part, axis=1).mean()) for part in parts])
    for edges, pixels in lengths:
        assert 0.2 < edges < 1.5
        assert 0.02 < pixels <= 0.3
        assert edges > pixels
    assert lengths[0][1] == pytest.approx(lengths[1][1], rel=1e-4)
    white = described(np.full((1, 9, 9, 3), 255, np.uint8))[0, -9 * 9 * 3 :]
    assert np.linalg.norm(white) == pytest.approx(0.3, rel=1e-5)


# Back


@pytest.mark.parametrize("shape", [(28, 28), (20, 33, 3), (8, 8), (1, 1), (1, 4), (3, 2, 3)])
def test_undo_gives_the_pictures_back(shape: tuple[int, ...]) -> None:
    pictures = random_pictures(5, *shape)
    descriptor = PictureDescriptor(shape)
    back = descriptor.undo(torch.from_numpy(described(pictures, descriptor)))
    assert back.shape == pictures.shape
    assert back.dtype == torch.float32
    np.testing.assert_allclose(back.numpy(), pictures, atol=1e-3)


def test_undo_stays_within_what_a_pixel_can_be() -> None:
    descriptor = PictureDescriptor((6, 6))
    width = descriptor.edge_count + 36
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(4, width)).astype(np.float32))
    back = descriptor.undo(noise)
    assert (float(back.min()), float(back.max())) == (0.0, 255.0)


# Rows


def rows_and_descriptor() -> tuple[Array, RowDescriptor]:
    rows = (np.random.default_rng(0).normal(size=(50, 3)) * [1, 100, 0.01] + [5, -3, 2]).astype(np.float32)
    return rows, RowDescriptor(torch.from_numpy(rows.mean(axis=0)), torch.from_numpy(rows.std(axis=0)))


def test_columns_come_to_mean_0_and_spread_1_and_back() -> None:
    rows, descriptor = rows_and_descriptor()
    found = descriptor(torch.from_numpy(rows))
    assert found.dtype == torch.float32
    assert found.shape == rows.shape
    np.testing.assert_allclose(found.mean(dim=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(found.std(dim=0, correction=0), 1.0, atol=1e-4)
    np.testing.assert_allclose(descriptor.undo(found), rows, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float64])
def test_rows_of_other_types_are_described_in_float32(dtype: type) -> None:
    rows: Array = np.arange(12).reshape(4, 3).astype(dtype)
    descriptor = RowDescriptor(torch.full((3,), 2.0), torch.full((3,), 4.0))
    found = descriptor(torch.from_numpy(rows))
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), (rows.astype(np.float32) - 2.0) / 4.0)


def test_a_dataset_of_rows_is_described_by_its_features_and_constant_columns_become_0() -> None:
    rows, _ = rows_and_descriptor()
    dataset = Dataset("rows", np.concatenate([rows, np.full((50, 1), 7.5, np.float32)], axis=1))
    descriptor = descriptor_for(dataset)
    assert isinstance(descriptor, RowDescriptor)
    found = descriptor(torch.from_numpy(np.asarray(dataset.items)))
    np.testing.assert_allclose(found.numpy(), dataset.features(), atol=1e-4)
    np.testing.assert_array_equal(found[:, 3], 0.0)
    np.testing.assert_allclose(descriptor.undo(found)[:, 3], 7.5)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_a_dataset_of_pictures_is_described_by_edges(shape: tuple[int, ...]) -> None:
    descriptor = descriptor_for(Dataset("pictures", random_pictures(20, *shape)))
    assert isinstance(descriptor, PictureDescriptor)
    assert descriptor.shape == shape
