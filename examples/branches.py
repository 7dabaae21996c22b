# %% [markdown]
# # Branches of training, compared
#
# What would be without some marks, or from an earlier moment on? This opens the bag of a session in which that was
# asked (service `branch`; in the window for labelling the keys `w` and `g`) and draws how each branch fared.
#
# It needs `rosbags` and `matplotlib`, and neither ROS nor latentvr: a bag holds the definitions of its messages.
#
# As a program:
#
#     python examples/branches.py sessions/<name>/bag picture.png
#
# As a notebook: an editor that knows `# %%` runs it cell by cell; set `BAG` below.

# %%
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from rosbags.highlevel import AnyReader

BAG = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("sessions/mine/bag")
PICTURE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("branches.png")
FIRST = "what was"

# %% [markdown]
# ## Read
#
# `epoch` says with every frame of the cloud which branch that was, and at which step. Branches are left and gone on
# with: points are put in the order of their steps. Steps made again, after a crash, count as they were made last.

# %%
with AnyReader([BAG]) as reader:
    wanted = [c for c in reader.connections if c.topic == "/latentvr/epoch"]
    # An empty list of connections would mean all of them.
    epochs = [reader.deserialize(data, c.msgtype) for c, _, data in reader.messages(wanted)] if wanted else []

branches = {}
for epoch in epochs:
    if epoch.step:
        branches.setdefault(epoch.branch or FIRST, {})[epoch.step] = epoch
if not branches:
    sys.exit(f"{BAG} has no step of training in /latentvr/epoch")


def curve(name, value):
    """Return the steps of a branch and what `value` gives for each."""
    found = sorted(branches[name].items())
    return np.array([step for step, _ in found]), np.array([value(epoch) for _, epoch in found], dtype=float)


# %% [markdown]
# ## What they came to

# %%
for name in branches:
    steps, accuracy = curve(name, lambda epoch: epoch.accuracy)
    _, agreement = curve(name, lambda epoch: epoch.agreement)
    words = f"{100 * accuracy[-1]:.1f} % right" if np.isfinite(accuracy[-1]) else "truth is not known"
    as_before = f", {100 * agreement[-1]:.1f} % predicted as in what was left" if np.isfinite(agreement[-1]) else ""
    print(f"{name}: steps {steps[0]:,} to {steps[-1]:,}, {words}{as_before}")

# %% [markdown]
# ## Draw

# %%
mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True})
has_truth = any(np.isfinite(curve(name, lambda epoch: epoch.accuracy)[1]).any() for name in branches)
panels = (
    (
        "right predictions, %" if has_truth else "confidence, %",
        lambda e: 100 * (e.accuracy if has_truth else e.confidence),
    ),
    ("loss", lambda e: float(np.sum(e.losses)) if len(e.losses) else np.nan),
    ("as before, %", lambda e: 100 * e.agreement),
)
figure, rows = plt.subplots(3, 1, figsize=(9, 6.6), sharex=True, height_ratios=[3, 2, 1.5], layout="constrained")
colors = ["#5b6675", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
for axes, (label, value) in zip(rows, panels, strict=True):
    highest = 0.0
    for n, name in enumerate(branches):
        steps, values = curve(name, value)
        style = {"color": colors[n % len(colors)], "ls": ("-", "--", ":")[n // len(colors) % 3]}
        axes.plot(steps, values, lw=1.5, label=name, **style)
        settled = values[(steps > 0.02 * steps[-1]) & np.isfinite(values)]  # The first losses are of another size.
        highest = max(highest, *settled) if len(settled) else highest
    axes.set(ylabel=label, ylim=(0, 104 if "%" in label else 1.08 * highest or 1.0))
    axes.grid(axis="y", color="#e4e6ea", lw=0.7)
rows[0].set_title(f"{BAG.resolve().parent.name}: {len(branches)} branches of training", fontsize=10, loc="left")
rows[0].legend(loc="lower right", frameon=False)
rows[2].set(xlabel="steps")

figure.savefig(PICTURE, dpi=100)
print(f"wrote {PICTURE}: {len(branches)} branches")
