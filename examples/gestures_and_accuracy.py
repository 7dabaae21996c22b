# %% [markdown]
# # Gestures against accuracy
#
# What did each mark bring? This opens the bag of a session and draws how many predictions were right as marks came in.
#
# It needs `rosbags` and `matplotlib`, and neither ROS nor latentvr: a bag holds the definitions of its messages.
#
# As a program:
#
#     python examples/gestures_and_accuracy.py sessions/<name>/bag picture.png
#
# As a notebook: an editor that knows `# %%` runs it cell by cell; set `BAG` below.

# %%
import sys
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.lines import Line2D
from rosbags.highlevel import AnyReader

BAG = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("sessions/mine/bag")
PICTURE = Path(sys.argv[2]) if len(sys.argv) > 2 else Path("gestures_and_accuracy.png")

# %% [markdown]
# ## Read
#
# Times are seconds since the first message. They are those of receipt by the recorder, which all topics share; the
# order of marks is that of `seq`, not of times.


# %%
def read(reader, topic):
    """Return the times and messages of a topic of the session."""
    wanted = [c for c in reader.connections if c.topic == f"/latentvr/{topic}"]
    if not wanted:
        return [], []  # An empty list of connections would mean all of them.
    found = [(at_ns, reader.deserialize(data, c.msgtype)) for c, at_ns, data in reader.messages(wanted)]
    return [(at_ns - reader.start_time) / 1e9 for at_ns, _ in found], [message for _, message in found]


with AnyReader([BAG]) as reader:
    epoch_s, epochs = read(reader, "epoch")
    label_s, labels = read(reader, "labels")
    gesture_s, gestures = read(reader, "gestures")
    _, lists = read(reader, "categories")

if not epochs:
    sys.exit(f"{BAG} has no message of /latentvr/epoch: nothing was trained in it")

# %% [markdown]
# ## Look into it
#
# `epoch` has a message for each frame of the cloud: here, the curves. `labels` is the journal: what was marked, by
# whom, and what was taken back. `categories` has names and colours. `gestures` tells of those too that came to nothing.

# %%
ASSIGN, ERASE, RETRACT, RESTORE = range(4)
CANCEL = 3
SIGNS = {ASSIGN: "o", ERASE: "s", RETRACT: "X", RESTORE: "P"}
WORDS = {ASSIGN: "mark", ERASE: "eraser", RETRACT: "taken back", RESTORE: "put back"}

categories = {c.id: c for message in lists for c in message.categories}
marks = {m.seq: m for m in labels if m.kind in (ASSIGN, ERASE)}
accuracy = np.array([m.accuracy for m in epochs])
confidence = np.array([m.confidence for m in epochs])
labelled = np.array([m.labelled for m in epochs])
conflicts = np.array([m.conflicts for m in epochs])
cancelled_s = [at_s for at_s, m in zip(gesture_s, gestures, strict=True) if m.phase == CANCEL]
authors = Counter(m.author for m in labels)
order = [name for name, _ in authors.most_common()]


def color_of(entry):
    """Return the colour of what an entry of the journal is about."""
    mark = marks.get(entry.target_seq, entry)
    category = categories.get(mark.category)
    return f"#{category.color:06x}" if category is not None else "#8a909c"


for at_s, entry in zip(label_s, labels, strict=True):
    about = marks.get(entry.target_seq, entry)
    name = categories[about.category].name if about.category in categories else "nothing"
    print(
        f"{entry.seq:4} {at_s:7.1f} s  {entry.author:12} {WORDS[entry.kind]:10} {len(about.sample_ids):5} items "
        f"as {name}"
    )

# %% [markdown]
# ## What each mark brought
#
# The change in right predictions from a mark to the next one, or to where another branch of training is gone to, in
# points. It is what happened meanwhile, not what the mark alone did: training goes on between marks too.


# %%
def at(times, values, when):
    """Return the newest of `values` at the times `when`; NaN before the first."""
    rows = np.searchsorted(times, when, side="right") - 1
    return np.where(rows >= 0, np.asarray(values, dtype=float)[rows], np.nan)


