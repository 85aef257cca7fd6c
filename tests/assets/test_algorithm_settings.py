"""Which settings are in force at a night: by hand, learned earlier, default."""

import json
from datetime import date

import pytest

from recsys_assets.assets.algorithm_settings import worked_out
from recsys_assets.assets.making import opened, save
from recsys_assets.assets.steps import all_steps
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.tuning_contracts import TUNED
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.models import Models
from tests.helpers.sample import NIGHTS

LEARNED = date(2017, 10, 28)
IN_FORCE = "recommendations.algorithm_settings"


def study(algorithm="als", of="als", **settings):
    return {
        "algorithm": algorithm,
        "is_instance_of": of,
        "learned_night": LEARNED,
        "settings": json.dumps(settings),
    }


def in_force(profile, *studies):
    rows = worked_out(profile, studies)
    return {
        (row["algorithm"], row["setting"]): (json.loads(row["value"]), row["origin"], row.get("learned_night"))
        for row in rows
    }


@pytest.fixture
def profile(built):
    with built.active():
        return built.profile.model_copy(update={"algorithms": {"als": {"factors": 16}, "popularity_7d": INSTANCE}})


INSTANCE = {"algorithm": "popularity", "title": "This week"}


def test_hand_beats_study_beats_default(profile):
    found = in_force(profile, study(factors=32, decay_days=9.0))
    assert found["als", "factors"] == (16, "profile", None)
    assert found["als", "decay_days"] == (9.0, "tuned", LEARNED)
    assert found["als", "iterations"] == (15, "default", None)


def test_an_instance_is_tuned_under_its_own_name(profile):
    assert in_force(profile, study("popularity_7d", "popularity", half_life_days=3.5))[
        "popularity_7d", "half_life_days"
    ] == (3.5, "tuned", LEARNED)


@pytest.mark.parametrize(
    "of_another",
    [
        study("popularity_7d", "segment_popularity", half_life_days=3.5),
        study("popularity", "popularity", half_life_days=3.5),
        study("popularity_7d", "popularity", half_life_days=1e9),
        study("popularity_7d", "popularity", half_life_days="3.5"),
        study("popularity_7d", "popularity", gone=3.5),
    ],
    ids=["another algorithm", "another name", "outside", "text", "a setting that is gone"],
)
def test_what_does_not_fit_counts_for_nothing(profile, of_another):
    assert in_force(profile, of_another)["popularity_7d", "half_life_days"][1] == "default"


def write_study(deployment, night, **settings):
    row = {name: value for name, value in study(**settings).items() if name != "learned_night"}
    row |= {"task": "next", "is_adopted": True}
    with Lake(deployment.profile).as_of(night, [], TUNED) as snapshot:
        snapshot.add("made.rows", declared_rows(TUNED, [row]))
        snapshot.write("select * from made.rows order by algorithm, task", ("algorithm", "task"))


def make(deployment, name, night):
    step = next(step for step in all_steps(deployment.profile) if step.name == name)
    with opened(deployment.profile, step, night, "") as snapshot:
        save(snapshot, step, step.make(snapshot), "")


def decay_days(deployment, night):
    rows = deployment.rows(IN_FORCE, night, "algorithm, setting, value, origin, learned_night")
    ((value, origin, learned),) = [row[2:] for row in rows if row[:2] == ("als", "decay_days")]
    return json.loads(value), origin, learned


def test_a_night_uses_what_earlier_nights_learned_and_nothing_of_its_own_or_later(built, tmp_path):
    deployment = built.copy(tmp_path / "data")
    first, middle, last = NIGHTS
    with deployment.active():
        write_study(deployment, middle, decay_days=9.0)
        write_study(deployment, last, decay_days=90.0)
        for night in NIGHTS:
            make(deployment, IN_FORCE, night)
        make(deployment, "models.als", last)
        assert decay_days(deployment, first)[1] == "default"
        assert decay_days(deployment, middle)[1] == "default", "a study of a night is for those after it"
        assert decay_days(deployment, last) == (9.0, "tuned", middle)
        about = Models(deployment.profile).get("als", last).provenance
        assert about.settings["decay_days"] == 9.0
        assert IN_FORCE in about.inputs


def test_the_newest_study_counts_even_where_it_adopted_nothing(built, tmp_path):
    deployment = built.copy(tmp_path / "data")
    first, middle, last = NIGHTS
    with deployment.active():
        write_study(deployment, first, decay_days=9.0)
        make(deployment, IN_FORCE, last)
        assert decay_days(deployment, last) == (9.0, "tuned", first)
        row = {**study(decay_days=5.0), "task": "next", "is_adopted": False}
        del row["learned_night"]
        with Lake(deployment.profile).as_of(middle, [], TUNED) as snapshot:
            snapshot.add("made.rows", declared_rows(TUNED, [row]))
            snapshot.write("select * from made.rows order by algorithm, task", ("algorithm", "task"))
        make(deployment, IN_FORCE, last)
        assert decay_days(deployment, last)[1] == "default"
