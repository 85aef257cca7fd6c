"""Newcomers' files, in the habits of four countries: what `recsys init` and landing understand of them.

Each data set is invented, and made by a function that knows what is in it: rows, users, items, money and returns are
compared with the clean tables.
"""

import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.helpers.project import copy_project, run, run_script


@dataclass(frozen=True)
class Sale:
    """One line of a receipt, as it was meant."""

    basket: int
    at: datetime
    user: int
    item: int
    pieces: int
    cents: int


@dataclass
class Truth:
    """What the clean tables must hold."""

    types: Counter = field(default_factory=Counter)
    users: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)
    times: set[datetime] = field(default_factory=set)
    cents: int = 0
    n_returns: int = 0

    def count(self, event_type: str, user: str, item: str, sale: Sale) -> None:
        """Take one more line in."""
        self.types[event_type] += 1
        self.users.add(user)
        self.items.add(item)
        self.times.add(sale.at.astimezone(UTC))
        self.cents += sale.cents


def sales(seed: int, zone: str, first_day: str, *, n_baskets: int, n_users: int, n_items: int) -> list[Sale]:
    """Receipts of six weeks in order of time; each user has favourites, and every item costs what it costs."""
    chance = random.Random(seed)
    first = datetime.fromisoformat(first_day).replace(tzinfo=ZoneInfo(zone))
    prices = [chance.choice([95, 240, 957, 1890, 4905, 123450]) + item for item in range(n_items)]
    favourites = [chance.sample(range(n_items), 6) for _ in range(n_users)]
    moments = sorted(first + timedelta(minutes=chance.randrange(42 * 24 * 60)) for _ in range(n_baskets))
    made = []
    for basket, at in enumerate(moments, 1):
        user = chance.randrange(n_users)
        for item in chance.sample(favourites[user], chance.randint(1, 4)):
            pieces = chance.choice([1, 1, 1, 2, 3])
            made.append(Sale(basket, at, user, item, pieces, pieces * prices[item]))
    return made


def grouped(cents: int, between: str, decimal_sign: str) -> str:
    """An amount with thousands apart."""
    return f"{cents // 100:,}".replace(",", between) + f"{decimal_sign}{cents % 100:02}"


def swiss_till(folder: Path) -> tuple[Path, Truth]:
    """A till's export in cp1252: titles above, a total below, `1'234.50 CHF`, `2-` for what was brought back."""
    truth, lines = Truth(), []
    for sale in sales(1, "Europe/Zurich", "2025-10-20", n_baskets=260, n_users=60, n_items=40):
        user, item = "Laufkunde" if sale.basket % 9 == 0 else f"K-{sale.user:04}", f"{sale.item + 4700:05}"
        truth.count("purchase", user, item, sale)
        said = f"{user};{item};Käse Größe {sale.item};{'Käse' if sale.item % 2 else 'Würste'}"
        amount = grouped(sale.cents, "'", ".")
        lines.append(f"{sale.basket:06};{sale.at:%d.%m.%Y %H:%M:%S};{said};{sale.pieces};{amount} CHF")
        if len(lines) % 40 == 0:
            back = sale.at + timedelta(hours=2)
            lines.append(f"{sale.basket:06}S;{back:%d.%m.%Y %H:%M:%S};{said};{sale.pieces}-;{amount}- CHF")
            truth.n_returns += 1
    above = ["Käserei Zwölfer, Kassenjournal 20.10.2025 bis 01.12.2025", ""]
    names = "Bon-Nr.;Datum/Uhrzeit;Kundennr.;Artikelnr.;Artikelbezeichnung;Warengruppe;Menge;Betrag"
    below = [f"Summe;;;;;;;{grouped(truth.cents, chr(39), '.')} CHF", ""]
    file = folder / "Kassenjournal_2025-12-01.csv"
    file.write_bytes("\r\n".join([*above, names, *lines, *below]).encode("cp1252"))
    return file, truth


