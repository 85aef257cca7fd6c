"""Files as strangers have them: names of other houses, amounts that are pieces, `::` and no line of names, a budget.

Each is invented and small. The nights that are built on them are slow tests.
"""

import random
import shlex
import tomllib
from datetime import date, timedelta

import pytest

from recsys_assets.algorithms.instances import configured
from recsys_assets.profile import Profile
from recsys_jobs.init.budget import COSTS, Work, choose_algorithms, night_seconds, read_budget
from recsys_jobs.init.look import InitError
from tests.helpers.project import copy_project, recsys, run_script
from tests.jobs.init.proposal import measured, profile_of

FIRST_DAY = date(2000, 11, 1)
PRICES = [19, 45, 89, 129]


def baskets(seed, n_days=42):
    """(day, user, item, pieces) of a shop whose customers have favourites."""
    chance = random.Random(seed)
    for day in range(n_days):
        for _ in range(6):
            user = chance.randrange(25)
            for item in {(user * 7 + chance.randrange(8)) % 40 for _ in range(chance.randint(1, 3))}:
                yield day, user, item, chance.choice([1, 1, 1, 2, 3, 6])


def ta_feng():
    """The columns of Ta-Feng: AMOUNT is pieces, ASSET what the shop paid, SALES_PRICE what the line cost."""
    names = "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE"
    rows = []
    for day, user, item, pieces in baskets(1):
        on, price = FIRST_DAY + timedelta(day), PRICES[item % 4]
        person, product = f"{user + 1069:08},25-29,115", f"{110000 + item // 5},{4710000000000 + item}"
        rows.append(f"{on.month}/{on.day}/{on.year},{person},{product},{pieces},{pieces * price - 3},{pieces * price}")
    return "\n".join([names, *rows]) + "\n"


def dunnhumby():
    """The columns of a loyalty card's extract: HSHD_NUM, PURCHASE_ as 03-JAN-16, SPEND of the line, UNITS."""
    names = "BASKET_NUM,HSHD_NUM,PURCHASE_,PRODUCT_NUM,SPEND,UNITS,STORE_R,DEPARTMENT,COMMODITY"
    rows = []
    for day, user, item, pieces in baskets(2):
        on = (FIRST_DAY + timedelta(day)).strftime("%d-%b-%y").upper()
        if len(rows) % 50 == 49:
            pieces = -1
        paid = f"{pieces * PRICES[item % 4] / 100:.2f}"
        rows.append(f"{1000 * day + user},{user:04},{on},{item:07},{paid},{pieces},EAST,FOOD,KIND {item // 5}")
    return "\n".join([names, *rows]) + "\n"


def ratings():
    """ratings.dat of MovieLens 1M: no line of names, `::` between values."""
    chance, rows = random.Random(3), []
    for user in range(1, 41):
        at = 974_000_000 + chance.randrange(40 * 86_400)
        for film in chance.sample(range(1, 61), 14):
            at += chance.randrange(4 * 86_400)
            rows.append(f"{user}::{film}::{chance.choice([1, 2, 3, 4, 4, 5])}::{at}")
    return "\n".join(rows) + "\n"


NAMES = {
    "TRANSACTION_DT,CUST_NO,ITEM_NBR,QTY,SALES_AMT": ("quantity", "value"),
    "txn_dt,hshd_num,product_no,units,spend": ("quantity", "value"),
    "ORDER_DT,MEMBER_NO,GOODS_ID,PIECES,UNIT_PRICE": ("quantity", "price"),
    "PURCHASE_DT,CARD_ID,SKU,NUM_UNITS,TOTAL": ("quantity", "value"),
    "Event_Dt,client_key,ean,sales_qty,line_amt": ("quantity", "value"),
    "TRAN_DATE,ACCT_NBR,ARTICLE,ITEM_QTY,NET_AMT": ("quantity", "value"),
    "trx_ts,loyalty_card_no,prod_cd,Units_Sold,price": ("quantity", "price"),
}


@pytest.mark.parametrize(("names", "numbers"), NAMES.items())
def test_names_of_other_houses_are_known(propose, names, numbers):
    proposal = propose(f"{names},LOAD_DT\n1/13/2001,7,9,2,3.50,1/14/2001\n1/14/2001,8,9,1,1.75,1/15/2001\n")
    when, who, what, *counted = names.split(",")
    expected = {"user": who, "item": what, "time": when} | dict(zip(numbers, counted, strict=True))
    assert proposal.roles == expected
    assert [row["value"] for row in proposal.events] == ([3.5, 1.75] if "value" in numbers else [7.0, 1.75])


