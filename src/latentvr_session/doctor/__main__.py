"""`make doctor`, or `python -m latentvr_session.doctor`: a line for each thing that was looked at.

The exit code is 1 if there is an error, else 0.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from latentvr_session.doctor import disk, installation, machine, network, seeing
from latentvr_session.doctor.finding import Finding, Level, error

TOP = Path(__file__).resolve().parents[3]


def findings_of(looks: Sequence[Callable[[], list[Finding]]]) -> list[Finding]:
    """Look at everything: what fails to be looked at is an error, and keeps nothing else from it."""
    found: list[Finding] = []
    for look in looks:
        try:
            found += look()
        except Exception as trouble:
            name = getattr(look, "__module__", "").rpartition(".")[2]
            found.append(error(name, f"could not be looked at ({type(trouble).__name__}: {trouble})", "tell us"))
    return found


def report(found: Sequence[Finding]) -> tuple[str, int]:
    """Return what to print, and the exit code."""
    counts = {level: sum(finding.level is level for finding in found) for level in Level}
    told = f"{counts[Level.ERROR]} errors, {counts[Level.WARNING]} warnings"
    sentence = "no session runs before the errors are mended" if counts[Level.ERROR] else "a session can run"
    return "\n".join([*(finding.line for finding in found), f"{told}: {sentence}"]), min(counts[Level.ERROR], 1)


def main() -> int:
    """Look, and say."""
    text, code = report(
        findings_of(
            [
                lambda: installation.look(TOP),
                machine.look,
                lambda: disk.look(Path("sessions")),
                network.look,
                seeing.look,
            ]
        )
    )
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