def brazilian_marketplace(folder: Path) -> tuple[Path, Truth]:
    """A file a week, tabs and a byte-order mark: `R$ 1.234,56`, ids that are floats in some, cancelled orders."""
    truth, weeks = Truth(), {}
    for sale in sales(2, "America/Sao_Paulo", "2025-02-03", n_baskets=400, n_users=80, n_items=60):
        state = "Cancelado" if sale.basket % 11 == 0 else ("Enviado" if sale.basket % 5 == 0 else "Entregue")
        user, item = str(17000 + sale.user), f"MLB-{sale.item:03}"
        truth.count("cancelado" if state == "Cancelado" else "purchase", user, item, sale)
        monday = sale.at.date() - timedelta(days=sale.at.weekday())
        weeks.setdefault(monday, []).append(
            f"{90000 + sale.basket}\t{sale.at:%d/%m/%Y %H:%M}\t{user}{'.0' if monday.day % 3 == 0 else ''}\t{item}\t"
            f"Café torrado nº {sale.item}\tAlimentação\t{sale.pieces}\tR$ {grouped(sale.cents, '.', ',')}\t{state}\t"
            f"{('SP', 'RJ', 'BA')[sale.user % 3]}"
        )
    names = "id_pedido data_compra id_comprador id_anuncio titulo_anuncio categoria quantidade valor_total status uf"
    for monday, lines in weeks.items():
        text = "\n".join([names.replace(" ", "\t"), *lines, ""])
        (folder / f"pedidos_{monday}.tsv").write_bytes(text.encode("utf-8-sig"))
    return folder / f"pedidos_{min(weeks)}.tsv", truth


YEN = "\\"
"""What ¥ becomes in the code page of Windows in Japan."""
WIDE = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}
"""Characters of ASCII as wide ones."""


def japanese_bookstore(folder: Path) -> tuple[Path, Truth]:
    """A table in Shift-JIS: `2025年3月1日 09:12`, yen, and one counter whose keyboard writes ids and numbers wide."""
    truth, lines = Truth(), []
    for sale in sales(3, "Asia/Tokyo", "2025-03-01", n_baskets=220, n_users=40, n_items=30):
        user, item, pieces, yen = f"A{sale.user:04}", f"B-{sale.item:03}", str(sale.pieces), YEN
        truth.count("purchase", user, item, sale)
        if sale.basket % 4 == 0:
            user, item, pieces, yen = user.translate(WIDE), item.translate(WIDE), pieces.translate(WIDE), "￥"
        time = f"{sale.at.year}年{sale.at.month}月{sale.at.day}日 {sale.at:%H:%M}"
        lines.append(f'{sale.basket},{time},{user},{item},小説 第{sale.item}巻,文庫,{pieces},"{yen}{sale.cents:,}"')
    truth.cents *= 100  # Prices are yen.
    names = "伝票番号,購入日時,会員番号,商品コード,商品名,ジャンル,数量,金額"
    file = folder / "売上明細_202503.csv"
    file.write_bytes("\r\n".join([names, *lines, ""]).encode("cp932"))
    return file, truth


def korean_broadcaster(folder: Path) -> tuple[Path, Truth]:
    """JSON lines of what was played and put on a list, with the offset of the clock."""
    truth, lines = Truth(), []
    for sale in sales(4, "Asia/Seoul", "2025-03-01", n_baskets=300, n_users=50, n_items=45):
        kind = "찜" if sale.pieces == 3 else "재생"
        truth.count(kind, f"회원{sale.user}", str(30000 + sale.item), sale)
        row = {
            "회원ID": f"회원{sale.user}",
            "콘텐츠ID": 30000 + sale.item,
            "제목": f"드라마 {sale.item}화",
            "이벤트": kind,
        }
        row |= {"재생일시": sale.at.isoformat(), "기기": ("TV", "모바일")[sale.user % 2], "시청시간": 60 * sale.pieces}
        lines.append(json.dumps(row, ensure_ascii=False))
    truth.cents = 0
    file = folder / "시청기록.jsonl"
    file.write_text("\n".join(lines))
    return file, truth