def test_an_amount_of_small_whole_numbers_is_pieces_and_the_price_of_a_line_is_divided_by_them(propose):
    proposal = propose(ta_feng())
    assert proposal.roles == {
        "user": "CUSTOMER_ID",
        "item": "PRODUCT_ID",
        "time": "TRANSACTION_DT",
        "quantity": "AMOUNT",
        "value": "SALES_PRICE",
        "subcategory": "PRODUCT_SUBCLASS",
    }
    assert proposal.left_out["ASSET"] == "what it cost the shop, by its name"
    assert {row["value"] / row["quantity"] for row in proposal.events} == set(PRICES)
    items = proposal.rows["items"]
    assert {row["price"] for row in items} == set(PRICES)
    assert all(row["category"] == row["subcategory"] for row in items)
    assert "so the subcategory stands for it" in proposal.texts["items"]


MONEY = {
    "with decimals": ["1.00", "1.00", "2.50", "1.00"],
    "in dollars": ["$1", "$1", "$2", "$1"],
    "in yen": ["98", "250", "98", "1200"],
    "and another column is the pieces": ["1", "1", "2", "1"],
}


@pytest.mark.parametrize(("values", "extra"), [(MONEY[each], "pieces" in each) for each in MONEY], ids=MONEY)
def test_an_amount_of_money_is_no_number_of_pieces(propose, values, extra):
    rows = "".join(f"u{n},i,2025-01-0{n + 1},{value},{n + 1}\n" for n, value in enumerate(values))
    proposal = propose(f"user,item,time,amount,{'qty' if extra else 'note'}\n{rows}")
    assert proposal.roles["value"] == "amount"
    assert ("quantity" in proposal.roles) == extra


@pytest.mark.parametrize(("scale", "role"), [(1, "price"), (None, "value")])
def test_whether_a_price_is_of_the_piece_or_of_the_line_is_told_by_the_pieces(propose, scale, role):
    rows = [f"u,i{n % 3},2025-01-{n + 1:02},{n % 4 + 1},{2.5 * (scale or n % 4 + 1)}\n" for n in range(24)]
    proposal = propose("user,item,time,qty,sales_price\n" + "".join(rows))
    assert proposal.roles[role] == "sales_price"
    assert {row["price"] for row in proposal.rows["items"]} == {2.5}
    assert proposal.events[3]["value"] == 10
    asked = propose("user,item,time,qty,sales_price\n" + "".join(rows), value="")
    assert ("price" in asked.roles) == (role == "price"), "nobody may pay a line's price for each of its pieces"


def test_a_file_parted_by_two_colons_is_read_and_its_columns_are_told_by_their_values(propose):
    proposal = propose(ratings(), "ratings.dat")
    assert list(proposal.roles) == ["user", "item", "time", "rating"]
    assert (proposal.delivery.delimiter, proposal.delivery.columns) == ("::", ["user", "item", "rating", "time"])
    assert proposal.why["user"] == "it is the first column of ids; the file has no names"
    first = ratings().split("\n")[0].split("::")
    assert [proposal.events[0][name] for name in ("user_id", "item_id", "rating")] == [*first[:2], float(first[2])]
    named = propose(ratings(), "ratings.dat", columns=["film_id", "user_id", "stars", "at"], item="film_id", time="at")
    assert named.events[0]["user_id"] == first[1]
    header = propose("UserID::MovieID::Rating::Timestamp\n" + ratings(), "ratings.dat")
    assert header.roles["item"] == "MovieID"
    assert header.delivery.columns is None


def test_files_that_name_and_tell_nothing_are_asked_about(propose):
    tags = "1::2::quirky::974000000\n3::2::slow, but good::974000001\n"
    with pytest.raises(InitError, match=r"tags.dat has no line of column names, .* --columns user,item,...,time"):
        propose(tags, "tags.dat")
    assert propose(tags, "tags.dat", columns=["user", "item", "tag", "time"]).left_out == {
        "tag": "not known by its name"
    }
    films = '1::Toy Story (1995)::Animation|Children\'s\n2::"Great" Cats, The (1998)::Musical\n'
    with pytest.raises(InitError, match=r"--columns \.\.\.,\.\.\.,\.\.\."):
        propose(films, "movies.dat")


# --- the budget

SHOP = Work(1_000_000, 20_000, 8_000, 750_000, 30_000_000, 230_000_000, 0.8)
HUGE = Work(100_000_000, 2_000_000, 300_000, 75_000_000, 3_000_000_000, 10**12, 0.2)


def test_algorithms_are_taken_in_while_the_budget_lasts():
    all_of_them = choose_algorithms(SHOP, ["next", "discovery"], None)
    assert all_of_them.algorithms == tuple(COSTS)
    assert not all_of_them.left_out
    assert all_of_them.seconds == night_seconds(SHOP, list(COSTS)) <= all_of_them.budget
    tight = choose_algorithms(SHOP, ["next", "discovery"], 60)
    assert {"popularity", "buy_again"} <= set(tight.algorithms)
    assert tight.seconds <= 60
    assert set(tight.algorithms) | set(tight.left_out) == set(COSTS)
    assert all("it would add" in why for why in tight.left_out.values())
    assert choose_algorithms(SHOP, ["discovery"], None).algorithms == (
        "popularity",
        "item_knn",
        "als",
        "user_knn",
        "ease",
        "rp3beta",
        "popularity_7d",
        "popularity_90d",
    )


