"""The documents say what is: their links, commands, columns and settings exist, and their worked examples run."""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import duckdb
import pytest
import typer

from recsys_assets.selects.canonical import CANONICAL, canonical
from recsys_assets.selects.files import load_select
from tests.helpers.blocks import blocks, write_files
from tests.helpers.committed import PROJECT, committed
from tests.helpers.project import copy_project, recsys, run, run_script
from tests.helpers.sample import NIGHTS

DOCS = PROJECT / "docs"
PAGES = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")] + sorted(
    DOCS.glob("*.md")
)
README, CONTRIBUTING = PAGES[:2]
OWN_DATA = DOCS / "bring-your-own-data.md"
LONGEST_README = 250
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
FROM_A_FILE, BY_HAND = "From a file to recommendations", "A whole one, by hand"
ENDS = NIGHTS[0], NIGHTS[-1]
ONE_FILE_EACH = {
    "A new algorithm": {"recsys_assets/algorithms/all_neighbours.py"},
    "A new feature": {"sql/features/user_week.sql"},
    "A new metric": {"recsys_assets/evaluation/metrics.py"},
    "A new check": {"dbt_like_checks/features.yml", "dbt_like_checks/singular/weekend_share_is_a_share.sql"},
    "A new asset made by Python": {"recsys_assets/assets/steps/user_clusters.py"},
    "A new command": {"recsys_assets/reports/nights.py", "recsys_jobs/cli/nights.py"},
    "A new format of delivered files": {"recsys_assets/storage/landing/formats/arrow.py"},
}
WHAT_THERE_IS = """
import json, sys
from recsys_assets.algorithms import registry
from recsys_assets.checks.declared import load_checks
from recsys_assets.evaluation.metrics import METRICS
from recsys_assets.profile_file import load_profile
from recsys_assets.storage.landing.formats import formats
from recsys_jobs.cli import app
from recsys_jobs.definitions import build_definitions
import typer
graph = build_definitions().resolve_asset_graph()
json.dump({
    "algorithms": sorted(registry()),
    "metrics": sorted(METRICS),
    "formats": sorted(formats()),
    "commands": sorted(typer.main.get_command(app).commands),
    "checks": [check.name for check in load_checks(load_profile())],
    "assets": {
        "/".join(key.path): sorted("/".join(parent.path) for parent in graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    },
    "groups": sorted({graph.get(key).group_name for key in graph.get_all_asset_keys()}),
}, sys.stdout)
"""


def walk_through_the_shops(folder: Path, *sections: str, nights: bool = True) -> tuple[Path, str]:
    """Follow the page about one's own data: `recsys init` and landing for the first shop, all commands for the second.

    With sections of CONTRIBUTING.md applied before, the second only; without its nights, its landing only.
    """
    project, home = copy_project(folder / "project"), folder / "home"
    shutil.rmtree(project / "sql/sources/my_shop", ignore_errors=True)  # Whoever followed the page has them.
    (project / "data/profiles/my_shop.toml").unlink(missing_ok=True)
    write_files(OWN_DATA, FROM_A_FILE, project, home)
    write_files(OWN_DATA, BY_HAND, project, home)
    for name in sections:
        write_files(CONTRIBUTING, name, project, home)
    if sections:
        with (project / "data/profiles/corner_shop.toml").open("a") as profile:
            profile.write("\n[algorithms.all_neighbours]\n")
        return project, run_script(project, commands_of(BY_HAND), HOME=str(home))
    init, use, *_ = commands_of(FROM_A_FILE).splitlines()
    by_hand = commands_of(BY_HAND).splitlines()
    if not nights:
        by_hand = [line for line in by_hand if not line.startswith(("recsys night", "recsys query", "recsys why"))]
    script = "\n".join([init, use, "recsys land --history", *by_hand])
    return project, run_script(project, script, HOME=str(home))


def commands_of(section: str) -> str:
    """The shell commands of a section of the page."""
    return "".join(b.text for b in blocks(OWN_DATA) if (b.section, b.language) == (section, "sh"))


def not_printed(section: str, output: str) -> list[str]:
    """Lines that a section shows and that were not printed, in that order."""
    printed = iter(line.rstrip() for line in output.splitlines())
    shown = [
        line
        for block in blocks(OWN_DATA)
        if (block.section, block.language) == (section, "text")
        for line in block.text.splitlines()
    ]
    assert len(shown) > 20
    return [line for line in shown if line not in printed]  # The iterator moves on at each `in`, so order counts, too.


