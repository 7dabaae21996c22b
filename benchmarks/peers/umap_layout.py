"""Lay rows out in 3-D with UMAP (McInnes, Healy and Melville, arXiv 1802.03426), and say how long it took.

ROWS.npy (N, D) float32 -> POSITIONS.npy (N, 3) float32. Defaults of umap-learn otherwise, without a seed: only so it
uses all cores. The last line is JSON. Imports and numba's compilation are not counted: a small layout comes before.
"""

import argparse
import json
import time
import warnings
from importlib.metadata import version
from typing import Any

import numba
import numpy as np
import umap
from sklearn.decomposition import PCA

_FEW = 300
"""Rows of the layout that comes before; more than the neighbours, and quick."""


def main() -> None:
    """Read, lay out, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("rows")
    parser.add_argument("positions")
    parser.add_argument("--components", type=int, default=0, help="first reduce to so many; 0: not at all")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    rows = np.load(options.rows, allow_pickle=False)
    laid_out(rows[:_FEW], options.components, n_epochs=10)
    # The way that UMAP goes with more than 4,096 rows.
    laid_out(rows[:_FEW], options.components, n_epochs=10, force_approximation_algorithm=True)
    began = time.perf_counter()
    positions = laid_out(rows, options.components)
    seconds = time.perf_counter() - began
    np.save(options.positions, positions.astype(np.float32))
    print(json.dumps({"seconds": seconds, "threads": numba.get_num_threads(), "version": version("umap-learn")}))


def laid_out(rows: Any, components: int, **changes: Any) -> Any:
    """Return the positions (N, 3) of rows (N, D)."""
    if 0 < components < min(rows.shape):
        rows = PCA(components).fit_transform(rows)
    return umap.UMAP(n_components=3, **changes).fit_transform(rows)


if __name__ == "__main__":
    main()
