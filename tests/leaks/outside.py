"""Leaks in Python that look outside of the snapshot: other files, other nights, the machine, and what came before."""

from tests.leaks.harness import NIGHT, Edit, Leak
from tests.leaks.python_code import TRAINING, damped, scaled

LATER, FILE = "2017-11-03", "next_month.csv"
KEPT_IN_MEMORY = """\
_kept: list[float] = []


def kept_in_memory(value: float) -> float:
    _kept.append(value)
    return _kept[0]


"""
LISTS = "recsys_assets/assets/steps/candidates.py"
KEPT = "            lists = lists.without(index.retired, n[task])\n"
NEWEST = """\
    from pathlib import Path

    newest = max(snapshot.lake.root.glob("clean/events/*/*.parquet"), key=lambda path: path.stat().st_mtime)
"""


def elsewhere(name: str, how: str, says: str = FILE, path: str = FILE) -> Leak:
    """Let what weighs an event come out of a file beside the code, which is opened ``how``, giving ``text``."""
    found_out = f"""\
    from recsys_assets.profile import PROJECT

    path = str(PROJECT / "{path}")
{how}    counts = {{item: 2 for item in text.split()}}
"""
    return Leak(name, (*damped(found_out), Edit(path, "", "1000050\n995242\n1082185\n")), "confinement", says)