def release_of(project: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(project / "data" / "corner_shop" / "recsys.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def landed(tmp_path_factory) -> tuple[Path, str]:
    """The shops, landed as the page says: the copy of the project, and what was printed."""
    return walk_through_the_shops(tmp_path_factory.mktemp("landed"), nights=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> tuple[Path, str]:
    """The shops, built as the page says: the copy of the project, and what was printed."""
    return walk_through_the_shops(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> tuple[Path, dict[str, set[str]]]:
    """A copy with every worked example of CONTRIBUTING.md, and what each section wrote."""
    project = copy_project(tmp_path_factory.mktemp("extended") / "project")
    return project, {name: write_files(CONTRIBUTING, name, project, project) for name in ONE_FILE_EACH}


# --- what is said exists


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@EACH_PAGE
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    dead = []
    for link in links:
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert not dead


def test_the_readme_shows_at_once_what_comes_out():
    lines = README.read_text().splitlines()
    assert len(lines) <= LONGEST_README
    places = [next(n for n, line in enumerate(lines) if line.startswith(start)) for start in ("![", "make demo", "##")]
    assert places == sorted(places)


def test_the_index_names_every_page_once():
    index = DOCS / "README.md"
    linked = [
        (DOCS / name).resolve() for name in re.findall(r"^- \[.*?\]\(([^)]+)\): \w", index.read_text(), re.MULTILINE)
    ]
    assert len(linked) == len(set(linked))
    assert set(PAGES) - {index} <= set(linked)


@EACH_PAGE
def test_files_that_are_named_exist(page):
    roots = "recsys_assets|recsys_jobs|recsys_serving|sql|dbt_like_checks|tests|benchmarks|deploy|docs|data/profiles"
    named = set(re.findall(rf"`((?:{roots})/[\w./-]*)`", page.read_text()))
    written_by_examples = {block.label.split("`")[1] for block in blocks(page) if block.label}
    missing = {name for name in named - written_by_examples if not (PROJECT / name).exists()}
    assert {name for name in missing if "_shop" not in name} == set()  # The shops are made by who follows the page.


def commands(page: Path) -> list[list[str]]:
    """Every `recsys ...` of a page: in shell blocks and in the text."""
    text = page.read_text()
    spans = re.findall(r"`((?:\.venv/bin/)?recsys [a-z][^`]*)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    shell = "\n".join(block.text for block in blocks(page) if block.language == "sh")
    spans += re.findall(r'^recsys (?:[^"\n]|"[^"]*")*', shell, re.MULTILINE)
    return [shlex.split(span, comments=True)[1:] for span in spans]


@EACH_PAGE
def test_commands_exist_with_their_options(page):
    from recsys_jobs.cli import app

    known = typer.main.get_command(app).commands
    for name, *arguments in commands(page):
        assert name in known, f"{page.name}: recsys {name}"
        command = known[name]
        if arguments and arguments[0] in getattr(command, "commands", {}):
            command = command.commands[arguments[0]]
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        used = {argument for argument in arguments if argument.startswith("--")}
        assert used <= options, f"{page.name}: recsys {name}: {used - options}"


def test_commands_are_found_in_text_and_blocks():
    named = {name for page in PAGES for name, *_ in commands(page)}
    assert named >= {"land", "night", "backtest", "releases", "rollback", "prune", "query", "why"}


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE))
    assert {"demo", "test", "dev", "lint", "test-slow", "bench"} <= named <= targets


def test_every_switch_is_documented():
    in_code = {
        name
        for path in committed("recsys_*/*.py")
        for name in re.findall(r"\b(?:RECSYS|DAGSTER)_[A-Z_]+\b", path.read_text())
    }
    in_table = set(re.findall(r"^\| `([A-Z_]+)` \|", (DOCS / "operating.md").read_text(), re.MULTILINE))
    assert in_table == in_code - {"DAGSTER_DISABLE_TELEMETRY"}


def documented_tables() -> dict[str, list[tuple[str, str]]]:
    """Columns and types of each table in docs/release.md, in order."""
    parts = re.split(r"^## ((?:serving|meta)\.\w+)$", (DOCS / "release.md").read_text(), flags=re.MULTILINE)
    return {
        table: re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, re.MULTILINE)
        for table, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_the_release_is_documented_column_by_column():
    made = {
        # Keys are not published: the step puts places for them.
        f"{path.parent.name}.{path.stem}": [
            "items" if name == "below_item_key" else name for name in load_select(path).columns
        ]
        for path in sorted((PROJECT / "sql/release").glob("*/*.sql"))
    }
    assert {table: [name for name, _ in columns] for table, columns in documented_tables().items()} == made


def schema_version() -> int:
    """Version that a release of today says it has."""
    (version,) = re.findall(r"(\d+) as schema_version", load_select(PROJECT / "sql/release/meta/build.sql").text)
    return int(version)


def test_the_version_of_the_schema_is_documented():
    part = (DOCS / "release.md").read_text().partition("## Version of the schema")[2].partition("\n## ")[0]
    versions = [int(version) for version in re.findall(r"^\| (\d+) \|", part, re.MULTILINE)]
    assert versions == list(range(1, schema_version() + 1))


def test_a_release_holds_what_its_schema_version_promises():
    """What goes or changes its type breaks programs: raise the version, and write down what the new one promises."""
    promised = (PROJECT / f"tests/sql/release_schema_{schema_version()}.txt").read_text().splitlines()
    columns = {f"{table}.{name} {kind}" for table, columns in documented_tables().items() for name, kind in columns}
    macros = re.findall(r"macro (\S+\(.*?\)) as table", (PROJECT / "sql/release/macros.sql").read_text())
    assert len(macros) == 5
    assert set(promised) - columns - set(macros) == set()


# --- the shop on the page about one's own data


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_corner_shop_prints_what_the_page_shows(shop):
    assert not not_printed(BY_HAND, shop[1]), shop[1]


@pytest.mark.timeout(600)
def test_from_a_file_to_a_source(landed):
    project, printed = landed
    assert not not_printed(FROM_A_FILE, printed), printed
    shown = [block for block in blocks(OWN_DATA) if block.section.startswith("What it wrote") and block.label]
    assert [(project / block.label.strip("`")).read_text() for block in shown] == [block.text for block in shown]
    (reads_rejects,) = [block.text for block in blocks(OWN_DATA) if block.section == "Rejects"]
    rejects = run(project, sys.executable, "-c", reads_rejects)
    assert "no user" in rejects
    assert "cannot be read as" in rejects


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_from_a_file_to_recommendations(tmp_path):
    project, home = copy_project(tmp_path / "project"), tmp_path / "home"
    write_files(OWN_DATA, FROM_A_FILE, project, home)
    printed = run_script(project, commands_of(FROM_A_FILE), HOME=str(home))
    assert not not_printed(FROM_A_FILE, printed), printed
    assert "NDCG@10" in printed


def test_the_columns_of_a_source_are_documented():
    text = OWN_DATA.read_text()
    for name in (*CANONICAL, "promotions"):
        table = canonical(name)
        part = re.split(rf"^(?:`|Any other name, say `){name}[.]sql`", text, flags=re.MULTILINE)[1].partition("|\n\n")[
            0
        ]
        rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|.*?\| (required)? ?\|$", part + "|", re.MULTILINE)
        known = table.required | table.optional
        assert sorted(rows) == sorted(
            (column, kind, "required" if column in table.required else "") for column, kind in known.items()
        ), name


@pytest.mark.timeout(600)
def test_a_source_by_hand_lands_what_it_is_delivered(landed):
    project, _ = landed
    with duckdb.connect(str(project / "data" / "corner_shop" / "landing.duckdb"), read_only=True) as con:
        files = con.execute("select name, status, rows_landed > 0 from ledger.files order by file_id").fetchall()
    assert files
    assert all(file[1:] == ("landed", True) for file in files)
    assert files[-1][0] == "sales-2025-03-10.csv"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_late_row_waits_for_the_open_night(shop):
    with release_of(shop[0]) as release:
        seen = release.execute("select night::varchar, n_events from meta.nights order by night").fetchall()
    assert seen == [("2025-03-07", 9), ("2025-03-10", 15)]


def test_the_release_has_the_documented_types(built):
    for table, columns in documented_tables().items():
        assert [row[:2] for row in built.released(f"describe {table}")] == columns, table


def test_the_queries_of_the_documents_run(built):
    given = [command for page in PAGES for command in commands(page)]
    queries = [arguments[1] for arguments in given if arguments[0] == "query" and len(arguments) > 1]
    queries = [query for query in queries if not query.startswith("--")]
    queries += [block.text for block in blocks(DOCS / "release.md") if block.language == "sql"]
    assert len(queries) >= 15
    with duckdb.connect(str(built.folder / "recsys.duckdb"), read_only=True) as release:
        for query in queries:
            assert release.execute(query).description, query


# --- the worked examples of CONTRIBUTING.md


def test_a_change_touches_what_the_table_says(extended):
    project, written = extended
    assert written == ONE_FILE_EACH
    originals = {str(path.relative_to(PROJECT)): path.read_bytes() for path in committed()}
    changed = {
        name
        for path in project.rglob("*")
        if path.is_file() and not {"__pycache__", ".bin"} & set(path.parts)
        for name in [str(path.relative_to(project))]
        if originals.get(name) != path.read_bytes()
    }
    assert changed == set().union(*ONE_FILE_EACH.values())


@pytest.fixture(scope="module")
def there(extended) -> dict:
    """What a copy with the worked examples holds."""
    project, _ = extended
    profile = str(profile_with_all_neighbours(project))
    return json.loads(run(project, sys.executable, "-c", WHAT_THERE_IS, RECSYS_PROFILE=profile))


def test_every_group_of_the_graph_is_explained(there):
    part = (DOCS / "ui.md").read_text().partition("## The graph")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| (\w+) \|", part, re.MULTILINE)) == sorted(["group", *there["groups"]])


def test_the_examples_are_found_by_their_place(there):
    assert "all_neighbours" in there["algorithms"]
    assert "r_precision" in there["metrics"]
    assert {"not_null_user_week_weekend_share", "weekend_share_is_a_share"} <= set(there["checks"])
    assert {"models/all_neighbours", "candidates/all_neighbours", "features/user_week"} <= set(there["assets"])
    assert "clean/events" in there["assets"]["features/user_week"]
    assert there["assets"]["segments/user_clusters"] == ["features/user"]
    assert "nights" in there["commands"]
    assert "arrow" in there["formats"]


def profile_with_all_neighbours(project: Path) -> Path:
    """Beside the project, so that the copy holds the examples only."""
    profile = project.parent / "complete_journey.toml"
    given = (PROJECT / "data/profiles/complete_journey.toml").read_text()
    profile.write_text(given + "\n[algorithms.all_neighbours]\n")
    return profile


def test_the_new_algorithm_keeps_the_contract(extended):
    project, _ = extended
    contract = ("tests/algorithms/test_contract.py", "-k", "all_neighbours")
    printed = run(project, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *contract)
    assert re.search(r"\b1[0-9] passed|\b[2-9][0-9] passed", printed), printed


def test_the_new_metric_counts_right(extended):
    project, _ = extended
    program = (
        "import numpy as np\nfrom recsys_assets.evaluation.metrics import METRICS\n"
        "hits = np.array([[1, 0, 1, 0], [0, 0, 1, 1]], dtype=bool)\n"
        "print(METRICS['r_precision'](hits, np.array([2, 9]), 4).tolist())"
    )
    assert run(project, sys.executable, "-c", program) == "[0.5, 0.5]\n"


def test_the_new_command_prints_the_nights(extended, built):
    project, _ = extended
    printed = recsys(project, "nights", RECSYS_DATA=str(built.data), RECSYS_PROFILE=str(built.profile_file))
    assert "Nights of profile sample" in printed
    graded, ungraded = (next(line for line in printed.splitlines() if f"{night} │ next" in line) for night in ENDS)
    assert re.search(r"│ 0\.\d{4} +│$", graded)
    assert re.search(r"│ +│$", ungraded)


def test_the_new_format_is_read_as_delivered(extended):
    project, _ = extended
    program = """
from pathlib import Path
import pyarrow as pa
from pyarrow import feather
from recsys_assets.profile import Delivery
from recsys_assets.storage.connections import connect
from recsys_assets.storage.landing.opening import opened
from recsys_assets.storage.landing.readers import UnreadableFile, stage
file, delivery = Path("sales.feather"), Delivery(table="sales", files="*")
feather.write_feather(pa.table({"user": ["b", "a"]}), file)
with connect() as con, opened(file) as given:
    print(stage(con, given, delivery), con.execute("from staged").fetchall())
    file.write_text("no Arrow at all")
    try:
        stage(con, given, delivery)
    except UnreadableFile as error:
        print(error)
"""
    printed = run(project, sys.executable, "-c", program)
    (project / "sales.feather").unlink()
    assert printed.startswith("[] [('b', 1), ('a', 2)]\nis no Arrow file; deliver it again")


def test_the_examples_are_written_as_the_rest(extended):
    project, written = extended
    files = [name for names in written.values() for name in names if name.endswith(".py")]
    run(project, sys.executable, "-m", "ruff", "check", "--no-cache", *files)
    run(project, sys.executable, "-m", "ruff", "format", "--no-cache", "--check", *files)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_examples_run_through_a_night(tmp_path):
    project, _ = walk_through_the_shops(tmp_path, *ONE_FILE_EACH)
    with release_of(project) as release:
        graded = set(release.execute("select distinct algorithm, metric from meta.grades").fetchall())
        inputs = {table for (table,) in release.execute("select distinct table_name from meta.build").fetchall()}
    assert {("all_neighbours", "r_precision"), ("published", "r_precision"), ("all_neighbours", "ndcg")} <= graded
    assert "recommendations.lists" in inputs
    (week,) = (project / "data/corner_shop/lake/features/user_week/night=2025-03-10").glob("*.parquet")
    with duckdb.connect() as con:
        shares = con.execute("select weekend_share from read_parquet($1) order by user_key", [str(week)]).fetchall()
    # They are anna's, ben's and cara's; 1, 2, 8 and 9 March 2025 are a Saturday or a Sunday.
    assert shares == [(4 / 6,), (2 / 4,), (2 / 5,)]