switches = [
    (at_s, m.branch or "what was")
    for at_s, before, m in zip(epoch_s[1:], epochs[:-1], epochs[1:], strict=True)
    if m.branch != before.branch
]
ends_s = [*label_s[1:], epoch_s[-1]]
# Just before another branch is seen: what that has come to is no gain of a mark.
until_s = [min([ends_s[n], *(s - 1e-6 for s, _ in switches if s > at_s)]) for n, at_s in enumerate(label_s)]
before = np.nan_to_num(at(epoch_s, accuracy, label_s))  # Nothing is predicted before the first mark.
gain = 100 * (at(epoch_s, accuracy, until_s) - before) if labels else np.zeros(0)

# %% [markdown]
# ## Draw

# %%
mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True})
figure, (top, middle, bottom) = plt.subplots(
    3, 1, figsize=(9, 6.6), sharex=True, height_ratios=[3, 1.3, 1.5], layout="constrained"
)
has_truth = np.isfinite(accuracy).any()
shown, what = (accuracy, "right predictions") if has_truth else (confidence, "confidence")
top.plot(epoch_s, 100 * shown, color="#20242c", lw=1.8, label=what)
if has_truth:
    top.plot(epoch_s, 100 * confidence, color="#8a909c", lw=1.1, ls="--", label="confidence, mean")
for at_s, entry in zip(label_s, labels, strict=True):
    top.axvline(at_s, color=color_of(entry), lw=0.8, alpha=0.45, zorder=0)
    height = np.nan_to_num(at(epoch_s, 100 * shown, at_s))
    above = 8 * order.index(entry.author)  # Each further author stands a little higher.
    style = {"marker": SIGNS[entry.kind], "color": color_of(entry), "markeredgecolor": "#20242c"}
    top.plot(at_s, height + above, ms=7 if not above else 5.5, mew=0.7, ls="", zorder=3, clip_on=False, **style)
paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
for n, (at_s, name) in enumerate(switches):
    words, height = name if len(name) < 30 else f"{name[:28]}...", 0.48 - 0.06 * (n % 3)
    top.axvline(at_s, color="#20242c", lw=0.9, ls=":")
    place = {"xycoords": ("data", "axes fraction"), "xytext": (-4, 0), "textcoords": "offset points"}
    top.annotate(words, (at_s, height), ha="right", fontsize=8, color="#4a5160", bbox=paper, **place)
who = " and ".join(f"{authors[name]} by {name}" for name in order)
title = f"{BAG.resolve().parent.name}: {len(labels)} entries of the journal" + (f", {who}" if who else "")
top.set(ylabel="% of all items", ylim=(0, 108), yticks=range(0, 101, 20))
top.set_title(title, fontsize=10, loc="left")
handles, _ = top.get_legend_handles_labels()
handles += [
    Line2D([], [], marker=SIGNS[kind], color="#c8ccd4", markeredgecolor="#20242c", ls="", label=WORDS[kind])
    for kind in sorted({entry.kind for entry in labels})
]
top.legend(handles=handles, loc="lower right", framealpha=0.9, edgecolor="none", ncols=2)

width_s = max(0.6, 0.006 * epoch_s[-1])
middle.bar(label_s, gain, width=width_s, color=[color_of(entry) for entry in labels], edgecolor="#20242c", lw=0.4)
middle.axhline(0, color="#20242c", lw=0.6)
middle.set(ylabel="gain, points")

bottom.fill_between(epoch_s, labelled, color="#56b4e9", alpha=0.35, lw=0)
bottom.plot(epoch_s, labelled, color="#2a78a8", lw=1.4, label="labelled items")
if conflicts.any():
    bottom.plot(epoch_s, conflicts, color="#d55e00", lw=1.6, label="of these in conflict between authors")
if cancelled_s:
    nowhere = np.zeros(len(cancelled_s))
    bottom.plot(cancelled_s, nowhere, "|", color="#d55e00", ms=9, mew=1.2, label="gestures cancelled", clip_on=False)
bottom.set(xlabel="seconds since the recording began", ylabel="items", ylim=(0, None), xlim=(0, epoch_s[-1]))
bottom.legend(loc="upper left", frameon=False)
for axes in (top, middle, bottom):
    axes.grid(axis="y", color="#e4e6ea", lw=0.7)

figure.savefig(PICTURE, dpi=100)
print(f"wrote {PICTURE}: {len(labels)} entries, {what} {100 * shown[-1]:.1f} % at the end")
