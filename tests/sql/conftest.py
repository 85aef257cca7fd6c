"""A night's snapshot in memory, filled by hand: what the SQL files are held against."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import duckdb
import pytest

from recsys_assets.assets.steps import fusion, lists
from recsys_assets.reason_settings import ReasonSettings
from recsys_assets.reasons.languages import languages_of, template_rows
from recsys_assets.selects.contracts import CONTRACTS, EVENTS, contract, declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.selects.list_tables import unpacked
from recsys_assets.storage.lake.session import MACROS

NIGHT = date(2020, 3, 31)
CUTOFF = datetime(2020, 4, 1)
GRADED_NIGHT = date(2020, 3, 24)
GRADED_CUTOFF = datetime(2020, 3, 25)
SCHEMAS = ("this", "made", "clean", "features", "candidates", "recommendations", "grades")


class Shop:
    """One night of a small shop."""

    policy: dict = {}  # noqa: RUF012

    def __init__(self):
        self.con = duckdb.connect()
        self.con.execute("set timezone = 'UTC'")
        for catalog in ("past", "graded", "packed"):
            self.con.execute(f"attach ':memory:' as {catalog}")
        for schema in SCHEMAS:
            for catalog in ("memory", "past", "graded", "packed"):
                self.con.execute(f"create schema {catalog}.{schema}")
        for macro in MACROS:
            self.con.execute(macro)
        self._create_this()
        columns = ", ".join(f"{name} {kind}" for name, kind in EVENTS.items())
        self.con.execute(
            f"create table clean.interactions ({columns}, visible_night date, age_days double, weight double)"
        )
        self.con.execute("create view clean.events as select * exclude (age_days, weight) from clean.interactions")
        self._create("clean.retractions", CONTRACTS["clean.retractions"] | {"visible_night": "DATE"})
        self.con.execute(
            "create table clean.items (item_key integer, item_id varchar, available_from date, "
            "title varchar, department varchar, category varchar, subcategory varchar, brand varchar, "
            "price double, retired_at timestamp)"
        )
        self.con.execute(
            "create table clean.users (user_key integer, user_id varchar, available_from date, "
            "country varchar, region varchar)"
        )
        for table in ("items", "users"):
            self.con.execute(f"create view graded.clean.{table} as from memory.clean.{table}")
            key, name = f"{table[:-1]}_key", f"{table[:-1]}_id"
            self.con.execute(
                f"create view clean.{table[:-1]}_keys as "
                f"select {key}, {name}, available_from as visible_night from clean.{table}"
            )
        self._create("clean.deliveries", CONTRACTS["clean.deliveries"] | {"visible_night": "DATE"})
        self.con.execute(
            "create table made.costs (step varchar, algorithm varchar, rows bigint, seconds double, "
            "peak_memory_bytes bigint)"
        )
        self.con.execute(
            "create table made.checks (table_name varchar, check_name varchar, outcome varchar, is_blocking boolean, "
            "n_failing bigint, n_rows bigint, threshold varchar, description varchar, remedy varchar)"
        )
        self.con.execute(
            "create table made.feature_gains (task varchar, objective varchar, feature varchar, gain double)"
        )
        pairs = (
            "item_id varchar, other_item_id varchar, n_together bigint, support double, confidence double, lift double"
        )
        self.con.execute(f"create table made.co_purchases ({pairs})")
        for each in ("user", "item"):
            self.con.execute(
                f"create table made.{each}_embeddings ({each}_key integer, algorithm varchar, embedding float[])"
            )
        self.con.register("templates", template_rows(languages_of(self.profile)))
        self.con.execute("create table made.reason_templates as from templates")
        self.add("made.sentences", declared_rows("recommendations.sentences", []))
        for table in ("recommendations.fusion_weights", "recommendations.similar_items", "recommendations.policies"):
            self._create(table, contract(table))
        cells = (
            "task varchar, configuration varchar, rank integer, score_tenth integer, n_rows integer, n_taken integer"
        )
        self.con.execute(f"create table grades.published_rows ({cells})")
        self.con.execute(f"create table past.grades.published_rows (night date, {cells})")
        self.con.execute(
            "create table past.grades.reliability (night date, task varchar, bin integer, n_rows integer, "
            "predicted double, observed double, brier double, base_brier double, ece double)"
        )
        for table in ("confidence", "contributions"):
            self._create(f"recommendations.{table}", CONTRACTS[f"recommendations.{table}"])
        self._create("candidates.lists", contract("candidates.x"))
        self._create("graded.candidates.lists", contract("candidates.x"))
        self._create("recommendations.candidates", CONTRACTS["recommendations.candidates"])
        self.con.execute(
            "create view recommendations.rankings as "
            "select 'fusion' as algorithm, task, user_key, item_key, rank, score from recommendations.candidates"
        )
        self.con.execute(
            "create view recommendations.champions as "
            "select task, 'fusion' as configuration, true as is_champion from this.tasks"
        )
        self.con.execute(
            "create view packed.candidates.lists as select algorithm, task, user_key, "
            "list(item_key order by rank) as items, list(score order by rank) as scores "
            "from memory.candidates.lists group by all"
        )
        self.con.execute(
            "create view packed.recommendations.rankings as select algorithm, task, user_key, "
            "list(item_key order by rank) as items, list(score order by rank) as scores, []::usmallint[] as below "
            "from memory.recommendations.rankings group by all"
        )
        self.con.execute(
            "create view packed.recommendations.candidates as select task, user_key, list(item_key order by rank) as "
            "items from memory.recommendations.candidates group by all"
        )
        self._create("graded.recommendations.rankings", CONTRACTS["recommendations.rankings"])
        self.con.execute(
            "create table past.grades.trending "
            "(night date, user_key integer, algorithm varchar, k integer, ndcg double)"
        )
        self._create("past.grades.policy_effects", {"night": "DATE"} | CONTRACTS["grades.policy_effects"])
        self.con.execute("create table past.grades.newcomers as from past.grades.trending")
        self._create("clean.onboarding", CONTRACTS["clean.onboarding"] | {"visible_night": "DATE"})
        self.con.execute(
            "create table clean.user_versions (user_key integer, landed_id uuid, known_from timestamp, "
            "known_at timestamp, content varchar, gender varchar, age integer, country varchar, visible_night date)"
        )
        for table in ("confidence", "lists", "trending", "trending_by_window", "newcomer_chain", "newcomers"):
            self._create(f"graded.recommendations.{table}", CONTRACTS[f"recommendations.{table}"])

    def _create_this(self):
        self.con.execute(
            "create table this.night as select $1::date as night, $2::timestamp as cutoff, "
            "$3::date as graded_night, $4::timestamp as graded_cutoff",
            [NIGHT, CUTOFF, GRADED_NIGHT, GRADED_CUTOFF],
        )
        self.con.execute(
            "create table this.profile as "
            "select 7 as horizon, 3 as list_length, 60 as rrf_k, 2 as n_similar, "
            "4 as n_trending, 'a1b2c3' as fingerprint, '{}' as settings, 2 as list_users, 90 as co_purchase_days, "
            "3 as depth"
        )
        self.con.execute("create table this.tasks as select unnest(['next', 'discovery']) as task, 20 as n_candidates")
        self.con.execute("create table this.event_weights as select 'purchase' as event_type, 1.0::double as weight")
        self.con.execute("create table this.excluded (attribute varchar, value varchar)")
        self.con.execute(
            "create table this.inputs (table_name varchar, night date, fingerprint varchar, run_id varchar)"
        )

    def _create(self, table, columns):
        listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self.con.execute(f"create table {table} ({listed})")

    def insert(self, table, *rows):
        marks = ", ".join("?" for _ in rows[0])
        self.con.executemany(f"insert into {table} values ({marks})", [list(row) for row in rows])

    def users(self, *rows):
        """(user_key, user_id[, available_from])."""
        for key, name, *rest in rows:
            self.insert("clean.users", (key, name, rest[0] if rest else date(2020, 1, 1), None, None))

    def items(self, *rows):
        """(item_key, item_id, title, department, category[, available_from[, price]])."""
        defaults = (date(2020, 1, 1), None)
        for key, name, title, department, category, *rest in rows:
            first, price = (*rest, *defaults[len(rest) :])
            self.insert("clean.items", (key, name, first, title, department, category, None, None, price, None))

    def promotions(self, *rows):
        """(item_id, store, display_location, mailer_location, days from the start of its week to the cutoff)."""
        self.con.execute(
            "create table clean.promotions (known_from timestamp, item_id varchar, store_id varchar, "
            "display_location varchar, mailer_location varchar)"
        )
        for item, store, display, mailer, days in rows:
            self.insert("clean.promotions", (CUTOFF - timedelta(days=days), item, store, display, mailer))

    def take(self, user, item, age, **columns):
        """One event, `age` days before the cutoff: a purchase, visible on the night of its day, unless said."""
        at = CUTOFF - timedelta(days=age)
        event = {"user_key": user, "item_key": item, "event_ts": at, "known_at": at, "age_days": age}
        event |= {"event_type": "purchase", "quantity": 1, "weight": 1, "visible_night": at.date()} | columns
        names, marks = ", ".join(event), ", ".join("?" for _ in event)
        self.con.execute(f"insert into clean.interactions ({names}) values ({marks})", list(event.values()))

    @property
    def profile(self):
        """Settings as the steps of Python ask for them."""
        rrf_k, list_length = self.rows("select rrf_k, list_length from this.profile")[0]
        n_candidates = dict(self.rows("from this.tasks"))
        return SimpleNamespace(
            tasks=list(n_candidates),
            n_candidates=n_candidates,
            rrf_k=rrf_k,
            list_length=list_length,
            reasons=self.reasons,
            event_weights=dict(self.rows("from this.event_weights")),
            policy=self.policy,
        )

    reasons = ReasonSettings()
    """Languages of the reasons; those of a test may differ."""

    @property
    def night(self):
        return NIGHT

    def add(self, name, rows):
        self.con.register("_".join(name.split(".")), rows)
        self.con.execute("create schema if not exists made")
        self.con.execute(f"create or replace view {name} as from main.{'_'.join(name.split('.'))}")

    def table(self, query):
        return self.con.sql(query).to_arrow_table()

    def cursor(self):
        return self.con.cursor()

    def build(self, *names):
        """Run steps in order, each into its table; its key must be unique and without nulls."""
        for name in names:
            table = ".".join(name.split("/")[-2:])
            if table == "recommendations.trending":
                self.build("recommendations/trending_windows")
            if table == "recommendations.candidates":
                self.con.register("united", fusion.steps(self.profile)[0].make(self).rows)
                self.con.execute(f"create or replace table {table} as {unpacked(table, 'united')}")
                continue
            select = load_select(SQL_FOLDER / f"{name}.sql")
            if table == "recommendations.lists":
                lists.steps(self.profile)[0].make(self)
            self.con.execute(f"create or replace table {table} as {select.text}")
            key = ", ".join(select.key)
            nulls = " or ".join(f"{column} is null" for column in select.key)
            wrong = self.rows(f"select {key} from {table} group by all having count(*) > 1 or {nulls}")
            assert not wrong, f"{name}: key {key} twice or null: {wrong}"
            assert select.description, f"{name} has no description"
            declared = contract(table)
            if declared is not None:
                assert {row[0]: row[1] for row in self.rows(f"describe {table}")} == declared

    def rows(self, query):
        return self.con.execute(query).fetchall()

    def row(self, query):
        """The only row of a query; what the steps ask for."""
        (row,) = self.rows(query)
        return row

    def named_row(self, query):
        """The only row of a query, by column name."""
        table = self.con.sql(query).to_arrow_table().to_pylist()
        assert len(table) == 1, table
        return table[0]


@pytest.fixture(scope="session")
def make_shop():
    return Shop


@pytest.fixture
def shop():
    shop = Shop()
    yield shop
    shop.con.close()
