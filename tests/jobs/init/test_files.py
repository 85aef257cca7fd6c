"""Which files belong together, and what later ones will be named like."""

import gzip
import os
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys_assets.profile import Delivery
from recsys_assets.storage.landing.ledger import LandingError
from recsys_jobs.init.encodings import encoding_of
from recsys_jobs.init.look import InitError, look, pattern
from tests.jobs.init.proposal import Proposal, measured, profile_of


@pytest.mark.parametrize(
    ("name", "names_like"),
    [
        ("purchases.csv", "purchases*.csv"),
        ("sales-2025-03-07.csv.gz", "sales*.csv.gz"),
        ("2010-12-01.csv.gz", "[0-9]*.csv.gz"),
        ("part_0001.PARQUET", "part*.PARQUET"),
        ("my [old] sales 7.csv", "my [[]old] sales*.csv"),
        ("v2_events.jsonl", "v2_events*.jsonl"),
    ],
)
def test_the_pattern_matches_the_file_and_its_successors(name, names_like):
    from fnmatch import fnmatch

    assert pattern(name) == names_like
    assert fnmatch(name, names_like)


def test_files_named_and_built_alike_are_looked_at_together(propose, tmp_path):
    (tmp_path / "sales-2.csv").write_text("time,item,user\n2025-01-02,i2,u2\n")
    proposal = propose("user,item,time\nu1,i1,2025-01-01\n", "sales-1.csv")
    assert sorted(row["user_id"] for row in proposal.events) == ["u1", "u2"]
    assert (proposal.delivery.files, proposal.delivery.folder) == ("sales*.csv", str(tmp_path))


def test_a_file_of_another_encoding_is_read_by_it(propose, tmp_path):
    content = "user,item,time,title\nu,i,2025-01-01,Käse\nu,j,2025-01-01,Brot für 2 €\n"
    (tmp_path / "sales.csv").write_bytes(content.encode("cp1252"))
    with look(tmp_path / "sales.csv") as seen:
        assert seen.n_unsplit == 0
        assert {"Käse", "Brot für 2 €"} == set(seen.columns[3].examples)
        figures = measured()
        assert tomllib.loads(profile_of(seen.delivery, figures))["deliveries"] == [
            {"table": "events", "files": "sales*.csv", "folder": str(tmp_path), "encoding": "cp1252"}
        ]


ENCODED = {
    "cp1252": "Kunde;Käse Größe;Äpfel;Öl;preço;café;élève préféré;niño;Smörgås;Rødgrød",
    "cp932": "会員番号,商品コード,2025年3月1日,Tシャツ,\\1,234",
    "cp949": "회원번호,상품명,2025년 3월 1일,￦1,234",
}


@pytest.mark.parametrize(("encoding", "content"), ENCODED.items())
@pytest.mark.parametrize("packed", [False, True])
def test_the_code_page_of_windows_is_told_by_the_words_in_it(tmp_path, encoding, content, packed):
    file = tmp_path / "sales.csv"
    delivery = Delivery(table="events", files="sales.csv")
    for said, expected in ((encoding, encoding), ("utf-8", "utf-8"), ("utf-16", "utf-8")):
        file.write_bytes(gzip.compress(content.encode(said)) if packed else content.encode(said))
        assert encoding_of(file, delivery) == expected
    for other, words in (
        ("cp1250", "Dvořák;żółw;łąka"),
        ("cp1251", "Покупатель;номенклатура;чай"),
        ("cp1253", "πελάτης"),
    ):
        file.write_bytes(words.encode(other))
        assert encoding_of(file, delivery) == "cp1252"


def test_an_encoding_that_no_byte_tells_is_asked_about(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_bytes("Покупатель;Товар;Дата\nа;б;13.02.2025\n".encode("cp1251"))
    with pytest.raises(InitError, match=r"is the user by its name.*It was read as cp1252: .* give --encoding"):
        Proposal(file, tmp_path)
    proposal = Proposal(file, tmp_path, encoding="cp1251")
    assert [row["item_id"] for row in proposal.events] == ["б"]
    assert proposal.delivery.encoding == "cp1251"
    with pytest.raises(InitError, match=r"its first line is no text: .* give --encoding"):
        Proposal(file, tmp_path, encoding="utf-8")
    with pytest.raises(InitError, match="--encoding cp9999: no such encoding"):
        Proposal(file, tmp_path, encoding="cp9999")


def test_a_file_that_is_built_differently_narrows_the_pattern(propose, tmp_path):
    (tmp_path / "sales_people.csv").write_text("person,name\np,Ann\n")
    proposal = propose("user,item,time\nu1,i1,2025-01-01\n", "sales.csv")
    assert len(proposal.events) == 1
    assert proposal.delivery.files == "sales.csv"
    assert [path.name for path in proposal.files] == ["sales.csv"]


def test_a_link_is_refused_as_it_would_be_when_it_lands_and_none_is_looked_at_beside(propose, tmp_path):
    (tmp_path / "elsewhere.csv").write_text("user,item,time\nu2,i2,2025-01-02\n")
    (tmp_path / "sales-2.csv").symlink_to(tmp_path / "elsewhere.csv")
    proposal = propose("user,item,time\nu1,i1,2025-01-01\n", "sales-1.csv")
    assert [path.name for path in proposal.files] == ["sales-1.csv"]
    assert proposal.delivery.files == "sales*.csv"
    with pytest.raises(LandingError, match=r"sales-2\.csv: is a link"), look(tmp_path / "sales-2.csv"):
        pass


@pytest.mark.timeout(30)
def test_what_is_no_file_or_cannot_be_named_in_a_profile_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InitError, match=r"pipe\.csv is not a file"), look(tmp_path / "pipe.csv"):
        pass
    odd = tmp_path / os.fsdecode(b"sales-\xe9.csv")
    odd.write_text("user,item,time\nu,i,2025-01-01\n")
    with pytest.raises(InitError, match=r"sales-\\xe9\.csv: its name is no UTF-8, .* Rename it"), look(odd):
        pass


def test_files_that_differ_only_inside_are_each_read(tmp_path):
    """Each is opened anew, and under the same number."""
    for n in range(3):
        pq.write_table(
            pa.table({"user": [f"u{n}"], "item": ["i"], "time": ["2025-01-01"]}), tmp_path / f"s-{n}.parquet"
        )
        os.utime(tmp_path / f"s-{n}.parquet", (1e9, 1e9))
    assert len({path.stat().st_size for path in tmp_path.glob("*.parquet")}) == 1
    with look(tmp_path / "s-1.parquet") as seen:
        assert sorted(seen.con.sql("select user from seen").fetchall()) == [("u0",), ("u1",), ("u2",)]
