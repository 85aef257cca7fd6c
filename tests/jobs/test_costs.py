"""``recsys costs``: what the steps measured, beside each other."""

from tests.helpers.sample import NIGHTS


def test_every_algorithms_seconds_and_memory_are_shown(built):
    done = built.invoke("costs", "--night", NIGHTS[1])
    assert done.exit_code == 0, done.stderr
    assert f"What the algorithms of night {NIGHTS[1]} cost" in done.stdout
    shown = {cells[1]: cells[2:] for cells in (line.split("│") for line in done.stdout.splitlines()) if len(cells) > 7}
    rows = {name.strip(): [cell.strip() for cell in cells] for name, cells in shown.items()}
    assert set(rows) >= set(built.profile.algorithms)
    for name in built.profile.algorithms:
        seconds, peak = float(rows[name][0]), float(rows[name][4].replace(",", ""))
        assert seconds >= 0
        assert peak > 50
    assert "In all " in done.stdout


def test_a_night_that_was_not_built_has_no_costs(built):
    done = built.invoke("costs", "--night", "2017-11-09")
    assert done.exit_code == 1
    assert "Night 2017-11-09 is not built" in done.stderr
