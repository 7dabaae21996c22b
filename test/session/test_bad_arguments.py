"""Bad input ends a session before it starts: one clear line, exit code 2, nothing left behind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from running import run_to_end


def a_file(directory: Path) -> Path:
    path = directory / "file"
    path.write_text("no directory")
    return path


def an_empty_folder(directory: Path) -> Path:
    (directory / "empty").mkdir()
    return directory / "empty"


def an_archive(directory: Path, **arrays: object) -> Path:
    np.savez(directory / "data.npz", **arrays)  # type: ignore[arg-type]
    return directory / "data.npz"


def corrupt_images(directory: Path) -> Path:
    (directory / "images" / "cat").mkdir(parents=True)
    for i in range(3):
        (directory / "images" / "cat" / f"{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    return directory / "images"


CASES = {
    "missing dataset": (lambda d: [f"dataset:={d}/nowhere"], "nowhere': no such file or directory"),
    "empty folder": (
        lambda d: [f"dataset:={an_empty_folder(d)}"],
        "no image and no sound in it, expected .png, .jpg, .jpeg",
    ),
    "wrong shape": (
        lambda d: [f"dataset:={an_archive(d, items=np.zeros(9))}"],
        "items have shape (9,), expected (N, D)",
    ),
    "lengths that differ": (
        lambda d: [f"dataset:={an_archive(d, items=np.zeros((30, 2)), truth=np.zeros(29, int))}"],
        "truth has shape (29,), expected (30,)",
    ),
    "no truth for the simulated person": (
        lambda d: [f"dataset:={an_archive(d, items=np.random.default_rng(0).normal(size=(30, 4)))}"],
        "has no truth, which the simulated person needs",
    ),
    "only corrupt images": (lambda d: [f"dataset:={corrupt_images(d)}"], "none of 3 images can be read; cat/0.png"),
    "unwritable directory": (lambda d: [f"directory:={a_file(d)}/session"], "Not a directory, expected a writable"),
    "unknown argument": (lambda _: ["gesture:=3"], "argument gesture is not known (did you mean gestures?)"),
    "no name": (lambda _: ["digits"], "argument 'digits': expected name:=value"),
    "not a number": (lambda _: ["gestures:=many"], "argument gestures is 'many', expected an integer"),
    "out of range": (lambda _: ["purity:=1.5"], "purity is 1.5, expected at most 1.0"),
    "not a choice": (lambda _: ["view:=hologram"], "expected one of: auto, window, desktop, headless, off"),
}


@pytest.mark.parametrize(("make_arguments", "said"), CASES.values(), ids=CASES.keys())
def test_bad_input_gives_one_clear_line_and_exit_code_2_at_once(tmp_path: Path, make_arguments, said: str) -> None:
    target = tmp_path / "session"
    arguments = make_arguments(tmp_path)
    if not any(a.startswith("directory:=") for a in arguments):
        arguments.append(f"directory:={target}")
    code, out, err = run_to_end(*arguments, at_most_s=60)
    assert code == 2
    # Where reading takes long, how far it has come is told.
    assert [line for line in out.splitlines() if not line.startswith("read ")] == []
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert said in err
    assert not target.exists()


def test_a_corrupt_image_among_good_ones_is_skipped_counted_and_named(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(15):
            picture = random.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / "images" / name / f"{i}.png")
    (tmp_path / "images" / "dog" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    session = tmp_path / "session"
    arguments = ("view:=off", "record:=false", "gestures:=0", "duration_s:=3", "settle_s:=0")
    code, out, _ = run_to_end(f"dataset:={tmp_path}/images", f"directory:={session}", *arguments, at_most_s=90)
    assert code == 0
    assert "1 of 31 files skipped" in out
    assert "skipped dog/broken.png:" in out
    assert '"broken.png' not in out
    assert "dog/broken.png" in (session / "session.json").read_text()
    assert '"items": 30' in out.splitlines()[-1]
