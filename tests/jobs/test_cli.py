"""The command line: what it prints, and one sentence with exit code 1 for everything that can go wrong."""

import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta

import duckdb
import pytest
from typer.testing import CliRunner

from recsys_assets.profile import PROJECT
from recsys_jobs import cli
from recsys_jobs.cli import app
from recsys_jobs.staleness import nights_to_build
from tests.helpers import sample
from tests.helpers.sample import NIGHTS

FIRST, SECOND, LAST = NIGHTS
COMMANDS = (
    "demo",
    "init",
    "land",
    "night",
    "status",
    "backtest",
    "replay",
    "check",
    "releases",
    "rollback",
    "query",
    "why",
    "serve",
    "costs",
    "prune",
)
GROUPS = ("audit", "keys")
NO_COMMANDS = {"console", "context", "failures", "tables"}


def run(deployment, *arguments):
    with deployment.active():
        return CliRunner(env={"COLUMNS": "120"}).invoke(app, [str(argument) for argument in arguments])


def fails(deployment, *arguments):
    """The sentence a command ends with; the command has printed nothing else as an error."""
    result = run(deployment, *arguments)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit), result.exception
    sentence = result.stderr.strip()
    assert sentence
    return " ".join(sentence.split())


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return sample.new(tmp_path_factory.mktemp("empty") / "deployment")


def test_every_command_has_help(empty):
    listed = re.findall(r"│ (\w+) +[A-Z]", run(empty, "--help").output.partition("Commands")[2])
    assert [name for name in listed if name in (*COMMANDS, *GROUPS)] == [*COMMANDS, *GROUPS]
    assert set(listed) == {module.name for module in pkgutil.iter_modules(cli.__path__)} - NO_COMMANDS
    for command in (*COMMANDS, *GROUPS):
        result = run(empty, command, "--help")
        assert result.exit_code == 0
        assert f"{command} [OPTIONS]" in result.output


def test_starting_loads_neither_dagster_nor_a_heavy_library():
    heavy = ["dagster", "duckdb", "implicit", "lightgbm", "matplotlib", "mlflow", "numpy", "pandas", "pyarrow"]
    heavy += ["scipy", "sklearn", "sqlglot"]
    code = f"import sys, recsys_jobs.cli; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("query", "select 1"), "Nothing is published in "),
        (("serve",), "Nothing is published in "),
        (("serve", "--host", "0.0.0.0"), "there are no keys"),
        (("keys", "remove", "shop"), "There is no key named shop"),
        (("rollback",), "There is nothing to roll back to"),
        (("why", "20", "1"), "No night of profile sample is built yet. Run `recsys night` or `recsys demo`."),
        (("night", LAST), "Nothing has landed in profile sample yet. Run `recsys land --history`."),
        (
            ("night", "2017-10-23"),
            "Night 2017-10-23 cannot be built: the nights of profile sample that have closed run",
        ),
        (("night", "2017-11-11"), "last_night of profile sample is 2017-11-10."),
        (("land", "nowhere.parquet"), "nowhere.parquet does not exist."),
        (("land", sample.__file__), "sample.py: no delivery of profile sample has such a file."),
    ],
)
def test_what_fails_before_anything_is_built(empty, arguments, sentence):
    assert sentence in fails(empty, *arguments)


def test_a_night_that_has_not_closed_is_refused(tmp_path):
    live = sample.new(tmp_path / "live", settings={"last_night": ""})
    assert "Night 2999-01-01 cannot be built" in fails(live, "night", "2999-01-01")


def test_an_unknown_profile_names_those_that_exist(empty, monkeypatch):
    monkeypatch.setenv("RECSYS_PROFILE", "no_such_shop")
    result = CliRunner().invoke(app, ["releases"])
    assert result.exit_code == 1
    assert result.stderr.startswith("There is no profile 'no_such_shop'. Profiles: ")
    assert "complete_journey" in result.stderr


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"horizon": "horizon = 0"}, "horizon: Input should be greater than or equal to 1"),
        ({"horizon": "horizon ="}, "not valid TOML"),
        ({"[algorithms.popularity]": "[algorithms.oracle]"}, "algorithm 'oracle' is unknown; known are"),
        ({"factors": "factrs = 16"}, "factrs"),
        ({"source": 'source = "no_such_source"'}, "no_such_source"),
    ],
)
def test_a_wrong_profile_names_the_file_and_the_setting(tmp_path, settings, sentence):
    wrong = sample.Deployment(tmp_path, sample.write_profile(tmp_path / "wrong.toml", tmp_path, settings))
    assert sentence in fails(wrong, "night", LAST)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("query", "selec 1"), 'syntax error at or near "selec"'),
        (("query", "from serving.nothing"), "nothing does not exist"),
        (("why", "nobody", "1"), f"Night {LAST} knows no user 'nobody'."),
        (("why", "20", "nothing"), f"Night {LAST} knows no item 'nothing'."),
        (
            ("why", "20", "1", "--night", "2017-10-26"),
            "Night 2017-10-26 is not built. Built are 2017-10-25, 2017-10-28",
        ),
        (("backtest", "--from", SECOND, "--to", "2017-11-30"), "cannot be built"),
        (("rollback", "--to", "2017-01-01-x"), "There is no release 2017-01-01-x"),
    ],
)
def test_what_fails_on_a_built_deployment(built, arguments, sentence):
    before = built.content()
    assert sentence in fails(built, *arguments)
    assert built.content() == before


