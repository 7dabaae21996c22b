"""The time-lapse: how often a picture is taken, and that the film can be watched, also one that was cut off."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import cloud_view
from cloud_view.pacing import FILM_PICTURES, Pacing
from cloud_view.video import RATE_HZ, Video, VideoError, set_aside

SIZE = (320, 180)


def pictures_in(pacing: Pacing, seconds: float, cost_s: float, look_s: float = 0.05) -> int:
    """Return how many pictures are taken when `pacing` is asked every `look_s`."""
    taken = 0
    for i in range(round(seconds / look_s)):
        if pacing.due(i * look_s):
            taken += 1
            pacing.note(cost_s, i * look_s)
    return taken


def test_a_short_session_of_cheap_pictures_keeps_the_period() -> None:
    assert pictures_in(Pacing(0.25, 0.15, FILM_PICTURES), 120.0, 0.02) == FILM_PICTURES


@pytest.mark.parametrize("cost_s", [0.05, 0.1, 1.0])
def test_costly_pictures_are_taken_as_seldom_as_their_share_allows(cost_s: float) -> None:
    taken = pictures_in(Pacing(0.25, 0.15, FILM_PICTURES), 120.0, cost_s)
    assert 0.8 * 0.15 < taken * cost_s / 120.0 <= 0.15 * 1.1


def test_a_long_session_gets_a_film_of_bounded_length() -> None:
    hour, night = (pictures_in(Pacing(0.25, 0.15, FILM_PICTURES), h * 3600.0, 0.02) for h in (1, 8))
    assert hour < 5 * FILM_PICTURES
    assert hour < night < 1.6 * hour


def test_without_an_end_in_sight_a_window_is_drawn_as_often_after_hours() -> None:
    pacing = Pacing(1 / 30, 0.3)
    for now_s in (0.0, 1.0, 36_000.0):
        pacing.note(0.003, now_s)
    assert pacing.period_s(36_000.0) == pytest.approx(1 / 30)


def test_the_first_picture_is_due_at_once_and_its_cost_does_not_count() -> None:
    pacing = Pacing(0.25, 0.15, FILM_PICTURES)
    assert pacing.due(1000.0)
    pacing.note(9.0, 1000.0)
    assert not pacing.due(1000.2)
    assert pacing.due(1000.3)


def picture(shade: int) -> Image.Image:
    pixels = np.full((SIZE[1], SIZE[0], 4), shade, np.uint8)
    pixels[:, : SIZE[0] // 2, 0] = 255 - shade
    return Image.fromarray(pixels, "RGBX")


def add_many(video: Video, count: int) -> None:
    for shade in range(count):
        video.add(picture(shade))


def frames_of(path: Path) -> list[np.ndarray]:
    frames = []
    with av.open(str(path)) as container, suppress(av.error.InvalidDataError):
        for frame in container.decode(video=0):
            frames.append(frame.to_ndarray(format="rgb24"))
    return frames


def test_a_film_reads_back_with_every_picture_in_its_colours(tmp_path: Path) -> None:
    video = Video(tmp_path / "film.mp4", *SIZE)
    shades = [int(shade) for shade in np.linspace(20, 230, 70)]
    for shade in shades:
        video.add(picture(shade))
    video.close()
    frames = frames_of(video.path)
    assert len(frames) == video.frames == 70
    for shade, frame in zip(shades, frames, strict=True):
        np.testing.assert_allclose(frame[90, 240], shade, atol=6)
        np.testing.assert_allclose(frame[90, 60], [255 - shade, shade, shade], atol=10)


def test_a_picture_can_be_held(tmp_path: Path) -> None:
    video = Video(tmp_path / "film.mp4", *SIZE)
    video.add(picture(20))
    video.add(picture(200), frames=9)
    video.close()
    frames = frames_of(video.path)
    assert len(frames) == video.frames == 10
    for frame in frames[1:]:
        np.testing.assert_allclose(frame[90, 240], 200, atol=6)


def test_a_finished_film_is_plain_h264_that_a_browser_plays(tmp_path: Path) -> None:
    video = Video(tmp_path / "film.mp4", *SIZE)
    add_many(video, 60)
    video.close()
    with av.open(str(video.path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (*SIZE, RATE_HZ)
        assert float(stream.duration * stream.time_base) == pytest.approx(2.0)
    data = video.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index comes first"
    assert list(tmp_path.iterdir()) == [video.path]


CUT_OFF = """
import os, signal, sys
from pathlib import Path
from PIL import Image
from cloud_view.video import Video
video = Video(Path(sys.argv[1]), 320, 180)
for shade in range(41):
    video.add(Image.new("RGBX", (320, 180), (shade, shade, shade, 255)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_film_whose_process_is_killed_lacks_one_picture_at_most(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    source = str(Path(cloud_view.__file__).parent.parent)
    process = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r}); {CUT_OFF!s}", str(path)], check=False
    )
    assert process.returncode == -9
    assert len(frames_of(path)) >= 40


def test_a_film_cut_in_the_middle_of_a_picture_plays_up_to_it(tmp_path: Path) -> None:
    video = Video(tmp_path / "film.mp4", *SIZE)
    add_many(video, 20)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(video.path.read_bytes()[:-40])
    assert len(frames_of(cut)) == 18


def test_a_film_that_cannot_be_written_says_where_and_why(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"gone/film\.mp4: No such file or directory"):
        Video(tmp_path / "gone" / "film.mp4", *SIZE).add(picture(1))


def test_a_full_disk_is_an_error_with_a_reason() -> None:
    video = Video(Path("/dev/full"), *SIZE)
    with pytest.raises(VideoError, match="No space left on device"):
        add_many(video, 200)


def test_an_earlier_film_is_kept_under_another_name(tmp_path: Path) -> None:
    path = tmp_path / "timelapse.mp4"
    assert set_aside(path) is None
    for text in ("first", "second"):
        path.write_text(text)
        set_aside(path)
    assert (tmp_path / "timelapse-1.mp4").read_text() == "first"
    assert (tmp_path / "timelapse-2.mp4").read_text() == "second"
    assert not path.exists()
