"""Every way out of a snapshot that we could think of, tried from inside one. Each must be refused by DuckDB itself."""

import os
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.session import VOLATILE

REFUSED = "Permission Error: Cannot access|disabled through configuration|configuration has been locked"
SECRET = 4711


class Cell:
    """A snapshot of night 2 from which night 3 must not be reached, and the paths one would need."""

    def __init__(self, shop, snapshot, tmp_path):
        self.snapshot, self.con, self.lake = snapshot, snapshot.cursor(), shop.lake.root
        self.own = str(shop.lake.partition("features.made", shop.night(2)).path)
        self.future = str(shop.lake.partition("features.made", shop.night(3)).path)
        self.undeclared = str(shop.lake.partition("features.other", shop.night(2)).path)
        self.landing = str(shop.landing.path)
        self.output = str(shop.lake.temporary("features.output", shop.night(2)))
        self.link = str(tmp_path / "link.parquet")
        self.climb = f"{Path(self.own).parent}/../night=2020-03-03/{Path(self.future).name}"
        self.relative = os.path.relpath(self.future)
        self.elsewhere = str(tmp_path / "elsewhere")
        self.spill = self.con.execute("select current_setting('temp_directory')").fetchall()[0][0]
        self.files = str(shop.files)

    def run(self, sql):
        return self.con.execute(sql.format(**vars(self))).fetchall()


@pytest.fixture(scope="module")
def shop(shared_shop):
    """A lake with a night to come."""
    for table, number, value in (("made", 2, 1), ("made", 3, SECRET), ("other", 2, SECRET)):
        with shared_shop.lake.as_of(shared_shop.night(number), [], f"features.{table}") as snapshot:
            snapshot.write(f"select {value} as a order by a", ("a",))
    shared_shop.stock()
    return shared_shop


@pytest.fixture
def cell(shop, tmp_path, monkeypatch):
    monkeypatch.chdir(shop.lake.root)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link.parquet").symlink_to(shop.lake.partition("features.made", shop.night(3)).path)
    with shop.lake.as_of(shop.night(2), [TableName("features", "made")], "features.output") as snapshot:
        yield Cell(shop, snapshot, tmp_path)