@pytest.mark.parametrize(
    "sql",
    [
        "create table serving.mine as select 1",
        "delete from serving.users",
        "update serving.users set n_events = 0",
        "drop table serving.users",
        "copy (select 1) to '{folder}/out.csv'",
        "copy (select 1) to '{folder}/out.parquet' (format parquet)",
        "attach '{folder}/out.duckdb' as mine",
        "export database '{folder}/out'",
        "set enable_external_access = true",
        "from read_text('/etc/hostname')",
    ],
)
def test_query_neither_writes_nor_reads_files(built, tmp_path, sql):
    release = (built.folder / "recsys.duckdb").read_bytes()
    fails(built, "query", sql.format(folder=tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert (built.folder / "recsys.duckdb").read_bytes() == release


def test_query_prints_rows_and_says_when_there_are_more(built):
    result = run(built, "query", "select user_id as who from serving.users order by all", "--rows", "2")
    assert result.exit_code == 0
    assert "who" in result.output
    assert "The first 2 rows; see more with --rows" in result.output
    assert "first" not in run(built, "query", "from serving.recommend(20, k := 3)").output


def test_releases_are_listed_newest_first_with_the_current_marked(built):
    lines = [line for line in run(built, "releases").output.splitlines() if "2017-" in line]
    assert [str(night) in line for night, line in zip(reversed(NIGHTS), lines, strict=True)] == [True] * 3
    assert ["→" in line for line in lines] == [True, False, False]


def test_rollback_shows_the_earlier_night_and_back(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    newest = (deployment.folder / "recsys.duckdb").readlink().parent.name
    assert str(SECOND) in run(deployment, "rollback").output
    assert deployment.released("select distinct night from serving.recommendations") == [(SECOND,)]
    assert run(deployment, "rollback", "--to", newest).exit_code == 0
    assert deployment.released("select distinct night from serving.recommendations") == [(LAST,)]


def test_why_leads_down_to_the_delivered_row(built):
    user, item, text, count = built.released(
        "select user_id, item_id, reason_text, evidence_count from serving.recommendations "
        "where task = 'next' and reason = 'bought_again' order by evidence_count desc, user_id limit 1"
    )[0]
    output = run(built, "why", user, item).output
    assert text in output
    assert re.search(r"Ranked by (fusion|blend|reranker\w*): raw score -?[\d.e-]+, score [01]\.\d{3} of 1\.", output)
    assert "buy_again" in output
    rows = re.findall(r"(transactions_\w+\.parquet) +│ (\d+)", output)
    assert 0 < len(rows) <= 20
    assert len(rows) == count or "earlier events" in output or count > len(rows)
    with duckdb.connect() as con:
        for name, row in rows:
            delivered = con.execute(
                f"select household_id, product_id from '{built.files / name}' limit 1 offset {int(row) - 1}"
            ).fetchall()
            assert delivered == [(int(user), int(item))]


def test_history_into_sealed_nights_is_refused_and_restating_lists_what_is_stale(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    other = tmp_path / "transactions_3.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"copy (select * replace (basket_id + 1 as basket_id) from '{built.files}/transactions_2.parquet' "
            f"where transaction_timestamp::date = '{SECOND}') to '{other}'"
        )
    sentence = fails(deployment, "land", "--history", other)
    assert f"history from night {SECOND} on, but nights up to {LAST} are sealed" in sentence
    assert "--restate" in sentence
    assert deployment.lake.built_nights() == list(NIGHTS)
    result = run(deployment, "land", "--history", "--restate", other)
    assert f"Stale, build them again: {SECOND}, {LAST}" in " ".join(result.output.split())
    assert deployment.lake.built_nights() == [FIRST]
    assert deployment.lake.nights("clean.events")[-1] == SECOND - timedelta(days=1)


def test_land_takes_the_inbox_and_a_file_once(empty):
    inbox = empty.folder / "inbox"
    inbox.mkdir(parents=True)
    assert "Nothing to land" in run(empty, "land").output
    (inbox / "products.parquet").write_bytes((empty.files / "products.parquet").read_bytes())
    assert "products.parquet: landed" in run(empty, "land").output
    assert "already landed" in run(empty, "land").output


def test_land_takes_a_folder_and_names_what_it_leaves_alone(empty, tmp_path):
    folder = tmp_path / "delivered"
    folder.mkdir()
    for name in ("transactions_1.parquet", "products.parquet"):
        (folder / name).write_bytes((empty.files / name).read_bytes())
    (folder / "readme.md").touch()
    output = " ".join(run(empty, "land", "--history", folder).output.split())
    assert "left alone 1: readme.md" in output
    assert output.index("products.parquet: ") < output.index("transactions_1.parquet: landed")


@pytest.mark.timeout(60)
def test_land_names_what_it_refuses_takes_the_others_and_ends_with_code_1(empty, tmp_path):
    folder = tmp_path / "delivered"
    folder.mkdir()
    odd = folder / os.fsdecode(b"products_\xe9.parquet")
    odd.write_bytes((empty.files / "products.parquet").read_bytes())
    (folder / "demographics_0.parquet").symlink_to("/etc/passwd")
    (folder / "demographics_1.parquet").symlink_to("/dev/zero")
    os.mkfifo(folder / "demographics_2.parquet")
    sentence = fails(empty, "land", folder)
    for name, what in (("0", "a link"), ("1", "a link"), ("2", "a pipe (FIFO)")):
        assert f"demographics_{name}.parquet: is {what}" in sentence
    assert "root:" not in sentence
    assert "products_\\xe9.parquet: already landed" in run(empty, "land", odd).output


def test_a_file_set_aside_is_warned_of_also_before_any_night(empty, tmp_path):
    broken = tmp_path / "demographics_1.parquet"
    broken.write_bytes(b"no Parquet at all")
    landed = run(empty, "land", broken)
    assert landed.exit_code == 1
    assert "WARN nothing_quarantined of raw.demographics" in landed.output
    assert "warn if != 0; the first: name demographics_1.parquet, arrived_at " in landed.output
    checked = run(empty, "check", "--select", "raw.demographics")
    assert checked.exit_code == 0
    assert "Raw tables of profile sample" in checked.output
    assert "WARN nothing_quarantined of raw.demographics" in checked.output
    assert re.search(r"PASS usual_volume of raw.demographics .*, nothing to look at yet", checked.output)


def test_what_the_command_line_lands_is_on_the_pages_of_the_ui(empty, tmp_path):
    from recsys_jobs.run import dagster_instance

    run(empty, "land", "--history", empty.files / "demographics.parquet")
    with empty.active(), dagster_instance() as instance:
        keys = {"/".join(key.path) for key in instance.all_asset_keys()}
    assert "raw/demographics" in keys


def test_usage_errors_end_with_code_2(empty):
    for arguments in (("night", "tonight"), ("backtest", "--from", LAST, "--to", FIRST), ("prune", "--keep", 1)):
        result = run(empty, *arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def test_prune_keeps_what_is_current(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    before = deployment.content()
    assert "Freed 0.0 MB" in run(deployment, "prune").output
    assert deployment.content() == before
    assert json.dumps(sorted(before)) == json.dumps(sorted(deployment.content()))


def test_the_demo_finds_its_work_done_and_only_shows_it(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    content, release = deployment.content(), (deployment.folder / "recsys.duckdb").readlink()
    done = deployment.invoke("demo")
    assert done.exit_code == 0, done.output
    for shown in ("What landed", "NDCG@10", "task next", "task discovery", "Published: "):
        assert shown in done.output, done.output
    assert (deployment.content(), (deployment.folder / "recsys.duckdb").readlink()) == (content, release)


def test_the_demo_ends_what_was_cut_short(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    profile = deployment.profile
    with deployment.active():
        assert nights_to_build(profile, profile.demo_nights) == []
        published = deployment.lake.partition("releases.published", LAST).path
        published.rename(published.with_suffix(".away"))  # A kill between release and publication leaves it so.
        assert nights_to_build(profile, profile.demo_nights) == [LAST]
        published.with_suffix(".away").rename(published)
        (newest,) = deployment.folder.glob(f"releases/{LAST}-*")
        newest.chmod(0o755)
        shutil.rmtree(newest)
        assert nights_to_build(profile, profile.demo_nights) == [LAST]
        assert nights_to_build(profile, [FIRST, date(2017, 10, 26)]) == [date(2017, 10, 26)]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_builds_publishes_and_shows_and_then_only_shows(tmp_path):
    deployment = sample.new(tmp_path / "demo")
    first = deployment.recsys("demo", timeout=400)
    assert first.returncode == 0, first.stderr
    for shown in ("A sample of The Complete Journey", "What landed", "NDCG@10", "task next", "Published: "):
        assert shown in first.stdout, first.stdout
    assert "Traceback" not in first.stdout + first.stderr
    content, release = deployment.content(), (deployment.folder / "recsys.duckdb").readlink()
    again = deployment.recsys("demo", timeout=60)
    assert again.returncode == 0
    assert "NDCG@10" in again.stdout
    assert (deployment.content(), (deployment.folder / "recsys.duckdb").readlink()) == (content, release)
