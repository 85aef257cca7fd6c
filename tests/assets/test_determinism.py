"""The same nights built elsewhere, with other threads, hash seeds and order of landing: the same fingerprints."""

import duckdb
import pytest

from tests.helpers import sample
from tests.helpers.sample import HORIZON, NIGHTS

FIRST, SECOND, LAST = NIGHTS
HISTORY = ("products", "demographics", "transactions_1", "transactions_2", "promotions")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("threads", "order"),
    [(1, HISTORY), (2, ("products", "promotions", "transactions_2", "transactions_1", "demographics"))],
)
def test_other_threads_hashes_and_order_of_landing_change_nothing(built, tmp_path, threads, order):
    elsewhere = sample.new(tmp_path / "elsewhere")
    switches = {
        "RECSYS_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "PYTHONHASHSEED": str(threads),
    }
    commands = [
        *(("land", "--history", elsewhere.files / f"{name}.parquet") for name in order),
        ("land", elsewhere.files / sample.LATE, "--arrived-at", sample.LATE_ARRIVAL.isoformat()),
        ("backtest", "--from", FIRST, "--to", LAST, "--every", HORIZON),
    ]
    for arguments in commands:
        done = elsewhere.recsys(*arguments, timeout=400, **switches)
        assert done.returncode == 0, done.stderr
    assert "Grades over nights" in done.stdout
    assert elsewhere.content() == built.content()
    assert (elsewhere.folder / "recsys.duckdb").readlink() == (built.folder / "recsys.duckdb").readlink()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_came_after_a_night_does_not_change_it(built, tmp_path):
    """The first two nights of a deployment to which nothing past the second's cutoff was ever delivered."""
    earlier = sample.new(tmp_path / "earlier")
    cut = tmp_path / "cut"
    cut.mkdir()
    known = {
        "transactions_2": f"transaction_timestamp < date '{SECOND}' + interval 1 day",
        "promotions": "week <= 44",  # Week 44 began on 2017-10-23.
    }
    with duckdb.connect() as con:
        for name, condition in known.items():
            rows = f"from '{earlier.files}/{name}.parquet' where {condition} order by all"
            con.execute(f"copy ({rows}) to '{cut}/{name}.parquet'")
    for name in HISTORY:
        folder = cut if name in known else earlier.files
        assert earlier.recsys("land", "--history", folder / f"{name}.parquet").returncode == 0
    earlier.build(FIRST, SECOND)
    # Event ids name the delivered file, so the log itself differs; nothing made of it may differ.
    expected, checked = built.content(), 0
    for name, content in earlier.content().items():
        if name.startswith(("features.", "candidates.", "recommendations.", "grades.", "models")):
            assert content == expected[name], name
            checked += 1
    assert checked > 50