ROUTES = {
    "read_parquet": "from read_parquet('{future}')",
    "parquet_scan": "from parquet_scan('{future}')",
    "path as a table": "from '{future}'",
    "quoted path as a table": 'from "{future}"',
    "list of paths": "from read_parquet(['{own}', '{future}'])",
    "list, the future first": "from read_parquet(['{future}', '{own}'])",
    "glob": "from read_parquet('{lake}/features/made/*/*.parquet')",
    "glob of one night": "from read_parquet('{lake}/features/made/night=2020-03-03/*.parquet')",
    "recursive glob": "from read_parquet('{lake}/**/*.parquet')",
    "glob beside its own file": "from read_parquet('{lake}/features/made/night=2020-03-02/*.parquet')",
    "climbing up": "from read_parquet('{climb}')",
    "climbing down from its own file": "from read_parquet('{own}/../../night=2020-03-03/x.parquet')",
    "symlink": "from read_parquet('{link}')",
    "relative path": "from read_parquet('{relative}')",
    "relative path with a dot": "from read_parquet('./{relative}')",
    "double slash": "from read_parquet('/{future}')",
    "file url": "from read_parquet('file://{future}')",
    "file url with host": "from read_parquet('file://localhost{future}')",
    "http": "from read_parquet('http://127.0.0.1:1/x.parquet')",
    "undeclared table of its own night": "from read_parquet('{undeclared}')",
    "files delivered": "from read_parquet('{files}/products.parquet')",
    "hive partitions": "from read_parquet('{lake}/features/made/night=*/*.parquet', hive_partitioning = true)",
    "path in a variable": "set variable p = '{future}'; from read_parquet(getvariable('p'))",
    "path in a prepared statement": "prepare q as from read_parquet('{future}'); execute q",
    "path in query()": "from query('from read_parquet(''{future}'')')",
    "path in query_table()": "from query_table('{future}')",
    "path in a macro": "create macro m() as table from read_parquet('{future}'); from m()",
    "path in a view": "create view v as from read_parquet('{future}')",
    "path in a table": "create table t as from read_parquet('{future}')",
    "path in a subquery": "select (select max(a) from read_parquet('{future}'))",
    "read_csv": "from read_csv('{future}')",
    "read_json": "from read_json('{future}')",
    "read_text": "from read_text('{future}')",
    "read_blob": "from read_blob('{future}')",
    "sniff_csv": "from sniff_csv('{future}')",
    "glob()": "from glob('{lake}/features/made/*/*')",
    "parquet_metadata": "from parquet_metadata('{future}')",
    "parquet_file_metadata": "from parquet_file_metadata('{future}')",
    "parquet_kv_metadata": "from parquet_kv_metadata('{future}')",
    "parquet_schema": "from parquet_schema('{future}')",
    "attach landing": "attach '{landing}' as other",
    "attach landing, read only": "attach '{landing}' as other (read_only)",
    "attach a new file": "attach '{elsewhere}/new.duckdb' as other",
    "copy from": "create table t (a integer); copy t from '{future}' (format parquet)",
    "copy to": "copy (select 1) to '{elsewhere}/x.parquet'",
    "copy to another night": "copy (select 1 as a) to '{future}' (format parquet, use_tmp_file false)",
    "copy over what it reads": "copy (select 1 as a) to '{own}' (format parquet)",
    "copy into a folder": "copy (select 1 as a) to '{elsewhere}' (format parquet, partition_by (a), overwrite)",
    "copy database": "attach '{elsewhere}/new.duckdb' as other; copy from database memory to other",
    "export": "export database '{elsewhere}'",
    "import": "import database '{elsewhere}'",
    "set external access": "set enable_external_access = true",
    "set allowed paths": "set allowed_paths = ['{future}']",
    "set allowed directories": "set allowed_directories = ['{lake}']",
    "set lock": "set lock_configuration = false",
    "set global": "set global enable_external_access = true",
    "set session": "set session timezone = 'Asia/Tokyo'",
    "set search path of files": "set file_search_path = '{lake}'",
    "set spill folder": "set temp_directory = '{lake}'",
    "set replacements": "set python_enable_replacements = true",
    "reset": "reset enable_external_access",
    "reset allowed paths": "reset allowed_paths",
    "pragma": "pragma enable_external_access = true",
    "pragma timezone": "pragma timezone = 'Asia/Tokyo'",
    "pragma profiling": "pragma enable_profiling",
    "logging to a file": "call enable_logging(storage = 'file', storage_path = '{elsewhere}')",
    "install": "install httpfs",
    "install from a path": "install '{elsewhere}/x.duckdb_extension'",
    "load": "load httpfs",
    "load from a path": "load '{elsewhere}/x.duckdb_extension'",
    "secrets": "from duckdb_secrets()",
}


@pytest.mark.parametrize("sql", ROUTES.values(), ids=ROUTES)
def test_refused(cell, sql):
    with pytest.raises(duckdb.Error, match=REFUSED):
        cell.run(sql)
    assert not list(Path(cell.elsewhere).iterdir())
    assert duckdb.read_parquet(cell.future).fetchall()[0][0] == SECRET


@pytest.mark.parametrize(
    "sql", ["from past.features.made", "from graded.features.made", "from features.other", "select getenv('HOME')"]
)
def test_not_there(cell, sql):
    with pytest.raises(duckdb.CatalogException, match="does not exist"):
        cell.run(sql)


CALLS = [f"{name}({'1' if parameter else ''})" for name, (parameter, _) in VOLATILE.items()]


@pytest.mark.parametrize(
    "call", ["current_date", "current_time", "localtime", "localtimestamp", "year(current_date)", *CALLS]
)
def test_neither_clock_nor_chance_is_told_to_queries_of_python(cell, call):
    for connection in (cell.con, cell.con.cursor()):
        with pytest.raises(duckdb.InvalidInputException, match="is another at every run"):
            connection.execute(f"select {call}").fetchall()


