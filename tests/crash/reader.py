"""A reader in a loop: `python -m tests.crash.reader LINK STOP` reads the release until the file STOP is there.

Prints a JSON line: how often it read, the nights it saw in order, and whether any read failed or mixed two nights.
"""

import json
import sys
import time
from pathlib import Path

import duckdb

PAUSE_SECONDS = 0.1  # The nights need the processor, too.


def read(link: str) -> str:
    """Night of the release, once all of it is seen to be of that night."""
    with duckdb.connect(link, read_only=True) as con:
        ((night,),) = con.execute("select max(night) from meta.nights").fetchall()
        lists = con.execute("select distinct night from serving.recommendations").fetchall()
        users, listed = con.execute(
            "select (select count(*) from serving.users), (select count(distinct user_id) from serving.recommendations)"
        ).fetchall()[0]
        one = con.execute("select count(*) from serving.recommend(20)").fetchall()
    if lists != [(night,)] or users != listed or one != [(10,)]:
        raise AssertionError(f"a mixture: night {night}, lists of {lists}, {users} users, {listed} with lists")
    return str(night)


def main(link: str, stop: str) -> None:
    times, nights, failures = 0, [], []
    print("ready", flush=True)
    while not Path(stop).exists():
        times += 1
        time.sleep(PAUSE_SECONDS)
        try:
            night = read(link)
        except (duckdb.Error, AssertionError) as error:
            failures.append(str(error))
            continue
        if night not in nights[-1:]:
            nights.append(night)
    print(json.dumps({"times": times, "nights": nights, "failures": failures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
