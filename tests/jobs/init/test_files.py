"""Which files belong together, and what later ones will be named like."""

import tomllib

import pytest

from recsys_jobs.init.look import look, pattern
from recsys_jobs.init.measure import plan_nights
from recsys_jobs.init.settings import write_profile
from tests.jobs.init.proposal import measured


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
        assert tomllib.loads(write_profile("shop", seen.delivery, figures, plan_nights(figures)))["deliveries"] == [
            {"table": "events", "files": "sales*.csv", "folder": str(tmp_path), "encoding": "cp1252"}
        ]


def test_a_file_that_is_built_differently_narrows_the_pattern(propose, tmp_path):
    (tmp_path / "sales_people.csv").write_text("person,name\np,Ann\n")
    proposal = propose("user,item,time\nu1,i1,2025-01-01\n", "sales.csv")
    assert len(proposal.events) == 1
    assert proposal.delivery.files == "sales.csv"
    assert [path.name for path in proposal.files] == ["sales.csv"]
