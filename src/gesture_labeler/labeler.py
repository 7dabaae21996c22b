"""From hands to gestures, from gestures to marks: the state machine. Pure, over joints, clouds and time.

One gesture at a time (vocabulary.py). A gesture whose hand is lost, whose joints jump, or whose headset loses the
focus is cancelled: it marks nothing, and what it has changed is put back.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gesture_labeler import buttons
from gesture_labeler.accepting import Accepting, words
from gesture_labeler.outcome import Ask, Outcome
from gesture_labeler.parameters import Parameters
from gesture_labeler.poke import Descent
from gesture_labeler.running import Recogniser, Room, Running, Step
from gesture_labeler.signs import HandReader, Head, Signs
from gesture_labeler.vocabulary import may_begin, recognisers
from latentvr_common import palette
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.gestures import ACCEPT, BECAME, MARKING, POKE, Phase, Report, Side, Tool
from latentvr_common.hands import Hand, Hands
from latentvr_common.labels import Category
from latentvr_common.palette import Button
from latentvr_common.patience import Patience
from latentvr_common.placement import Placement
from latentvr_common.proposal import Proposal
from latentvr_common.scene import Progress
from latentvr_common.selecting.frames import Frames
from latentvr_common.timeline.past import Past

_NS = 1_000_000_000


def _new_id() -> str:
    return str(uuid.uuid4())


class Labeler:
    """Reads gestures of one person. Not safe for use by several threads at once."""

    def __init__(self, parameters: Parameters, new_id: Callable[[], str] = _new_id) -> None:
        """Start with no category chosen. `new_id` names gestures and entries."""
        self._parameters = parameters
        self._new_id = new_id
        self._side = Side.RIGHT if parameters.dominant_hand == "right" else Side.LEFT
        tool = Tool(radius_m=parameters.brush_radius_m, side=self._side, author=parameters.author)
        self._room = Room(parameters, tool=tool)
        self._recognisers = recognisers()
        self._doing: Running | None = None
        self._stamp_ns = 0
        self._patience = Patience(parameters.lost_s)
        self._focused = True
        self._accepting: Accepting | None = None
        self._start_anew()
        self.head: Head | None = None
        """None: nobody tells."""

    def _start_anew(self) -> None:
        self._readers = HandReader(self._parameters), HandReader(self._parameters)
        self._descent = Descent(self._parameters.poke_rearm_m)

    @property
    def frames(self) -> Frames:
        """The clouds that were shown."""
        return self._room.frames

    @property
    def past(self) -> Past:
        """The clouds of earlier, and which of them the person looks at."""
        return self._room.past

    @property
    def placement(self) -> Placement:
        """Where the cloud hangs."""
        return self._room.placement

    @property
    def tool(self) -> Tool:
        """What the hands hold, and which cloud the person looks at."""
        return replace(self._room.tool, looks_at_ns=self.past.looks_at_ns)

    @property
    def categories(self) -> Sequence[Category]:
        """All of them, the retired ones too."""
        return self._room.categories

    @property
    def doing(self) -> str | None:
        """The name of the gesture that goes on; None: none does."""
        return self._doing.name if self._doing is not None else None

    def see(self, cloud: Cloud) -> None:
        """Take in the newest cloud."""
        self._room.frames.add(cloud)
        frame = self._room.frames.shown_at(cloud.stamp_ns)
        self._room.past.note(cloud, Progress(epoch=frame.epoch if frame is not None else 0))

    def note_epoch(self, stamp_ns: int, epoch: int) -> None:
        """Take in that the cloud of `stamp_ns` is of training epoch `epoch`."""
        self._room.frames.note_epoch(stamp_ns, epoch)
        self._room.past.timeline.frames.note_epoch(stamp_ns, epoch)

    def hold(self, tool: Tool) -> None:
        """Have the hands hold this."""
        self._room.tool = tool

    def place(self, placement: Placement) -> None:
        """Hang the cloud there."""
        self._room.placement = placement

    def set_categories(self, categories: Sequence[Category]) -> None:
        """Take in the list of categories; one that is retired is no longer painted."""
        self._room.categories = tuple(categories)
        self._room.tool = buttons.offered(self._room.tool, categories)

    def choose(self, category: int) -> None:
        """Have the hands paint `category`, which has just been added: the list of categories may not tell of it yet."""
        page = palette.page_of(category, self._room.categories)
        self._room.tool = replace(self._room.tool, category=category, erases=False, page=page)

    def set_paused(self, paused: bool) -> None:
        """Take in whether training is paused."""
        if paused != self._room.tool.paused:
            self._room.tool = replace(self._room.tool, paused=paused)

    def set_focus(self, focused: bool) -> Outcome:
        """Take in whether what the hands do is meant for this: without, they do nothing."""
        outcome = Outcome()
        if not focused and self._focused:
            self._cancel("the headset has lost the focus", outcome)
            self._start_anew()
        self._focused = focused
        return outcome

    def update(self, hands: Hands) -> Outcome | None:
        """Take in both hands; return None for hands that are not newer than the last ones: they change nothing."""
        if hands.stamp_ns <= self._stamp_ns:
            return None
        outcome = Outcome()
        if self._stamp_ns and (hands.stamp_ns - self._stamp_ns) / _NS > self._patience.lasts_s:
            # Whatever the hands did in between, it was not seen.
            self._cancel("hands did not arrive for a while", outcome)
            self._start_anew()
        self._stamp_ns = hands.stamp_ns
        self._patience.hear(hands.stamp_ns / _NS)
        if not self._focused:
            return outcome
        main, other = self._in_roles(hands)
        now_s, eye = hands.stamp_ns / _NS, self.head.position if self.head is not None else None
        of_main, of_other = self._readers
        sign, held = of_main.read(main, now_s, eye), of_other.read(other, now_s, eye)
        signs = Signs(now_s, hands.stamp_ns, sign, held, self.head, self._descent.update(main, held.palm_up))
        if self._doing is not None:
            self._take(self._doing, self._doing.go_on(signs, self._room), outcome)
        self._choose(signs, outcome)
        self._look_for_more(signs, outcome)
        return outcome

    def miss(self, silent_s: float) -> Outcome:
        """Take in that no hands were taken for `silent_s` seconds: they are lost like hands that are not tracked.

        Hands that always come slowly are waited for longer. After that, hands of any stamp are taken: the clock may
        have been set.
        """
        outcome = Outcome()
        if silent_s > self._patience.lasts_s:
            self._cancel("hands no longer arrive", outcome)
            self._start_anew()
            self._stamp_ns = 0
        return outcome

    def _in_roles(self, hands: Hands) -> tuple[Hand, Hand]:
        return (hands.right, hands.left) if self._side is Side.RIGHT else (hands.left, hands.right)

    # Gestures

    def _look_for_more(self, signs: Signs, outcome: Outcome) -> None:
        # All are asked each time: some take note of since when.
        wanted = [r for r in self._recognisers if r.begins(signs, self._room, self._doing)]
        for recogniser in wanted:
            if may_begin(recogniser.name, self.doing):
                self._begin(recogniser, signs, outcome)
                return

    def _begin(self, recogniser: Recogniser, signs: Signs, outcome: Outcome) -> None:
        gesture_id = self._new_id()
        reason = recogniser.refusal(signs, self._room)
        if reason:
            phase, place = Phase.CANCEL, signs.main.point
            outcome.reports.append(self._report(gesture_id, recogniser.name, phase, place, detail=reason))
            return
        self._cancel(BECAME + recogniser.name, outcome)
        if recogniser.name in MARKING:
            self._decline("something else was done", outcome)
        self._doing = recogniser.begin(gesture_id, signs, self._room)
        outcome.reports.append(self._report_of(self._doing, Phase.BEGIN))
        self._take(self._doing, self._doing.go_on(signs, self._room), outcome)

    def _take(self, doing: Running, step: Step, outcome: Outcome) -> None:
        outcome.preview = step.preview or outcome.preview
        if step.cancelled:
            self._cancel(step.cancelled, outcome)
        elif not step.ended:
            outcome.reports.append(self._report_of(doing, Phase.UPDATE))
        else:
            self._doing = None
            end = self._report_of(doing, Phase.END)
            if step.commit is None:
                outcome.reports.append(end)
            else:
                outcome.commit, outcome.end = step.commit, end

    def _cancel(self, reason: str, outcome: Outcome) -> None:
        doing, self._doing = self._doing, None
        if doing is not None:
            doing.take_back(self._room)
            outcome.reports.append(self._report_of(doing, Phase.CANCEL, reason))

    # The palette

    def _choose(self, signs: Signs, outcome: Outcome) -> None:
        pose = signs.other.palm_up
        if signs.touch is None or pose is None or not may_begin(POKE, self.doing):
            return
        button = palette.button_at(palette.buttons(self._room.categories, self._room.tool.page), signs.touch)
        if button is None:
            return
        self._cancel(BECAME + POKE, outcome)
        self._room.tool = buttons.pressed(self._room.tool, button, self._room.categories)
        place = pose.stage_from_palette(button.center)
        end = self._report(self._new_id(), POKE, Phase.END, place, detail=button.action)
        self._press(button, end, outcome)

    def _press(self, button: Button, end: Report, outcome: Outcome) -> None:
        if button.action == palette.ACCEPT and self._accepting is not None:
            outcome.reports.append(end)
            self._accept(self._accepting, outcome)
            return
        self._decline("something else was done", outcome)
        if button.action in buttons.ASKED:
            outcome.asks.append(Ask(button.action, end))
        else:
            outcome.reports.append(end)

    # What the network offers

    def offer(self, offer: Proposal, now_s: float) -> Outcome:
        """Put `offer` on the table until the button is poked again, something else is marked, or time is over.

        now_s: monotonic seconds, as for `look`.
        """
        outcome = Outcome()
        self._decline("another offer has come", outcome)
        begun = self._report(self._new_id(), ACCEPT, Phase.BEGIN, self._room.placement.position)
        begun = replace(begun, samples=len(offer))
        if not len(offer):
            wanted = f"no item without a label is predicted with {self._parameters.accept_above:.0%} or more"
            outcome.reports.append(replace(begun, phase=Phase.CANCEL, detail=wanted))
            return outcome
        begun = replace(begun, detail=words(offer, self._parameters.accept_above))
        self._accepting = Accepting(offer, begun, now_s + self._parameters.accept_s)
        outcome.reports.append(self._accepting.begun)
        return outcome

    def look(self, now_s: float) -> Outcome:
        """Return what is to be shown again of an offer; it is dropped when its time is over."""
        outcome = Outcome()
        if self._accepting is None:
            return outcome
        if now_s > self._accepting.until_s:
            self._decline("nobody has accepted it", outcome)
            return outcome
        outcome.reports.append(replace(self._accepting.begun, phase=Phase.UPDATE))
        outcome.preview = self._accepting.offer.preview(self._accepting.begun.gesture_id, self._stamp_ns)
        return outcome

    def _accept(self, accepting: Accepting, outcome: Outcome) -> None:
        self._accepting = None
        entries = accepting.offer.entries(self._parameters.author, self._new_id)
        outcome.accepted += zip(entries, accepting.ends(len(entries)), strict=True)

    def _decline(self, reason: str, outcome: Outcome) -> None:
        accepting, self._accepting = self._accepting, None
        if accepting is not None:
            outcome.reports.append(replace(accepting.begun, phase=Phase.CANCEL, detail=reason))

    # Reports

    def _report_of(self, doing: Running, phase: Phase, detail: str = "") -> Report:
        report = self._report(doing.gesture_id, doing.name, phase, doing.position, detail=detail)
        side = report.side if doing.side is None else doing.side
        return replace(report, samples=doing.samples, side=side, item=doing.item)

    def _report(
        self, gesture_id: str, name: str, phase: Phase, place: npt.NDArray[np.floating], *, detail: str = ""
    ) -> Report:
        tool = self._room.tool
        category = NONE if tool.erases else tool.category
        stamp_ns, side = self._stamp_ns, self._side
        return Report(gesture_id, name, phase, stamp_ns, place, tool.radius_m, category, detail=detail, side=side)