PYTHON = {
    "read_parquet": lambda cell: cell.con.read_parquet(cell.future),
    "from_parquet": lambda cell: cell.con.from_parquet(cell.future),
    "from_parquet of a glob": lambda cell: cell.con.from_parquet(f"{cell.lake}/features/made/*/*.parquet"),
    "read_csv": lambda cell: cell.con.read_csv(cell.future),
    "read_json": lambda cell: cell.con.read_json(cell.future),
    "sql": lambda cell: cell.con.sql(f"from '{cell.future}'").fetchall(),
    "cursor of the cursor": lambda cell: cell.con.cursor().execute(f"from '{cell.future}'"),
    "table": lambda cell: cell.snapshot.table(f"from '{cell.future}'"),
    "row": lambda cell: cell.snapshot.row(f"from '{cell.future}'"),
    "parameter": lambda cell: cell.snapshot.row("from read_parquet($1)", [cell.future]),
    "write": lambda cell: cell.snapshot.write(f"select a from '{cell.future}' order by a", ("a",)),
    "install_extension": lambda cell: cell.con.install_extension("httpfs"),
    "load_extension": lambda cell: cell.con.load_extension("httpfs"),
    "to_parquet": lambda cell: cell.con.sql("select 1 as a").to_parquet(f"{cell.elsewhere}/x.parquet"),
    "to_csv": lambda cell: cell.con.sql("select 1 as a").to_csv(f"{cell.elsewhere}/x.csv"),
}


@pytest.mark.parametrize("route", PYTHON.values(), ids=PYTHON)
def test_refused_to_python(cell, route):
    with pytest.raises(duckdb.Error, match=REFUSED):
        route(cell)
    assert not list(Path(cell.elsewhere).iterdir())


@pytest.mark.parametrize("kind", ["arrow", "pandas", "relation", "dict of numpy"])
def test_variables_of_the_caller_are_no_tables(cell, kind):
    arrow = pa.table({"a": [SECRET]})
    made = {
        "arrow": lambda: arrow,
        "pandas": arrow.to_pandas,
        "relation": lambda: duckdb.sql("select 1 as a"),
        "dict of numpy": lambda: {"a": arrow["a"].to_numpy()},
    }
    leak = made[kind]()
    assert leak is not None
    with pytest.raises(duckdb.CatalogException, match="leak does not exist"):
        cell.con.execute("from leak")
    with pytest.raises(duckdb.CatalogException, match="leak does not exist"):
        cell.con.sql("select * from leak")


def test_the_catalogue_tells_no_path_but_those_it_may_read(cell):
    texts = " ".join(
        str(row)
        for source in ("duckdb_views()", "duckdb_tables()", "duckdb_settings()", "duckdb_databases()", "duckdb_logs()")
        for row in cell.run(f"from {source}")
    )
    parquet = set(re.findall(r"/[^'\s\[\],\"]+?\.parquet", texts))
    assert parquet == {cell.own, cell.output}
    for path in parquet - {cell.output}:
        assert cell.run(f"select a from read_parquet('{path}', hive_partitioning = false)") == [(1,)]


def test_what_is_shown_is_readable_still(cell):
    assert cell.run("from features.made") == [(1,)]
    assert cell.snapshot.write("select a + 1 as a from features.made order by a", ("a",)).rows == 1


def test_a_spill_folder_carries_nothing_from_one_snapshot_to_another(shop, cell):
    with shop.lake.as_of(shop.night(3), [TableName("features", "made")]) as later:
        (spill,) = later.row("select current_setting('temp_directory')")
        Path(spill).mkdir()
        later.row(f"copy features.made to '{spill}/x.parquet' (format parquet)")
        with pytest.raises(duckdb.PermissionException):
            cell.run(f"from read_parquet('{spill}/x.parquet')")
        with pytest.raises(duckdb.PermissionException):
            cell.run(f"from glob('{Path(spill).parent}/*/*')")
    assert not Path(spill).exists()


def test_spilling_works_and_leaves_nothing(make_shop, monkeypatch):
    shop = make_shop()
    monkeypatch.setenv("RECSYS_MEMORY_LIMIT", "40MB")
    monkeypatch.setenv("RECSYS_THREADS", "1")
    with shop.lake.as_of(shop.night(1), [], "features.made") as snapshot:
        query = "select range as a, md5(range::varchar) as b from range(600000) order by b"
        assert snapshot.write(query, ("b",)).rows == 600_000
        assert snapshot.row("select current_setting('memory_limit'), current_setting('threads')") == ("38.1 MiB", 1)
    assert [path for path in (shop.profile.folder / "tmp").rglob("*") if path.is_file()] == []
