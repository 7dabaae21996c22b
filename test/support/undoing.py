"""Training from a checkpoint without an entry, beside training where the entry was never made.

From a command line: the directory of a session and the number of the entry; the last line is the three digests.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from latent_trainer.beginning import Beginning
from latent_trainer.branches import Branches
from latent_trainer.checkpoints import Checkpoints
from latent_trainer.course import Course
from latent_trainer.recall import Recall
from latent_trainer.replay import Asked, Workshop, read_story
from latent_trainer.rerun import catch_up, without
from latentvr_common import session_files
from latentvr_common.bags.bag import open_bag


def undone_and_never_made(directory: Path, seq: int, tell: Callable[[str], None]) -> tuple[str, str, str]:
    """Return the digests of the network of a session as it was, without entry `seq`, and where that was never made.

    `directory`: of a session that has ended. The second is a branch from a checkpoint, the third trained from nothing.
    The process has to compute as training does, OMP_NUM_THREADS and OPENBLAS_NUM_THREADS being 1.
    """
    bag = directory / session_files.BAG
    story, workshop = read_story(open_bag(bag)), Workshop(Asked(bag), tell)
    recipe = story.recipes[story.newest]
    checkpoints = Checkpoints(directory / session_files.CHECKPOINTS)
    beginning = Beginning(checkpoints, lambda entry: None, tell)
    training = workshop.training(recipe)
    assert not workshop.deviating, workshop.deviating
    beginning.restore(training, recipe)
    branches = Branches(
        beginning.course(training, recipe, training.neighbours.astype("int32")), lambda entry: None, checkpoints
    )
    attempts, as_it_was = training.attempts, training.weights_digest()
    branches.begin("undone", [seq], story.events)
    tell(f"entry {seq} undone: from step {branches.course.training.attempts:,} to {attempts:,}")
    while branches.catching_up:
        branches.do_due()
        if branches.course.training.attempts < attempts:
            branches.course.step()
    undone = branches.course.training.weights_digest()
    never = Course(workshop.training(recipe), recipe, "never", lambda entry: None)
    tell(f"entry {seq} never made: to step {attempts:,}")
    recall = Recall(len(training), story.events)
    catch_up(never, without(story.changes(story.newest), [seq]), recall.labels, attempts)
    never_made = never.training.weights_digest()
    tell(f"as it was {as_it_was[:8]}, undone {undone[:8]}, never made {never_made[:8]}")
    return as_it_was, undone, never_made


if __name__ == "__main__":

    def tell(text: str) -> None:
        sys.stdout.write(f"{text}\n")

    tell(" ".join(undone_and_never_made(Path(sys.argv[1]), int(sys.argv[2]), tell)))
