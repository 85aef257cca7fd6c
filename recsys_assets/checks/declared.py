"""Declared checks: what ``dbt_like_checks/`` says, turned into SQL that returns failing rows.

What belongs here: reading the folder strictly (an unknown key, test, table or column is an error with file and line)
and rendering the templates. A line in ``<schema>.yml`` uses a generic test; a file in ``singular/`` is a check by
itself and names its table in its leading comment.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError
from sqlglot.errors import SqlglotError

from recsys_assets.checks.config import Config
from recsys_assets.checks.located_yaml import CheckError, LocatedYaml, Location, did_you_mean
from recsys_assets.checks.schema import (
    ARGUMENTS,
    KEYS,
    Arguments,
    DataTest,
    Model,
    Past,
    Relationships,
    SchemaFile,
)
from recsys_assets.checks.tables import Tables, columns_named, settings_read, tables_read
from recsys_assets.checks.templates import dbt_name, head, merged, read_config, read_template
from recsys_assets.profile import PROJECT
from recsys_assets.selects.files import SqlError, TableName, load_select
from recsys_assets.selects.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recsys_assets.checks.schema import Column
    from recsys_assets.checks.templates import Template
    from recsys_assets.profile import Profile

CHECKS_FOLDER = PROJECT / "dbt_like_checks"


@dataclass(frozen=True)
class Check:
    """One check of one lake table."""

    table: str
    name: str
    """As dbt gives it, e.g. ``not_null_lists_user_key``."""
    description: str
    test: str
    """The generic test it uses, or the name of its own file."""
    sql: str
    """Returns the rows that fail."""
    values: dict[str, Any]
    """What is bound to the ``$name`` in the SQL."""
    rows: str
    """SQL of the rows looked at, to select from."""
    reads: tuple[TableName, ...]
    """Tables the SQL names."""
    config: Config
    condition: str | None = None
    """Condition under which one of the rows fails, where the check asks for nothing else."""


def load_checks(profile: Profile, folder: Path = CHECKS_FOLDER) -> list[Check]:
    """Every declared check of a profile, in order of table and declaration; ``sources/<name>/`` is of one source only.

    Raises
    ------
    CheckError
        When anything is declared wrongly; one line per problem, each with file and line.
    """
    reader = _Reader(Tables(profile), folder)
    for path in [*sorted(folder.glob("*.y*ml")), *sorted((folder / "sources" / profile.source).glob("*.y*ml"))]:
        reader.read_schema(path)
    for path in sorted((folder / "singular").glob("*.sql")):
        reader.read_singular(path)
    counted = Counter((check.table, check.name) for check in reader.checks)
    for (table, name), times in counted.items():
        if times > 1:
            reader.problems.append(f"{folder.name}: {times} checks of {table} are called {name}; give one a `name:`.")
    if reader.problems:
        raise CheckError("\n".join(reader.problems))
    return sorted(_as_set(profile, reader.checks), key=lambda check: check.table)


def _as_set(profile: Profile, checks: list[Check]) -> Iterator[Check]:
    """Checks with the consequence that the profile sets for detectors; without those that are off."""
    for check in checks:
        chosen = profile.detectors.consequence(check.name)
        if chosen != "off":
            severity = chosen or check.config.severity
            yield replace(check, config=check.config.model_copy(update={"severity": severity}))


class _Reader:
    def __init__(self, tables: Tables, folder: Path) -> None:
        self.tables, self.folder = tables, folder
        self.templates: dict[str, Template] = {}
        self.checks: list[Check] = []
        self.problems: list[str] = []
        for path in sorted((folder / "generic").glob("*.sql")):
            try:
                self.templates[path.stem] = read_template(path)
            except (ValidationError, yaml.YAMLError) as error:
                self.problems.append(f"{self._shown(path)}:1: {error}")

    def read_schema(self, path: Path) -> None:
        """Read one YAML file: the tables of the schema it is named after."""
        try:
            file = LocatedYaml(path, self._shown(path))
            declared = SchemaFile.model_validate(file.data)
        except CheckError as error:
            self.problems.append(str(error))
            return
        except ValidationError as error:
            self.problems += file.explain(error, KEYS)
            return
        for position, model in enumerate(declared.models):
            table, location = f"{path.stem}.{model.name}", ("models", position)
            if problem := self._unknown(table):
                self.problems.append(f"{file.at((*location, 'name'))}: {problem}")
                continue
            for place, column, name, use in self._uses(file, model, table, location):
                self._add(file, place, table, column, name, use)

    def read_singular(self, path: Path) -> None:
        """Read one SQL file; its leading comment says ``table:``, may say ``config:``, and describes the check."""
        shown = self._shown(path)
        try:
            select = load_select(path, keyed=False)
            settings, description = head(select.description)
            config = read_config(settings)
        except (SqlError, ValidationError, yaml.YAMLError) as error:
            self.problems.append(f"{shown}:1: {error}")
            return
        table = settings.get("table", "")
        if problem := self._unknown(table):
            self.problems.append(f"{shown}:1: the first line must be `-- table: <schema>.<table>`; {problem}")
            return
        for name in select.reads:
            if problem := self._unknown(name.stored, self.tables.readable()):
                line = next(n for n, text in enumerate(select.text.splitlines(), 1) if name.stored in text.lower())
                self.problems.append(f"{shown}:{line}: {problem}")
        for setting, known in settings_read(select.text):
            self.problems.append(f"{shown}:1: there is no table {setting!r}{did_you_mean(setting, known)}")
        for own in self.tables.behind(table):
            sql = select.text.replace(table, own)
            self._append(Check(own, path.stem, description, path.stem, sql, {}, self.tables.own_rows(own), (), config))

    def _uses(
        self, file: LocatedYaml, model: Model, table: str, location: Location
    ) -> Iterator[tuple[Location, Column | None, str, DataTest]]:
        """Every use of a test in a table's entry, with where it stands and its column (None: of the table)."""
        tags = [*model.tags, *model.config.tags]
        for i, column in enumerate(model.columns):
            here = (*location, "columns", i)
            if problem := self._unknown_column(table, column.name):
                self.problems.append(f"{file.at((*here, 'name'))}: {problem}")
                continue
            for j, entry in enumerate(column.data_tests):
                for name, use in entry.items():
                    yield (*here, "data_tests", j, name), column, name, _tagged(use, *tags, *column.all_tags)
        for j, entry in enumerate(model.data_tests):
            for name, use in entry.items():
                yield (*location, "data_tests", j, name), None, name, _tagged(use, *tags)

    def _add(
        self, file: LocatedYaml, place: Location, table: str, column: Column | None, test: str, use: DataTest
    ) -> None:
        """Render one use of a generic test for each lake table behind the name, or say what is wrong with it."""
        template, kind = self.templates.get(test), ARGUMENTS.get(test, Arguments)
        if template is None:
            known = did_you_mean(test, self.templates)
            self.problems.append(f"{file.at(place)}: there is no test {test!r} in generic/{known}")
            return
        if template.needs_column != (column is not None):
            belongs = "below a column" if template.needs_column else "below the table, not a column"
            self.problems.append(f"{file.at(place)}: {test} belongs {belongs}.")
            return
        try:
            arguments = kind.model_validate(use.arguments)
        except ValidationError as error:
            self.problems += file.explain(error, kind.model_fields, (*place, "arguments"))
            return
        config = merged(template.config, use.config)
        wrong = list(self._wrong(table, arguments, config))
        self.problems += [f"{file.at((*place, *where))}: {problem}" for where, problem in wrong]
        if wrong:
            return
        name = use.name or dbt_name(test, table, {"column_name": column.name} if column else {}, use.arguments)
        text = arguments.text()
        values = {key: value for key, value in arguments.model_dump().items() if f"${key}" in template.body}
        if isinstance(arguments, Past):
            values["graded"] = [stored for named in arguments.graded for stored in self.tables.behind(named)]
        for own in self.tables.behind(table):
            rows = self.tables.own_rows(own)
            if config.where:
                rows = f"(select * from {rows} where {config.where})"
            fields = text | {"model": rows, "table": own} | self.tables.instants(own)
            fields |= {"column_name": quoted(column.name)} if column else {}
            try:
                check = Check(
                    own,
                    name,
                    use.description or template.description,
                    test,
                    template.body.format(**fields),
                    values,
                    template.rows.format(**fields),
                    (),
                    config,
                    template.condition and template.condition.format(**fields),
                )
                self._append(check)
            except (KeyError, SqlglotError) as error:
                self.problems.append(f"{self.folder.name}/generic/{test}.sql:1: cannot be rendered for {own}: {error}.")

    def _wrong(self, table: str, arguments: Arguments, config: Config) -> Iterator[tuple[Location, str]]:
        """What the arguments and the condition name and the tables do not have, with the place below the test."""
        named: list[tuple[Location, str, str]] = [
            (("arguments", argument), table, column) for argument, column in arguments.columns()
        ]
        conditions = {
            ("config", "where"): config.where,
            ("arguments", "expression"): arguments.text().get("expression"),
        }
        for where, condition in conditions.items():
            if condition is not None:
                named += [(where, table, column) for column in sorted(columns_named(condition))]
                for setting, known in settings_read(condition):
                    yield where, f"there is no table {setting!r}{did_you_mean(setting, known)}"
                for read in tables_read(condition):
                    if problem := self._unknown(read.stored, self.tables.readable()):
                        yield where, problem
        if isinstance(arguments, Relationships):
            if problem := self._unknown(arguments.to):
                yield ("arguments", "to"), problem
            else:
                named.append((("arguments", "field"), arguments.to, arguments.field))
        if isinstance(arguments, Past):
            for of in arguments.graded:
                if problem := self._unknown(of):
                    yield ("arguments", "graded"), problem
        if config.store_failures and table.startswith("raw."):
            yield ("config", "store_failures"), "raw tables have no night to store failures of."
        for place, of, column in named:
            if problem := self._unknown_column(of, column):
                yield place, problem

    def _append(self, check: Check) -> None:
        sql, limit = check.sql, check.config.limit
        if limit:
            sql = f"select * from (\n{sql.rstrip()}\n)\nlimit {limit}"
        reads = {*tables_read(sql), *tables_read(f"select * from {check.rows}")}
        schema, name = check.table.split(".")
        if schema not in {"raw", "models", "releases"}:
            reads.add(TableName(schema, name))  # Without its own partition a check has nothing to say.
        self.checks.append(replace(check, sql=sql, reads=tuple(sorted(reads))))

    def _unknown(self, table: str, known: set[str] | None = None) -> str | None:
        known = known or set(self.tables.columns)
        return None if table in known else f"there is no table {table!r}{did_you_mean(table, known)}"

    def _unknown_column(self, table: str, column: str) -> str | None:
        known = self.tables.columns[table]
        if known is None or column in known:
            return None
        return f"{table} has no column {column!r}{did_you_mean(column, known)}"

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.folder.parent))


def _tagged(use: DataTest, *tags: str) -> DataTest:
    """A test with the tags of its table and column before its own."""
    own = dict.fromkeys([*tags, *use.config.tags])
    return use.model_copy(update={"config": use.config.model_copy(update={"tags": list(own)})}) if tags else use
