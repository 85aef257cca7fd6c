"""Lines above a table: left out as the delivery says, found where nobody has said, and named where they hinder."""

import gzip

import duckdb
import pytest

from recsys_assets.profile import Delivery
from recsys_assets.storage.landing.opening import opened
from recsys_assets.storage.landing.preamble import likely_delimiter, lines_above_names
from recsys_assets.storage.landing.readers import UnreadableFile, stage
from tests.helpers.shop import COLUMNS, TRANSACTIONS, Shop, day, line, product

TABLE = "user,item,time\nu1,i1,2025-03-01\nu2,i2,2025-03-02\n"


@pytest.fixture
def read(tmp_path):
    """Rows of a text file as delivered, and its rejects."""

    def read(content, name="a.csv", **settings):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with duckdb.connect() as con, opened(path) as file:
            rejects = stage(con, file, Delivery(table="t", files="*", **settings))
            return con.sql("select * exclude (landed_row) from staged order by landed_row").fetchall(), rejects

    return read


ROWS = [("u1", "i1", "2025-03-01"), ("u2", "i2", "2025-03-02")]
ABOVE = {
    "titles and a blank line": ("Sales report 2025 Q1\nBranch: North\n\n" + TABLE, 3),
    "with quotes that never close": ('The "big\n12" shop\n' + TABLE, 2),
    "line ends of Windows": (("Report\n\n" + TABLE).replace("\n", "\r\n"), 2),
    "line ends of old Macs": (("Report\n\n" + TABLE).replace("\n", "\r"), 2),
    "the mark of UTF-8": ("\ufeffReport\n" + TABLE, 1),
    "UTF-16": (("Report\n" + TABLE).encode("utf-16"), 1),
    "gzip": (gzip.compress(("Report\n" + TABLE).encode(), mtime=0), 1),
    "filled up with delimiters": ("Report,,\nBranch,North,\n,,\n" + TABLE, 3),
    "sep= and a title": ("sep=,\nReport\n" + TABLE, 2),
}


@pytest.mark.parametrize(("content", "skip"), ABOVE.values(), ids=ABOVE)
def test_lines_above_are_left_out_and_no_row_is_lost(read, content, skip):
    assert read(content, skip=skip) == (ROWS, [])
    names = ["user", "item", "time"]
    without_names = (
        content.replace("user,item,time\n", "") if isinstance(content, str) and "\r" not in content else None
    )
    if without_names:
        assert read(without_names, skip=skip, columns=names) == (ROWS, [])


@pytest.mark.parametrize("name", [name for name in ABOVE if name not in {"gzip", "UTF-16"}])
def test_how_many_lines_stand_above_is_found(tmp_path, name):
    content, skip = ABOVE[name]
    (tmp_path / "a.csv").write_text(content, newline="")
    assert lines_above_names(tmp_path / "a.csv", None) == skip


NOTHING_ABOVE = {
    "nothing": TABLE,
    "sep= alone": "sep=,\n" + TABLE,
    "names alone": "user,item,time\n",
    "empty": "",
    "blank": "\n\n",
    "rows with a delimiter too many": "user,item,time\nu1,i1,2025-03-01,\nu2,i2,2025-03-02,\n",
    "an index without a name": ",user,item\n0,u1,i1\n1,u2,i2\n",
    "one column": "user\nu1\nu2\n",
    "one column, a delimiter in a value": "item\nbread\nbutter\nmilk, whole\n",
    "no names at all": "u1,i1,2025-03-01\nu2,i2,2025-03-02\n",
    "texts only": "user,item,place\nanna,bread,here\nben,milk,there\n",
    "decimal commas": "user;item;paid\nu1;i1;2,5\nu2;i2;3,5\n",
    "a total below": TABLE + "Total,,\nSum,2\n",
    "a very long line": TABLE + "u" * 300_000 + '","\n',
}