CLEAN = """
import json, os, sys
from recsys_assets.assets.clean_log import write_night
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing

tables = [TableName("clean", name) for name in ("events", "retractions", "users", "items")]
for name in sys.argv[1:]:
    os.environ["RECSYS_PROFILE"] = name
    profile = load_profile()
    lake, landing = Lake(profile), Landing(profile)
    for night in landing.seal(profile.first_night):
        write_night(lake, landing, night, "run")
    with lake.as_of(night, tables) as snapshot:
        types = snapshot.table("select event_type, count(*) as n from clean.events group by event_type").to_pylist()
        print(json.dumps({
            "types": {row["event_type"]: row["n"] for row in types},
            "cents": snapshot.row("select coalesce(sum(round(100 * value)::bigint), 0)::bigint from clean.events")[0],
            "returns": snapshot.row("select count(*) from clean.retractions")[0],
            "times": [str(time) for time in snapshot.row("select min(event_ts), max(event_ts) from clean.events")],
            "users": snapshot.table("select user_id from clean.users")["user_id"].to_pylist(),
            "items": snapshot.table("select item_id from clean.items")["item_id"].to_pylist(),
            "titles": snapshot.row("select count(title) from clean.items")[0],
        }))
"""
OPTIONS = {
    swiss_till: "--time-zone Europe/Zurich",
    brazilian_marketplace: "--time-zone America/Sao_Paulo",
    japanese_bookstore: "--time-zone Asia/Tokyo --decimal-sign .",
    korean_broadcaster: "",
}
"""What each newcomer tells beside the file: where its clocks hang, and what no value of it says."""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("newcomers") / "project")


@pytest.fixture(scope="module")
def landed(project):
    """Of each newcomer what init and landing print, the clean tables' figures, and the truth."""
    script, truths = "", {}
    # All that landed becomes visible with one night: fifteen of each would be sealed for nothing.
    one_night = "s/^first_night = .*/first_night = 2025-12-31/; s/^(last|demo)_nights? = .*//"
    for newcomer, options in OPTIONS.items():
        name = newcomer.__name__
        folder = project.parent / name
        folder.mkdir()
        file, truths[name] = newcomer(folder)
        script += f"recsys init {name} --file {file} {options}\n"
        script += f"sed -i -E '{one_night}' data/profiles/{name}.toml\n"
        script += f"export RECSYS_PROFILE={name}\nrecsys land --history\necho NEXT\n"
    printed = run_script(project, script, COLUMNS="200").split("NEXT\n")
    clean = [json.loads(line) for line in run(project, sys.executable, "-c", CLEAN, *truths).splitlines()]
    return {name: (*found, truths[name]) for name, *found in zip(truths, printed, clean, strict=False)}


@pytest.mark.parametrize("newcomer", OPTIONS)
def test_what_was_meant_is_in_the_clean_tables(landed, newcomer):
    printed, clean, truth = landed[newcomer.__name__]
    assert clean["types"] == truth.types
    assert clean["cents"] == truth.cents
    assert clean["returns"] == truth.n_returns
    assert clean["times"] == [f"{time:%Y-%m-%d %H:%M:%S}" for time in (min(truth.times), max(truth.times))]
    assert set(clean["users"]) == truth.users
    assert set(clean["items"]) == truth.items
    assert clean["titles"] == len(truth.items)
    assert "\\n" not in printed, "each line on a line of its own"


@pytest.mark.parametrize(
    ("newcomer", "sentences"),
    {
        swiss_till: [
            "The column names are in line 3",
            "row(s) have a negative quantity and are taken as returns",
            "are of user 'Laufkunde', which is a word for anybody",
            "item_id: no item: 1",  # The total below.
            "The file is no UTF-8 and is read as cp1252. If letters look wrong, say which with --encoding.",
        ],
        brazilian_marketplace: [
            "Event types: purchase 1.0, cancelado left out.",
            "Tried on 1,036 rows: 0 of them would be rejected (0.0%).",
            "id_comprador   │ user      │ its name; .0 left out",
        ],
        japanese_bookstore: ["is read as cp932", "│ ￥4,906", "0 of them would be rejected"],
        korean_broadcaster: ["Event types: 재생 1.0, 찜 0.3.", "0 of them would be rejected"],
    }.items(),
)
def test_what_was_chosen_is_said(landed, newcomer, sentences):
    printed, *_ = landed[newcomer.__name__]
    assert [sentence for sentence in sentences if sentence not in printed] == []
