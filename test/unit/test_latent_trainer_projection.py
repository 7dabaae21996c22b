"""Principal components: numpy's and scikit-learn's, up to the sign, which is fixed here."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.decomposition import PCA

from latent_trainer.projection import fit_projection

FloatArray = npt.NDArray[np.float32]


def table(rows: int, columns: int, seed: int = 0) -> FloatArray:
    """Rows of features with directions of clearly different spread, away from the origin."""
    rng = np.random.default_rng(seed)
    scale = 3.0 * 0.7 ** np.arange(columns)
    turned, _ = np.linalg.qr(rng.normal(size=(columns, columns)))
    return np.asarray((rng.normal(size=(rows, columns)) * scale) @ turned + rng.normal(size=columns), np.float32)


@pytest.mark.parametrize(
    ("rows", "columns", "components"),
    [(200, 6, 4), (200, 6, 6), (30, 50, 5), (10, 10, 9)],
    ids=["fewer components", "as many components", "more columns than rows", "square"],
)
def test_axes_are_the_principal_components_up_to_the_sign(rows: int, columns: int, components: int) -> None:
    features = table(rows, columns)
    found = fit_projection(features, components, 0)
    reference = PCA(components, svd_solver="full").fit(features.astype(np.float64))
    _, _, right = np.linalg.svd(features - features.mean(axis=0, dtype=np.float64), full_matrices=False)
    for expected in (reference.components_, right[:components]):
        np.testing.assert_allclose(np.abs((expected * found.axes.T).sum(axis=1)), 1.0, atol=1e-4)
    np.testing.assert_allclose(found.mean, features.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.axes.T @ found.axes, np.eye(components), atol=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(200, 6), (30, 50)])
def test_inputs_are_centred_uncorrelated_widest_first_and_the_first_has_unit_spread(rows: int, columns: int) -> None:
    features = table(rows, columns)
    inputs = fit_projection(features, 5, 0).inputs_of(features)
    assert inputs.dtype == np.float32
    covariance = np.cov(inputs.T, bias=True)
    np.testing.assert_allclose(inputs.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-4)
    assert (np.diff(np.diag(covariance)) < 0).all()
    assert covariance[0, 0] == pytest.approx(1.0, abs=1e-4)


def test_distances_keep_their_proportions() -> None:
    features = table(50, 5)
    projection = fit_projection(features, 5, 0)
    inputs = projection.inputs_of(features)
    before = np.linalg.norm(features[:, None] - features[None], axis=2)
    after = np.linalg.norm(inputs[:, None] - inputs[None], axis=2)
    np.testing.assert_allclose(after * projection.scale, before, atol=1e-4)


@pytest.mark.parametrize(("rows", "columns"), [(40, 6), (20, 50)])
def test_there_and_back_is_the_same_where_no_component_is_left_out(rows: int, columns: int) -> None:
    features = table(rows, columns)
    projection = fit_projection(features, 1000, 0)
    np.testing.assert_allclose(projection.features_of(projection.inputs_of(features)), features, atol=1e-4)


def test_back_and_there_is_the_same_also_where_components_are_left_out() -> None:
    projection = fit_projection(table(40, 6), 3, 0)
    inputs = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    np.testing.assert_allclose(projection.inputs_of(projection.features_of(inputs)), inputs, atol=1e-5)


@pytest.mark.parametrize(("rows", "columns"), [(200, 6), (30, 50)])
def test_the_sign_of_an_axis_does_not_depend_on_the_sign_or_order_of_the_data(rows: int, columns: int) -> None:
    features = table(rows, columns)
    axes = fit_projection(features, 5, 0).axes
    np.testing.assert_allclose(fit_projection(features[::-1].copy(), 5, 0).axes, axes, atol=1e-3)
    np.testing.assert_allclose(fit_projection(-features, 5, 0).axes, axes, atol=1e-3)
    assert (axes[np.abs(axes).argmax(axis=0), np.arange(5)] > 0).all()


@pytest.mark.parametrize(
    ("rows", "columns", "components", "expected"),
    [(100, 8, 3, 3), (100, 8, 64, 8), (20, 50, 64, 19), (20, 1, 64, 1)],
)
def test_there_are_no_more_components_than_the_data_has(
    rows: int, columns: int, components: int, expected: int
) -> None:
    features = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    assert fit_projection(features, components, 0).axes.shape == (columns, expected)


def test_axes_of_many_columns_are_the_principal_components_too() -> None:
    features = np.random.default_rng(3).normal(size=(1500, 600)).astype(np.float32) * np.linspace(3, 0.1, 600)
    features = (features + 5.0).astype(np.float32)
    found = fit_projection(features, 8, 0)
    _, singular, rows = np.linalg.svd(features.astype(np.float64) - features.mean(axis=0, dtype=np.float64))
    assert found.scale == pytest.approx(singular[0] / np.sqrt(1500), rel=1e-5)
    np.testing.assert_allclose(np.abs((found.axes * rows[:8].T).sum(axis=0)), 1.0, atol=1e-4)


def test_many_columns_that_never_vary_go_to_zero() -> None:
    assert (fit_projection(np.ones((700, 600), np.float32), 5, 0).inputs_of(np.ones((3, 600), np.float32)) == 0).all()


def test_data_that_never_varies_goes_to_zero_and_comes_back() -> None:
    features = np.full((20, 4), 7.5, np.float32)
    projection = fit_projection(features, 64, 0)
    np.testing.assert_array_equal(projection.inputs_of(features), np.zeros((20, 4), np.float32))
    np.testing.assert_array_equal(projection.features_of(projection.inputs_of(features)), features)


def test_many_items_are_judged_by_a_part_of_them_that_the_seed_chooses() -> None:
    features = table(25_000, 4)
    one, same, other = (fit_projection(features, 3, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.axes, same.axes)
    assert not np.array_equal(one.axes, other.axes)
    reference = PCA(3).fit(features).components_
    np.testing.assert_allclose(np.abs((reference * one.axes.T).sum(axis=1)), 1.0, atol=1e-3)