@pytest.mark.parametrize("content", NOTHING_ABOVE.values(), ids=NOTHING_ABOVE)
def test_where_nothing_stands_above_nothing_is_found(tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    assert lines_above_names(tmp_path / "a.csv", None) == 0


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_first_line_sep_names_the_delimiter(read, said, end):
    table = TABLE.replace(",", ";").replace("i2", "i2,b")
    assert read(f"{said}\n{table}".replace("\n", end)) == ([ROWS[0], ("u2", "i2,b", "2025-03-02")], [])


def test_sep_may_be_what_nobody_would_guess(read):
    assert read("sep=~\n" + TABLE.replace(",", "~")) == (ROWS, [])
    assert read("sep=\t\n" + TABLE.replace(",", "\t")) == (ROWS, [])
    assert read("sep=x\nuxv\n") == ([("uxv",)], []), "a letter is none"


def test_rows_are_counted_below_the_names(read):
    _, rejects = read("Report\n" + TABLE + "u3\n", skip=1)
    assert [(row, text) for row, _, _, text in rejects] == [(3, "u3")]


def test_a_file_that_is_all_above_says_so(read):
    with pytest.raises(UnreadableFile, match=r"holds nothing below its first 9 line\(s\); set skip for its delivery"):
        read(TABLE, skip=9)


def test_a_file_with_titles_nobody_told_of_is_quarantined_with_the_line_to_write(tmp_path, monkeypatch):
    shop = Shop(tmp_path, monkeypatch)
    shop.land("products.csv", [product("p1")], day(1))
    table = ",".join(COLUMNS["transactions"].split()) + "\n" + ",".join(map(str, line("u", "p1", day(20)).values()))
    landed = shop.land("transactions-1.csv", f"Report\nNorth\n\n{table}\n", day(21))
    assert landed.message == "its column names seem to stand 3 line(s) further down: set skip = 3 for its delivery"
    delivery = TRANSACTIONS.model_copy(update={"skip": 3})
    path = shop.inbox / "transactions-1.csv"
    again = shop.landing.land(path, delivery, "arrival", lake=shop.lake, arrived_at=day(21))
    assert (again.status, again.rows_landed) == ("landed", 1)


# --- values parted by two colons


def test_two_colons_part_values_that_hold_quotes_commas_and_bars(read):
    films = [
        "1::Toy Story (1995)::Animation|Children's|Comedy|Fantasy",
        '2::"Great Performances" Cats, The (1998)::Musical',
        "3::Monty Python's 12\" (1975)::Comedy",
        "4::cut short",
    ]
    names = ["movie_id", "title", "genres"]
    content = "\n".join(films) + "\n"
    rows, rejects = read(content.encode("latin-1"), "movies.dat", columns=names, encoding="latin-1")
    assert rows == [tuple(line.split("::")) for line in films[:3]]
    assert [(row, reason.partition(";")[0]) for row, _, reason, _ in rejects] == [
        (4, "2 field(s), but the file has 3 columns")
    ]
    assert read("\n".join(films[:1] * 3), "movies.dat", columns=names)[0] == [tuple(films[0].split("::"))] * 3
    named = read("UserID::MovieID::Rating\n1::2::5\n1::3::4\n", "ratings.dat")
    assert named == ([("1", "2", "5"), ("1", "3", "4")], [])
    other = read("user;item\n1;2\n", "orders.dat")
    assert other == ([("1", "2")], []), "the end of a name tells no delimiter"


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("1::1193::5::978300760", "::"),
        ("1::Toy Story::Animation|Children's|Comedy", "::"),
        ("2001:db8::1,u,i", ","),
        ("2001:db8::1,fe80::1,u", ","),
        ("std::vector::at;3;4", ";"),
        ("a|b|c", "|"),
        ("nothing", ","),
    ],
)
def test_the_delimiter_is_told_by_the_first_line(line, delimiter):
    assert likely_delimiter(line) == delimiter