def test_what_nobody_can_build_in_time_is_said():
    huge = choose_algorithms(HUGE, ["next", "discovery"], 600)
    assert huge.algorithms == ("popularity",)
    assert huge.left_out["ease"] == "the 3,000 items it learns hold 20% of the events"
    assert "not even popularity alone can keep" in huge.sentence
    assert "user_knn" in choose_algorithms(HUGE, ["next", "discovery"], None).left_out


@pytest.mark.parametrize(
    ("given", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("2 h", 7200), ("5min", 300)]
)
def test_budgets_as_people_write_them(given, seconds):
    assert read_budget(given) == seconds


@pytest.mark.parametrize("given", ["", "soon", "0m", "10", "-5m", "1.2.3h"])
def test_a_budget_that_is_none_is_refused(given):
    with pytest.raises(InitError, match=r"give how long a night may take, such as 90s, 10m or 1h30m"):
        read_budget(given)


def test_what_was_chosen_stands_in_the_profile(propose):
    proposal = propose("user,item,time\nu,i,2025-01-01\n")
    for figures in (measured(), measured(repeats=0.0)):
        text = profile_of(proposal.delivery, figures)
        choice = choose_algorithms(figures.work, ["next", "discovery"] if figures.repeat_share else ["discovery"], None)
        assert f"# {choice.sentence}\n" in text
        assert all(f"# Left out: {name}, as {why}.\n" in text for name, why in choice.left_out.items())
        algorithms = Profile(name="shop", **tomllib.loads(text)).algorithms
        assert tuple(algorithms) == choice.algorithms
        memories = [configured(algorithms)[f"popularity{of}"][1].half_life_days for of in ("", "_7d", "_90d")]
        assert memories == [2, 7, 90]


# --- nights


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("strangers") / "project")


STRANGERS = {
    "ta_feng.csv": (
        ta_feng,
        "",
        [
            "SALES_PRICE │ value │ its name; it grows with the pieces",
            "Tasks: next, discovery;",
            "ease. A night",
        ],
    ),
    "cards.csv": (
        dunnhumby,
        "--budget 10m",
        ["HSHD_NUM │ user │ its name", "of a budget of 10 min.", "have a negative quantity and are taken as returns"],
    ),
    "ratings.dat": (
        ratings,
        "--budget 2m",
        [
            "by their values they are user,item,rating,time.",
            "Tasks: discovery;",
            "left out: buy_again, as it lists only",
        ],
    ),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "content", "options", "sentences"), [(n, *s) for n, s in STRANGERS.items()], ids=STRANGERS
)
def test_from_a_strangers_file_to_a_night(project, tmp_path, name, content, options, sentences):
    file, shop = tmp_path / name, name.partition(".")[0]
    file.write_text(content(), encoding="latin-1")
    printed = recsys(project, "init", shop, "--file", file, *shlex.split(options), COLUMNS="200")
    said = " ".join(printed.split())
    assert [sentence for sentence in sentences if sentence not in said] == []
    profile = tomllib.loads((project / f"data/profiles/{shop}.toml").read_text())
    night = profile["demo_nights"][-1]
    script = f"export RECSYS_PROFILE={shop}\nrecsys land --history\nrecsys night {night}\n"
    query = "select count(distinct user_id) as users, count(distinct task) as tasks from serving.recommendations"
    shown = run_script(project, f'{script}recsys query "{query}"', DAGSTER_HOME=str(tmp_path))
    assert "0 rejected" in shown
    users = {row.split(",")[1] for row in content().splitlines()[1:]} if "," in content() else range(40)
    assert f"│ {len(users)}    │ {len(profile['tasks'])}     │" in shown


@pytest.mark.slow
def test_real_ratings_get_a_profile_that_fits(project, shared_data):
    file = shared_data / "movielens_latest_small" / "ratings.csv"
    printed = recsys(project, "init", "films", "--file", file, "--budget", "10m")
    assert "Tasks: discovery;" in printed
    assert "Algorithms: popularity, item_knn, als." in printed


@pytest.mark.slow
def test_real_invoices_get_what_their_repeats_ask_for(project, shared_data):
    file = shared_data / "online_retail" / "2010-12-01.csv.gz"
    printed = recsys(project, "init", "invoices", "--file", file)
    assert "Tasks: next, discovery;" in printed
    assert "repeat_purchase, tifu_knn, user_knn" in printed
