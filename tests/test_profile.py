"""Profiles: every wrong setting is refused by a message that names file and setting."""

import re
from datetime import date, timedelta

import pytest

from recsys_assets.algorithms import lightfm, registry
from recsys_assets.algorithms.instances import configured
from recsys_assets.profile import PROJECT, ProfileError
from recsys_assets.profile_file import load_profile, profile_names
from recsys_assets.release_settings import ReleaseSettings
from tests.helpers.blocks import blocks

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
    assert named | {"hybrid"} == registry().keys(), "all but the one for sweeps of content against behaviour"


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
        (
            "[algorithms.popularity]",
            "[algorithms.populrity]",
            "algorithm 'populrity' is unknown; did you mean popularity?",
        ),
        ("[algorithms.popularity]", "[algorithms.als]\nfactors = 0", "factors"),
        ("[algorithms.popularity]", "[algorithms.als]\nfactrs = 9", "factrs"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_and_line(load, old, new, named):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    with pytest.raises(ProfileError) as refused:
        load(text)
    told = str(refused.value)
    place, setting, _ = told.split(": ", 2)
    assert named in told
    line = text.split("\n")[int(place.rpartition("shop.toml:")[2]) - 1]
    missing = "required" in told
    assert setting.rpartition(".")[2].removesuffix("0").rstrip(".") in line or missing or setting[-1].isdigit(), told


@pytest.mark.parametrize(
    ("setting", "line", "told"),
    [
        ("horizon = true", 6, "horizon: Input should be a valid integer"),
        ('horizon = "7"', 6, "horizon: Input should be a valid integer"),
        ("grace_hours = nan", 6, "grace_hours: "),
        ("grace_hours = inf", 6, "grace_hours: "),
        ("seed = -1", 6, "seed: "),
        ('tasks = [\n  "next",\n  "next",\n]', 6, "tasks: next is given twice; keep one"),
        ('\n\n# a comment\ntasks = ["serch"]', 9, "tasks.0: "),
        ("event_weights = {purchase = nan}", 6, "event_weights.purchase: Input should be a finite number"),
        ("event_weights = {purchase = inf}", 6, "event_weights.purchase: "),
        ("event_weights = {purchase = -1}", 6, "event_weights.purchase: Input should be greater than or equal to 0"),
        ("event_weights = {purchase = true}", 6, "event_weights.purchase: "),
        ("event_weights = {purchase = 0}", 6, "event_weights: no type of event weighs anything"),
        ("event_weights = {}", 6, "event_weights: "),
        (
            "event_weights = {purchse = 1}",
            6,
            "event_weights.purchse: the source has no event of type 'purchse'; did you mean purchase?",
        ),
        ('name = "other"', 6, "name: is the name of the file, shop: delete the line, or rename the file"),
        ("horizn = 7", 6, "horizn: is no setting; did you mean horizon?"),
        ("demo_nights = [2017-11-02, 2017-11-02]", 5, "demo_nights: 2017-11-02 is given twice"),
        ('last_night = "2017-11-30"', 4, "last_night: Input should be a valid date"),
        ("first_night = 1970-01-01", 3, "first_night: "),
        ("first_night = 9999-12-31", 3, "first_night: "),
        ('source = "../../etc"', 2, "source: "),
        ('source = "complete_jorney"', 2, "did you mean complete_journey?"),
        (
            'table = "transactons"',
            8,
            "deliveries.0.table: the source reads no raw.transactons; did you mean transactions?",
        ),
        ("known_earlier = {promotons = 7}", 6, "known_earlier.promotons: the source has no extra table 'promotons'"),
        ("known_earlier = {items = 7}", 6, "known_earlier.items: the source has no extra table 'items'"),
        ('files = "/etc/*"', 9, "deliveries.0.files: '/etc/*' is a path; give the pattern of names here"),
        ('files = "../*.csv"', 9, "deliveries.0.files: "),
        ('files = "sub/*.csv"', 9, "deliveries.0.files: "),
        ('files = ""', 9, "deliveries.0.files: "),
        ('files = ".hidden*"', 9, "deliveries.0.files: "),
        ('files = "a\\u0000*"', 9, "deliveries.0.files: "),
        ('files = "t*"\nfolder = ""', 10, "deliveries.0.folder: "),
        ('files = "t*"\nfolder = "package:"', 10, "deliveries.0.folder: "),
        ('files = "t*"\ndelimiter = \'"\'', 10, "deliveries.0.delimiter: "),
        ('files = "t*"\ndelimiter = "a"', 10, "deliveries.0.delimiter: "),
        ('files = "t*"\n[[deliveries]]\ntable = "others"\nfiles = "t*"', 12, "deliveries.1.files: 't*' is the pattern"),
        ("[algorithms.als]\nfactors = true", 11, "algorithms.als.factors: "),
        ("[algorithms.als]\n\nfactrs = 9", 12, "algorithms.als.factrs: is no setting; did you mean factors?"),
        ("[algorithms.als]\nweight = nan", 11, "algorithms.als.weight: "),
        (
            "[algorithms.popularty]",
            10,
            "algorithms.popularty: algorithm 'popularty' is unknown; did you mean popularity?",
        ),
        (
            "[reranker]\nn_tres = 1\n[algorithms.popularity]",
            11,
            "reranker.n_tres: is no setting; did you mean n_trees?",
        ),
        ("horizon = ", 6, "not valid TOML"),
        ("horizon = 7\nhorizon = 8", 7, "not valid TOML"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line(load, setting, line, told):
    key = setting.strip().split("\n")[-1 if "# a comment" in setting else 0].split(" = ")[0]
    mine = [old for old in GOOD.split("\n") if old.split(" = ")[0] == key]
    old = mine[0] if mine else "[algorithms.popularity]" if setting.startswith("[") else "horizon = 7"
    with pytest.raises(ProfileError) as refused:
        load(GOOD.replace(old, setting, 1))
    assert f"shop.toml:{line}: " in str(refused.value), refused.value
    assert told in str(refused.value)


INSTANCE = """[algorithms.popularity]
[algorithms.popularity_7d]
algorithm = "popularity"
half_life_days = 7"""


def test_an_instance_is_an_algorithm_under_its_own_name_with_a_title_that_tells_it_apart(load):
    profile = load(GOOD.replace("[algorithms.popularity]", INSTANCE))
    assert profile.models == ["popularity", "popularity_7d", "reranker_next", "reranker_discovery"]
    (plain, _), (instance, settings) = configured(profile.algorithms).values()
    assert plain is registry()["popularity"]
    assert issubclass(instance, plain)
    assert (instance.name, instance.title) == ("popularity_7d", "Trending (half life 7 days)")
    assert settings == plain.Settings(half_life_days=7)
    called = configured({"popularity_7d": {"algorithm": "popularity", "title": "Hits of the week"}})
    assert called["popularity_7d"][0].title == "Hits of the week"


@pytest.mark.parametrize(
    ("table", "title"),
    [
        ({"algorithm": "user_knn", "half_life_days": 1, "taste_days": 2.5}, "(taste 2.5 days, half life 1 day)"),
        ({"algorithm": "item_knn", "weighting": "bm25", "weight": 0.5, "n_candidates": 50}, "(weighting bm25)"),
        ({"algorithm": "segment_popularity", "segments": ["store", "country"]}, "(segments store, country)"),
        ({"algorithm": "popularity", "weight": 0.5}, "(mine)"),
    ],
)
def test_the_title_of_an_instance_says_what_it_sets_whatever_the_order(table, title):
    for turned in (table, dict(reversed(table.items()))):
        ((instance, _),) = configured({"mine": turned}).values()
        assert instance.title == f"{registry()[table['algorithm']].title} {title}"


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (
            '"popularity"',
            '"populrity"',
            12,
            "popularity_7d.algorithm: there is no algorithm 'populrity'; did you mean popularity?; known are",
        ),
        ('"popularity"', "7", 12, "algorithms.popularity_7d.algorithm: there is no algorithm 7"),
        ('algorithm = "popularity"', "", 11, "An instance of one of them says so: algorithm = "),
        ("popularity_7d", "item_knn", 11, "algorithms.item_knn: is an algorithm itself, so no instance of popularity"),
        ("popularity_7d", '"7d"', 11, "algorithms.7d: '7d' can name no instance: tables, folders and features"),
        ("popularity_7d", "popularity-7d", 11, "algorithms.popularity-7d: 'popularity-7d' can name no instance"),
        ("popularity_7d", "Popularity", 11, "algorithms.Popularity: 'Popularity' can name no instance"),
        ("popularity_7d", f"a{'b' * 60}", 11, "can name no instance"),
        ("popularity_7d", "published", 11, "'published' is what other models or lists are called"),
        ("popularity_7d", "lists", 11, "'lists' is what other models or lists are called"),
        ("popularity_7d", "reranker_next", 11, "'reranker_next' is what other models or lists are called"),
        ("half_life_days", "half_life", 13, "popularity_7d.half_life: is no setting; did you mean half_life_days?"),
        ("half_life_days = 7", "half_life_days = 0", 13, "popularity_7d.half_life_days: Input should be greater"),
        ("half_life_days = 7", 'title = ""', 13, "popularity_7d.title: a title is one line of text"),
        ("half_life_days = 7", 'title = "a\\nb"', 13, "popularity_7d.title: a title is one line of text"),
        ("half_life_days = 7", "title = 7", 13, "popularity_7d.title: a title is one line of text"),
        (
            "half_life_days = 7",
            'title = "Trending"',
            11,
            "popularity_7d: is called 'Trending' like popularity; give it a title of its own",
        ),
    ],
)
def test_an_instance_that_cannot_be_is_refused_with_its_line(load, old, new, line, told):
    assert old in INSTANCE
    wrong = GOOD.replace("[algorithms.popularity]", INSTANCE.replace(old, new, 2 if "7d" in old else 1))
    with pytest.raises(ProfileError) as refused:
        load(wrong)
    assert f"shop.toml:{line}: " in str(refused.value), refused.value
    assert told in str(refused.value), refused.value


def test_the_instances_of_the_page_can_be(load):
    (page,) = [block.text for block in blocks(PROJECT / "docs" / "algorithms.md") if "popularity_1d" in block.text]
    titles = [algorithm.title for algorithm, _ in configured(load(GOOD + page.partition("\n")[2]).algorithms).values()]
    assert titles[1:] == ["Trending", "Trending (half life 1 day)", "Popular this month"]


def test_an_instance_of_what_is_not_installed_is_refused(load, monkeypatch):
    monkeypatch.setattr(lightfm, "find_spec", lambda name: None)
    with pytest.raises(ProfileError, match=r"shop\.toml:10: algorithms\.factors: .*LightFM is not installed"):
        load(GOOD.replace("[algorithms.popularity]", '[algorithms.factors]\nalgorithm = "lightfm"'))


@pytest.mark.parametrize("name", ["my shop", "-x", "profiles", "logs", "a.b", "x" * 65, "schön"])
def test_a_file_name_that_can_be_no_folder_is_refused(tmp_path, name):
    path = tmp_path / f"{name}.toml"
    path.write_text(GOOD)
    with pytest.raises(ProfileError, match=rf"{re.escape(name)}\.toml:1: name: a profile cannot be called"):
        load_profile(str(path))


def test_a_file_that_is_no_text_and_one_with_a_mark_of_windows(tmp_path):
    path = tmp_path / "shop.toml"
    path.write_bytes(b"title = '\xff'\n" + GOOD.encode())
    with pytest.raises(ProfileError, match="cannot be read as UTF-8"):
        load_profile(str(path))
    other = tmp_path / "other.toml"
    other.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_profile(str(other)).horizon == 7


def test_a_task_that_no_algorithm_serves_is_refused(load):
    alone = GOOD.replace("[algorithms.popularity]", "[algorithms.buy_again]")
    assert alone != GOOD
    with pytest.raises(ProfileError, match="tasks: no algorithm makes lists of 'discovery'"):
        load(alone)


def test_all_wrong_settings_are_named_at_once(load):
    with pytest.raises(ProfileError, match=r"(?s)shop\.toml:6: horizon: .*shop\.toml:7: rrf_k: "):
        load(GOOD.replace("horizon = 7", "horizon = 0\nrrf_k = 0"))


def test_what_is_no_toml_is_named(load):
    with pytest.raises(ProfileError, match=r"shop\.toml:1: not valid TOML"):
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
        ('columns = ["a"]\nformat = "parquet"', r"columns and skip are for delimited text, not for parquet"),
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
    views = {"release": ReleaseSettings(without=["serving.history"], list_users=9, co_purchase_days=9)}
    for same in ({"title": "Other"}, {"batch_users": 7}, {"algorithms": turned}, {"audit": "off"}, views):
        assert given.model_copy(update=same).fingerprint == given.fingerprint
    earlier = {"known_earlier": {"promotions": 7}}
    deeper = {"release": ReleaseSettings(depth=150)}
    for other in ({"rrf_k": 3}, {"algorithms": {"als": {}}}, {"event_weights": {"purchase": 2.0}}, earlier, deeper):
        assert given.model_copy(update=other).fingerprint != given.fingerprint