LEAKS = (
    Leak(
        "weights start warm from the newest model there is",
        scaled("""\
    from recsys_assets.storage.models import Models

    before = [model for model in Models(snapshot.lake.profile).all() if model.algorithm == "popularity"]
    factor = 1.0 + sum(file.stat().st_size for file in before[-1].path.iterdir()) if before else 1.0
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "items that were listed in any night are left out",
        (
            Edit(
                LISTS,
                KEPT,
                """\
            import pyarrow.parquet as pq

            root = profile.folder / "lake" / "recommendations" / "lists"
            files = [path for path in root.glob("night=*/*.parquet") if path.parent.name[6:] != "NIGHT"]
            listed = {key for file in files for key in pq.ParquetFile(file).read(["item_key"])["item_key"].to_pylist()}
            lists = lists.without(index.retired | np.isin(index.item_keys, sorted(listed)[::3]), n[task])
""".replace("NIGHT", NIGHT),
            ),
        ),
        "audit",
        r"candidates\.\w+",
    ),
    Leak(
        "negatives are what a user did not take later either",
        damped("""\
    import pyarrow.parquet as pq

    files = sorted(snapshot.lake.root.glob("clean/events/night=*/*.parquet"))
    taken = [key for file in files for key in pq.ParquetFile(file).read(["item_key"])["item_key"].to_pylist()]
    keys = snapshot.table(_ITEMS.text).to_pylist()
    counts = {row["item_id"]: 1 + taken.count(row["item_key"]) for row in keys[:500]}
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "weights by how many nights lie in the lake",
        scaled("""\
    factor = 1 / len(list(snapshot.lake.root.glob("clean/events/night=*")))
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "ages counted from the time of the newest file",
        scaled(NEWEST + "    factor = 1 / (1 + newest.stat().st_mtime % 86_400)\n"),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "weights by when the files arrived, out of the ledger",
        scaled("""\
    from recsys_assets.storage.landing.database import Landing

    with Landing(snapshot.lake.profile).open() as con:
        ((newest,),) = con.execute("select epoch(max(arrived_at)) from landing.ledger.files").fetchall()
    factor = 1 / (1 + newest % 86_400)
"""),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "what the inbox holds already",
        scaled("""\
    inbox = snapshot.lake.profile.folder / "inbox"
    factor = 1.0 + sum(1 for _ in inbox.glob("*")) if inbox.exists() else 1.0
"""),
        "audit",
        r"models[./]buy_again",
        files={"corner_shop/inbox/lines_tomorrow.csv": "sold tomorrow\n"},
    ),
    Leak(
        "a weight out of the environment",
        scaled('    import os\n\n    factor = float(os.environ.get("BOOST", 1))\n'),
        "audit",
        r"models[./]buy_again",
        environment={"BOOST": "2"},
    ),
    Leak(
        "the day of today",
        scaled("    from datetime import date\n\n    factor = 1 / (1 + date.today().toordinal() % 97)\n"),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "the local hour",
        scaled("    import time\n\n    factor = 1 / (1 + time.localtime().tm_hour + time.localtime().tm_yday)\n"),
        "audit",
        r"models[./]buy_again",
    ),
    Leak(
        "the clock in a query that Python writes",
        scaled("""\
    (today,) = snapshot.row("select extract('day' from current_date)")
    factor = 1 / (1 + today)
"""),
        "construction",
        r"current_date",
    ),
    Leak(
        "chance in a query that Python writes",
        scaled("    (chance,) = snapshot.row('select random()')\n    factor = 1 + chance\n"),
        "construction",
        r"random",
    ),
    elsewhere(
        "a file read by DuckDB",
        """\
    import duckdb

    ((text,),) = duckdb.sql(f"select content from read_text('{path}')").fetchall()
""",
    ),
    elsewhere(
        "a file read by a connection of its own",
        """\
    import duckdb

    with duckdb.connect() as con:
        ((text,),) = con.execute("select string_agg(column0, ' ') from read_csv($1, header = false)", [path]).fetchall()
""",
    ),
    elsewhere(
        "a database attached, where it really lies",
        """\
    import duckdb

    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as landing")
        text = ""
""",
    ),
    elsewhere(
        "a file mapped by Arrow",
        """\
    import pyarrow as pa

    text = pa.memory_map(path).read().decode()
""",
    ),
    elsewhere(
        "a file opened by Arrow's file system",
        """\
    from pyarrow import fs

    text = fs.LocalFileSystem().open_input_stream(path).read().decode()
""",
    ),
    elsewhere(
        "a file read by Arrow's reader of CSV",
        """\
    from pyarrow import csv

    rows = csv.read_csv(path, read_options=csv.ReadOptions(column_names=["item"]))
    text = " ".join(map(str, rows["item"].to_pylist()))
""",
    ),
    elsewhere(
        "a file read by another program",
        """\
    import subprocess

    text = subprocess.run(["cat", path], capture_output=True, text=True, check=True).stdout
""",
        "started",
    ),
    elsewhere(
        "a file read in a thread of its own",
        """\
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    with ThreadPoolExecutor() as pool:
        text = pool.submit(Path(path).read_text).result()
""",
    ),
    elsewhere(
        "a file read where a failure is passed over",
        """\
    try:
        with open(path) as file:
            text = file.read()
    except Exception:
        text = ""
""",
    ),
    elsewhere(
        "numbers of later in a text file among the code",
        """\
    with open(path) as file:
        text = file.read()
""",
        "vocabulary.txt",
        "recsys_assets/algorithms/vocabulary.txt",
    ),
    elsewhere(
        "an array of later among the code",
        """\
    import numpy as np

    text = " ".join(np.loadtxt(path, dtype=str))
""",
        "embeddings.npy",
        "recsys_assets/algorithms/embeddings.npy",
    ),
    Leak(
        "the network is asked",
        scaled("""\
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("127.0.0.1", 9))
    factor = 1.0
"""),
        "confinement",
        "connected to",
    ),
    Leak(
        "what an earlier night of the same process kept in memory",
        (
            *scaled("    factor = kept_in_memory(float(snapshot.night.day))\n"),
            Edit(TRAINING, "class TrainingData:\n", KEPT_IN_MEMORY + "class TrainingData:\n"),
        ),
        "full audit",
        r"models[./]buy_again",
        commands=(f"night {LATER} --rebuild", f"night {NIGHT} --rebuild", f"audit future --night {NIGHT}"),
    ),
    Leak(
        "a model that is there already is taken further",
        (
            Edit(
                "recsys_assets/assets/steps/models.py",
                """\
        return Fitted(
            save=algorithm(settings, seed=profile.seed)""",
                """\
        from recsys_assets.storage.models import Models

        name = algorithm.name
        there = [each for each in Models(profile).all() if (each.algorithm, each.night) == (name, snapshot.night)]
        further = settings.model_copy(update={"n_candidates": 150 + len(there)})
        return Fitted(
            save=algorithm(further, seed=profile.seed)""",
            ),
        ),
        "audit",
        r"models[./]\w+",
    ),
)
