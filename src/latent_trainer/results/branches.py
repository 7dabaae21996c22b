"""The part of a report in which branches of training are compared."""

import math
from collections.abc import Callable, Sequence

from latent_trainer.curves import Point
from latent_trainer.results import markup
from latent_trainer.results.charts import Line, lines_chart
from latent_trainer.results.markup import count, element, name, section, share
from latent_trainer.results.outcome import Outcome

FIRST = "what was"
"""What the branch is called that was there first."""
_COLORS = ("#5b6675", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_DASHES = ("", "6 3", "2 3")
"""Of more branches than there are colours, the later ones are dashed."""
_SETTLED = 0.02
"""Share of the steps after which losses are compared: the very first ones are of another size."""


def branches_section(outcome: Outcome) -> str:
    """Return curves and figures of all branches; nothing where there is only one."""
    curves = {branch: points for branch, points in outcome.curves.items() if points}
    if len(curves) < 2:
        return ""
    colors = [_COLORS[i % len(_COLORS)] for i in range(len(curves))]
    names = [_swatch(color) + name(branch or FIRST) for branch, color in zip(curves, colors, strict=True)]
    heads = ("branch", "steps", "loss", *(("correct",) if outcome.truth is not None else ()), "confidence", "as before")
    head = element("tr", "".join(element("th", text) for text in heads))
    rows = [
        (shown, *_figures(points, with_truth=outcome.truth is not None))
        for shown, points in zip(names, curves.values(), strict=True)
    ]
    return section(
        "Branches",
        "What would be without some marks, or from an earlier moment on, beside what was. As before: the share of "
        "items that are predicted as in the cloud that was left when the branch was gone to.",
        element("div", _charts(list(curves.values()), colors), class_="charts"),
        element("div", element("table", head + markup.rows(rows), class_="plain"), class_="wide"),
    )


def _swatch(color: str) -> str:
    return f'<span class="swatch" style="background:{color}"></span>'


def _charts(curves: Sequence[Sequence[Point]], colors: Sequence[str]) -> str:
    def chart(value: Callable[[Point], float], highest: float, unit: str, shown: Callable[[float], str]) -> str:
        lines = [
            Line([(point.step, value(point)) for point in points], color, _DASHES[i // len(_COLORS) % len(_DASHES)])
            for i, (points, color) in enumerate(zip(curves, colors, strict=True))
        ]
        return lines_chart(lines, highest, unit, shown, "steps")

    right = chart(lambda p: p.accuracy, 1.0, "categorised correctly", _percent)
    return (
        (right or chart(lambda p: p.confidence, 1.0, "mean confidence", _percent))
        + chart(lambda p: p.loss, _highest_loss(curves), "loss", lambda value: f"{value:g}")
        + chart(lambda p: p.agreement, 1.0, "predicted as before", _percent)
    )


def _highest_loss(curves: Sequence[Sequence[Point]]) -> float:
    last = max(points[-1].step for points in curves)
    losses = [p.loss for points in curves for p in points if math.isfinite(p.loss)]
    settled = [p.loss for points in curves for p in points if math.isfinite(p.loss) and p.step >= _SETTLED * last]
    return 1.08 * max(settled or losses, default=1.0) or 1.0


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _figures(points: Sequence[Point], *, with_truth: bool) -> list[str]:
    """Return what a branch has come to, as HTML."""
    end = points[-1]
    right = [_share(end.accuracy)] if with_truth else []
    loss = "" if math.isnan(end.loss) else f"{end.loss:.3g}"
    return [count(end.step), loss, *right, _share(end.confidence), _share(end.agreement)]


def _share(value: float) -> str:
    return "" if math.isnan(value) else share(value)
