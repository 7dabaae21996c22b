"""Programs of a newer Debian, unpacked into a directory of their own: nothing is installed on the host.

They run under that Debian's own dynamic loader, see `Prefix.command`: the host's C library may be older.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from latentvr_common.errors import InputError

_MIRROR = "http://deb.debian.org/debian"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_MACHINES = {
    "x86_64": ("amd64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("arm64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}
_FOLDERS = ("", "blas", "lapack", "pulseaudio", "gdcm")
_DONE = ".done"
_APT_FOLDERS = (
    *("state/lists/partial", "cache/archives/partial"),
    *("etc/apt.conf.d", "etc/preferences.d", "etc/sources.list.d"),
)


@dataclass(frozen=True)
class Prefix:
    """An unpacked set of packages."""

    root: Path

    @property
    def libraries(self) -> Path:
        """Where its libraries are."""
        return self.root / "usr" / "lib" / _machine()[1]

    def library_path(self, also: Sequence[Path] = ()) -> str:
        """Return where its loader looks for libraries, those in the folders `also` last."""
        own = [self.libraries / folder for folder in _FOLDERS]
        return ":".join(str(folder) for folder in (*own, self.root / "usr" / "lib", *also))

    def command(self, program: Path, name: str | None = None, also: Sequence[Path] = ()) -> list[str]:
        """Return the words that run `program`, a binary, under its loader; `name`: what it takes for its own path."""
        named = ["--argv0", name] if name else []
        return [str(self.libraries / _machine()[2]), "--library-path", self.library_path(also), *named, str(program)]


def unpacked(
    packages: Sequence[str], suite: str, cache: Path, on_progress: Callable[[str], None], bare: Sequence[str] = ()
) -> Prefix:
    """Return `packages` of Debian's `suite` with all that they depend on, unpacked below `cache`; made where missing.

    `bare`: libraries that are looked for without a number too, as in libGL.so: else those of the host would be found.
    Raises InputError where that cannot be done here, and says why. `on_progress` is told what is done.
    """
    architecture = _machine()[0]
    key = hashlib.sha256(" ".join([suite, architecture, *sorted(packages), *bare]).encode()).hexdigest()[:12]
    root = cache / f"{suite}-{key}"
    if not (root / _DONE).exists():
        _check_tools()
        on_progress(f"fetching {packages[0]} of Debian {suite} into {root}: some 180 MB, once")
        try:
            _make(packages, suite, root, bare)
        except OSError as error:
            raise InputError(f"{error.filename or cache}: {error.strerror}, expected room for 1 GB") from error
    return Prefix(root)


def _make(packages: Sequence[str], suite: str, root: Path, bare: Sequence[str]) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(root.parent), tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        if (root / _DONE).exists():  # Another process has just made it.
            return
        made = Path(scratch) / "root"
        _unpack(_download(packages, suite, _machine()[0], Path(scratch)), made)
        for name in bare:
            numbered = sorted(Prefix(made).libraries.glob(f"lib{name}.so.[0-9]"))
            (Prefix(made).libraries / f"lib{name}.so").symlink_to(numbered[0].name)
        (made / _DONE).touch()
        shutil.rmtree(root, ignore_errors=True)
        made.rename(root)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process makes anything in `folder`: nothing is fetched twice at a time."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _machine() -> tuple[str, str, str]:
    machine = platform.machine()
    if machine not in _MACHINES:
        raise InputError(f"this machine is {machine}, expected one of: {', '.join(_MACHINES)}")
    return _MACHINES[machine]


def _check_tools() -> None:
    missing = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise InputError(f"not on this machine: {', '.join(missing)}; expected Debian or Ubuntu")
    if not _KEYRING.exists():
        raise InputError(f"{_KEYRING} is missing; install it with: apt-get install debian-archive-keyring")


def _download(packages: Sequence[str], suite: str, architecture: str, scratch: Path) -> Path:
    """Have apt, with a root of its own, fetch what is wanted; return the folder with the packages."""
    for folder in _APT_FOLDERS:
        (scratch / folder).mkdir(parents=True)
    (scratch / "state" / "status").touch()
    mirror = os.environ.get("LATENTVR_DEBIAN_MIRROR", _MIRROR)
    (scratch / "etc" / "sources.list").write_text(f"deb [signed-by={_KEYRING}] {mirror} {suite} main\n")
    options = {
        "Dir::State": scratch / "state",
        "Dir::State::status": scratch / "state" / "status",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc": scratch / "etc",
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    _run(["apt-get", *words, "-q", "update"])
    _run(["apt-get", *words, "-q", "-y", "--download-only", "install", *packages])
    return scratch / "cache" / "archives"


def _unpack(archives: Path, root: Path) -> None:
    root.mkdir()
    for package in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(root)])


def _run(words: Sequence[str]) -> None:
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg-deb: error"))]
        reason = lines[0] if lines else f"exit code {done.returncode}"
        raise InputError(f"{words[0]} failed: {reason}")
