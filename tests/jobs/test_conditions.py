"""What the altered build sees of the machine: another clock, other variables, other times of files."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from recsys_assets.profile import PROJECT
from recsys_jobs.audit.conditions import CLOCK_AHEAD, TIME_ZONE, copy_with_other_times, environment

GIVEN = {
    "PATH": "/usr/bin",
    "BOOST": "2",
    "TZ": "Europe/Zurich",
    "HOME": "another",
    "RECSYS_THREADS": "2",
    "OMP_NUM_THREADS": "1",
    "RECSYS_SMTP": "smtp://somewhere",
}
CLOCKS = """
import time
from datetime import date, datetime, UTC
from recsys_jobs.audit.conditions import set_clock_ahead
from recsys_assets.nights import utc_now
set_clock_ahead()
print(datetime.now(UTC).isoformat(), date.today().isoformat(), time.time(), time.localtime().tm_zone, utc_now())
"""


def test_the_plain_build_has_the_environment_as_it_is(tmp_path):
    plain = environment(GIVEN, tmp_path, "shop.toml", altered=False)
    assert plain.items() >= GIVEN.items()
    assert plain["RECSYS_DATA"] == plain["TMPDIR"] == str(tmp_path)
    assert plain["RECSYS_PROFILE"] == "shop.toml"


def test_the_altered_build_has_what_makes_it_run_and_nothing_else(tmp_path):
    altered = environment(GIVEN, tmp_path, "shop.toml", altered=True)
    assert not altered.keys() & {"BOOST", "RECSYS_SMTP"}
    assert {"PATH", "RECSYS_THREADS", "OMP_NUM_THREADS"} <= altered.keys()
    assert (altered["TZ"], altered["HOME"]) == (TIME_ZONE, str(tmp_path))


def test_every_clock_of_python_is_ahead(tmp_path):
    env = environment(os.environ | {"PYTHONPATH": str(PROJECT)}, tmp_path, "", altered=True)
    done = subprocess.run([sys.executable, "-c", CLOCKS], env=env, capture_output=True, text=True, check=True)
    now, today, epoch, zone, ours = done.stdout.split(maxsplit=4)
    expected = datetime.now(UTC) + CLOCK_AHEAD
    for clock in (
        datetime.fromisoformat(now),
        datetime.fromtimestamp(float(epoch), UTC),
        datetime.fromisoformat(ours.strip() + "+00:00"),
    ):
        assert abs(clock - expected) < timedelta(minutes=2)
    assert abs(datetime.fromisoformat(today).replace(tzinfo=UTC) - expected) < timedelta(days=2)
    assert zone != datetime.now().astimezone().tzname()


def test_every_file_is_a_copy_with_a_time_of_its_own_in_another_order(tmp_path):
    given, copies = tmp_path / "given", tmp_path / "copies"
    given.mkdir()
    copies.mkdir()
    for n, name in enumerate("abc"):
        (given / name).write_text(name)
        os.utime(given / name, (1_600_000_000 + n,) * 2)
        os.link(given / name, copies / name)
    copy_with_other_times(copies)
    was, now = ([(folder / name).stat().st_mtime for name in "abc"] for folder in (given, copies))
    assert was == [1_600_000_000.0 + n for n in range(3)], "what they were linked to keeps its own"
    assert now[0] > now[1] > now[2]
    assert not set(was) & set(now)
    assert [(copies / name).read_text() for name in "abc"] == list("abc")
