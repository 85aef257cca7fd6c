"""`audits.detectors` of real nights, of a total planted into them, and of nights with nothing to judge."""

from datetime import timedelta

import duckdb
import pytest

from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.running import check_tables
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from tests.helpers.sample import NIGHTS, Deployment

DETECTORS = ["column_knows_the_future", "feature_separates_labels", "clock_is_off"]
FIRST, LAST = NIGHTS[0] - timedelta(days=1), NIGHTS[-1]
COLUMNS = "detector, subject, value, is_suspicious, reason"


def findings(deployment, night, detector):
    rows = deployment.rows("audits.detectors", night, COLUMNS)
    return {subject: (value, suspicious, reason) for of, subject, value, suspicious, reason in rows if of == detector}


@pytest.fixture(scope="module")
def planted(built, tmp_path_factory):
    """The last night with every product's sales of the whole year beside its brand, as a supplier's file would have."""
    copy = built.copy(tmp_path_factory.mktemp("planted") / "data")
    sold = duckdb.sql(
        f"select product_id::varchar as item_id, count(*)::double as sold from '{built.files}/transactions_*.parquet' "
        "group by all"
    ).to_arrow_table()
    reads = [TableName("clean", "item_keys"), TableName("clean", "item_versions", "past")]
    with copy.active():
        for night in copy.lake.nights("clean.item_versions"):
            with copy.lake.as_of(night, reads, "clean.item_versions") as snapshot:
                snapshot.add("made.sold", sold)
                snapshot.write(
                    "select versions.* exclude (night), sold.sold from past.clean.item_versions as versions "
                    "inner join clean.item_keys as keys using (item_key) left join made.sold as sold using (item_id) "
                    f"where versions.night = date '{night}' order by item_key",
                    ("item_key",),
                )
        copy.build(LAST, only=["audits.detectors"], checks=False)
    return copy


def test_every_column_feature_and_clock_of_a_clean_night_is_looked_at_and_let_be(built):
    columns, features, clocks = (findings(built, LAST, name) for name in DETECTORS)
    for subject in (
        "clean.items.brand",
        "clean.promotions.n_rows by item",
        "features.item.n_events",
        "features.user.n_events",
    ):
        assert columns[subject][0] is not None, columns[subject]
    assert "features.user_item.decayed_weight" in columns
    assert {"user_item_n_events", "als_score", "rank"} <= features.keys()
    assert "clean.events.event_ts" in clocks
    assert not [row for row in built.rows("audits.detectors", LAST, COLUMNS) if row[3]]


def test_a_night_that_grades_nothing_says_so_and_passes(built):
    columns, features, _ = (findings(built, NIGHTS[0], name) for name in DETECTORS)
    assert features == {}
    assert all(value is None for value, *_ in columns.values())
    assert all("not judged" in reason for *_, reason in columns.values())


def test_a_total_of_the_whole_year_is_found_and_named(planted):
    found = findings(planted, LAST, "column_knows_the_future")
    assert [subject for subject, (_, suspicious, _) in found.items() if suspicious] == ["clean.items.sold"]
    assert "a total that was made later" in found["clean.items.sold"][2]


@pytest.mark.parametrize(("setting", "verdict"), [("", "warn"), ("warn", "warn"), ("error", "error"), ("off", None)])
def test_the_profile_says_what_becomes_of_the_night(planted, tmp_path, setting, verdict):
    line = f'column_knows_the_future = "{setting}"' if setting else ""
    profile_file = tmp_path / "sample.toml"
    profile_file.write_text(planted.profile_file.read_text() + f"\n[detectors]\n{line}\n")
    deployment = Deployment(planted.data, profile_file)
    checks = [check for check in load_checks(deployment.profile) if check.name in DETECTORS]
    outcomes = {check.name: outcome.verdict for check, outcome in check_tables(deployment.lake, checks, LAST)}
    expected = {"column_knows_the_future": verdict, "feature_separates_labels": "pass", "clock_is_off": "pass"}
    assert outcomes == {name: said for name, said in expected.items() if said}


def test_what_the_profile_trusts_is_not_judged(planted, tmp_path):
    profile_file = tmp_path / "sample.toml"
    profile_file.write_text(planted.profile_file.read_text() + '\n[detectors]\ntrusted = ["clean.items.sold"]\n')
    trusting = Deployment(planted.copy(tmp_path / "data").data, profile_file)
    trusting.build(LAST, only=["audits.detectors"], checks=False)
    found = findings(trusting, LAST, "column_knows_the_future")
    assert "clean.items.sold" not in found
    assert "clean.items.brand" in found


def test_detectors_that_are_all_off_leave_no_asset(tmp_path, built):
    from recsys_assets.assets.steps import all_steps

    profile_file = tmp_path / "sample.toml"
    lines = "\n".join(f'{name} = "off"' for name in DETECTORS)
    profile_file.write_text(built.profile_file.read_text() + f"\n[detectors]\n{lines}\n")
    steps = {step.name: step for step in all_steps(load_profile(str(profile_file)))}
    assert "audits.detectors" not in steps
    assert "audits.detectors" not in steps["releases.published"].after


def test_the_page_shows_figures_and_a_picture(planted):
    from dagster import AssetKey

    from recsys_jobs.run import dagster_instance

    with planted.active(), dagster_instance() as instance:
        event = instance.get_latest_materialization_event(AssetKey(["audits", "detectors"]))
    told = {name: str(entry.value) for name, entry in event.asset_materialization.metadata.items()}
    assert "clean.items.sold" in told["Suspicious"]
    assert "clean.items.sold" in told["Highest figures"]
    assert told["Figures"].startswith("![What the detectors saw](data:image/png;base64,")
