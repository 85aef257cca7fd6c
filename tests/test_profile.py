"""Profiles: every wrong setting is refused by a message that names file and setting."""

import re
from datetime import date, timedelta

import pytest

from recsys_assets.algorithms import registry
from recsys_assets.profile import PROJECT, ProfileError, load_profile, profile_names

GOOD = """
source = "complete_journey"
first_night = 2017-11-01
last_night = 2017-11-30
demo_nights = [2017-11-02]
horizon = 7
[[deliveries]]
table = "transactions"
files = "t*.parquet"
[algorithms.popularity]
"""


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "shop.toml"
        path.write_text(text)
        return load_profile(str(path))

    return load


def test_a_good_profile_is_read(load, monkeypatch, tmp_path):
    profile = load(GOOD)
    assert (profile.name, profile.first_night, profile.last_night) == ("shop", date(2017, 11, 1), date(2017, 11, 30))
    assert profile.grace == timedelta(hours=2)
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "elsewhere"))
    assert profile.folder == tmp_path / "elsewhere" / "shop"
    monkeypatch.delenv("RECSYS_DATA")
    assert profile.folder == PROJECT / "data" / "shop"


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_of_the_project_is_good(name):
    assert load_profile(name).name == name


def test_every_algorithm_is_in_a_profile_of_the_project():
    named = {algorithm for name in profile_names() for algorithm in load_profile(name).algorithms}
    assert named == registry().keys()


def test_the_environment_chooses(load, tmp_path, monkeypatch):
    load(GOOD)
    monkeypatch.setenv("RECSYS_PROFILE", str(tmp_path / "shop.toml"))
    assert load_profile().name == "shop"


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("horizon = 7", "horizon = 0", "horizon"),
        ("horizon = 7", "horizon = 91", "horizon"),
        ("horizon = 7", 'horizon = "a week"', "horizon"),
        ("horizon = 7", "grace_hours = 25", "grace_hours"),
        ("horizon = 7", "grace_hours = -1", "grace_hours"),
        ("horizon = 7", "list_length = 19", "list_length"),
        ("horizon = 7", "n_trending = 19", "n_trending"),
        ("horizon = 7", "rrf_k = 0", "rrf_k"),
        ("horizon = 7", "n_similar = 0", "n_similar"),
        ("horizon = 7", "n_candidates = 100", "n_candidates"),
        ("horizon = 7", "n_candidates = {next = 0}", "n_candidates.next"),
        ("horizon = 7", "known_earlier = {promotions = 0}", "known_earlier.promotions"),
        ("horizon = 7", "batch_users = 0", "batch_users"),
        ("horizon = 7", "tasks = []", "tasks"),
        ("horizon = 7", 'tasks = ["search"]', "tasks.0"),
        ("horizon = 7", 'event_weights = {purchase = "much"}', "event_weights.purchase"),
        ("horizon = 7", "horizn = 7", "horizn"),
        ("files =", "flies =", "deliveries.0.files"),
        ('table = "transactions"', 'table = "Trans actions"', "deliveries.0.table"),
        ("first_night = 2017-11-01", 'first_night = "soon"', "first_night"),
        ("first_night = 2017-11-01", "", "first_night"),
        ('source = "complete_journey"', "", "source"),
        ("last_night = 2017-11-30", "last_night = 2017-10-30", "last_night 2017-10-30 lies before first_night"),
        ("demo_nights = [2017-11-02]", "demo_nights = [2017-10-02]", "demo night 2017-10-02 lies outside"),
        ("demo_nights = [2017-11-02]", "demo_nights = [2017-12-02]", "demo night 2017-12-02 lies outside"),
        ("[algorithms.popularity]", "[algorithms]", "algorithms"),
        ("[algorithms.popularity]", "[algorithms.populrity]", "algorithm 'populrity' is unknown; known are"),
        ("[algorithms.popularity]", "[algorithms.als]\nfactors = 0", "factors"),
        ("[algorithms.popularity]", "[algorithms.als]\nfactrs = 9", "factrs"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(load, old, new, named):
    assert old in GOOD
    with pytest.raises(ProfileError, match=rf"shop\.toml: .*{re.escape(named)}"):
        load(GOOD.replace(old, new))


def test_all_wrong_settings_are_named_at_once(load):
    with pytest.raises(ProfileError, match=r"horizon: .*; .*rrf_k: "):
        load(GOOD.replace("horizon = 7", "horizon = 0\nrrf_k = 0"))


def test_what_is_no_toml_is_named(load):
    with pytest.raises(ProfileError, match=r"shop\.toml: not valid TOML"):
        load("source = ")


def test_an_unknown_profile_lists_the_known_ones():
    with pytest.raises(ProfileError, match=r"There is no profile 'nowhere'\. Profiles: .*complete_journey"):
        load_profile("nowhere")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('encoding = "latin-99"', r"deliveries\.0\.encoding: .*'latin-99' is unknown"),
        ('encoding = "base64"', r"'base64' is unknown"),
        ('columns = ["a", "A"]', r"deliveries\.0\.columns: .*each column needs a name of its own"),
        ('columns = ["a", " "]', r"each column needs a name of its own"),
        ("columns = []", r"deliveries\.0\.columns: "),
        ('columns = ["a"]\nformat = "parquet"', r"columns are for delimited text; parquet names its own"),
        ('delimiter = ""', r"deliveries\.0\.delimiter: "),
    ],
)
def test_settings_of_a_delivery_that_cannot_be_are_refused(load, setting, said):
    with pytest.raises(ProfileError, match=said):
        load(GOOD.replace('files = "t*.parquet"', f'files = "t*.parquet"\n{setting}'))
    load(GOOD.replace('files = "t*.parquet"', 'files = "u.data"\nformat = "csv"\nencoding = "UTF_16"\ncolumns = ["a"]'))


def test_the_fingerprint_is_of_what_decides_the_tables():
    given = load_profile("complete_journey")
    turned = dict(reversed(given.algorithms.items()))
    for same in ({"title": "Other"}, {"batch_users": 7}, {"algorithms": turned}, {"audit": True}):
        assert given.model_copy(update=same).fingerprint == given.fingerprint
    earlier = {"known_earlier": {"promotions": 7}}
    for other in ({"rrf_k": 3}, {"algorithms": {"als": {}}}, {"event_weights": {"purchase": 2.0}}, earlier):
        assert given.model_copy(update=other).fingerprint != given.fingerprint
