"""The release that answers: the published one, whole, from one request to the next; or an older one."""

import random
import shutil
import threading
from datetime import date, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.storage.release.arrays import open_arrays
from recsys_assets.storage.release.file import ReleaseError
from recsys_assets.storage.release.releases import Releases
from recsys_serving.releases import Served
from recsys_serving.server import Settings, application
from tests.helpers.examples import examples
from tests.serving.small import MACROS, NIGHT, publish, serving, tables

PATH = "/v1/users/17012/recommendations?k=3"


def without_arrays(releases, night, name="old"):
    """A release as versions wrote it that served nothing."""
    file = releases.build(night, name, tables(night), MACROS)
    file.parent.chmod(0o700)
    (file.parent / "serving.npz").unlink()
    checksum = file.parent / "checksum"
    checksum.chmod(0o600)
    checksum.write_text(checksum.read_text().splitlines()[0] + "\n")
    return file.parent.name


def test_the_next_request_uses_what_was_published(tmp_path):
    releases = publish(tmp_path / "shop")
    with serving(tmp_path / "shop") as ask:
        assert ask(PATH).json()["release"] == f"{NIGHT}-a"
        publish(tmp_path / "shop", NIGHT + timedelta(1), "b")
        assert ask(PATH).json()["release"] == f"{NIGHT + timedelta(1)}-b"
        releases.rollback()
        assert ask(PATH).json()["release"] == f"{NIGHT}-a"


def test_an_older_night_on_request(tmp_path):
    root = tmp_path / "shop"
    publish(root, marker=" first")
    publish(root, NIGHT + timedelta(1), "b", marker=" second")
    with serving(root) as ask:
        assert ask(f"{PATH}&night={NIGHT}").json()["items"][0]["reason_text"].endswith("first")
        assert ask(f"{PATH}&night={NIGHT + timedelta(1)}").json()["items"][0]["reason_text"].endswith("second")
        assert ask(f"{PATH}&night=2001-01-01").status == 404
        assert ask(f"/v1/grades?night={NIGHT}").json()["night"] == str(NIGHT)
        publish(root, NIGHT + timedelta(2), "c")
        assert ask(f"{PATH}&night={NIGHT + timedelta(1)}").json()["release"].endswith("-b")
        assert len(ask("/v1/releases").json()["releases"]) == 3


def test_an_answer_that_a_client_has_is_not_sent_again(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    with serving(root) as ask:
        first = ask(PATH)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        again = ask(PATH, If_None_Match=tag)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert ask(PATH + "&offset=1", If_None_Match=tag).status == 200
        assert ask(PATH, If_None_Match=f'"x", W/{tag}').status == 304
        assert ask(PATH, If_None_Match="*").status == 304
        assert "etag" not in ask("/v1/users/1/recommendations?k=x").headers
        assert "etag" not in ask("/v1/releases").headers
        publish(root, NIGHT + timedelta(1), "b")
        assert ask(PATH, If_None_Match=tag).status == 200
        assert ask(f"{PATH}&night={NIGHT}").status == 200


def test_no_request_is_dropped_or_mixed_while_releases_come_and_go(tmp_path):
    root = tmp_path / "shop"
    nights = [NIGHT + timedelta(days) for days in range(3)]
    for night in nights:
        releases = publish(root, night, marker=f" {night}")
    seen, wrong = set(), []
    n_moves, n_requests, stop = examples(50), examples(10_000), threading.Event()

    def asking(ask):
        for _ in range(n_requests // 4):
            said = ask(PATH).json()
            seen.add(said["night"])
            if {item["reason_text"].split()[-1] for item in said["items"]} != {said["night"]}:
                wrong.append(said)

    with serving(root) as ask:
        threads = [threading.Thread(target=asking, args=(ask,)) for _ in range(4)]
        mover = threading.Thread(
            target=lambda: [
                (releases.rollback(f"{nights[n % 3]}-a"), stop.wait(0.02)) for n in range(n_moves) if not stop.is_set()
            ]
        )
        for thread in (*threads, mover):
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        mover.join()
        text = ask("/metrics").body.decode()
    assert wrong == []
    assert len(seen) > 1
    answered = f'route="/v1/users/{{user_id}}/recommendations",status="200"}} {n_requests // 4 * 4}'
    assert answered in text


def test_a_release_of_before_there_were_arrays_gets_them(tmp_path):
    root = tmp_path / "shop"
    releases = Releases(root)
    without_arrays(releases, NIGHT)
    releases.publish(NIGHT, "old")
    with serving(root) as ask:
        assert ask(PATH).json()["release"] == f"{NIGHT}-old"
    assert [path.name for path in (root / "serving").iterdir()] == [f"{NIGHT}-old.npz"]
    publish(root, NIGHT + timedelta(1))
    without_arrays(releases, NIGHT + timedelta(2))
    (root / "serving" / "2001-01-01-gone.npz").touch()
    with serving(root) as ask:
        releases.publish(NIGHT + timedelta(2), "old")
        while (said := ask(PATH).json())["night"] == str(NIGHT + timedelta(1)):
            pass
        assert said["night"] == str(NIGHT + timedelta(2))
    assert not (root / "serving" / "2001-01-01-gone.npz").exists()


def test_arrays_of_another_version_are_made_anew(tmp_path):
    root = tmp_path / "shop"
    releases = publish(root)
    file = releases.folder / f"{NIGHT}-a" / "serving.npz"
    file.parent.chmod(0o700)
    file.chmod(0o600)
    np.savez(file, version=np.array(0))
    for _ in range(2):
        with serving(root) as ask:
            assert ask(PATH).json()["release"] == f"{NIGHT}-a"
    assert [path.name for path in (root / "serving").iterdir()] == [f"{NIGHT}-a.npz"]


def test_a_release_that_cannot_be_served_says_what_to_do(tmp_path):
    releases = Releases(tmp_path / "shop")
    releases.build(NIGHT, "a", {"meta.build": tables()["meta.build"]}, "")
    assert not (releases.folder / f"{NIGHT}-a" / "serving.npz").exists()
    releases.publish(NIGHT, "a")
    with pytest.raises(ReleaseError, match=f"recsys night {NIGHT}"):
        application(Settings(root=tmp_path / "shop", keys=tmp_path / "k", inbox=None))


def test_what_was_pruned_is_read_on_and_its_arrays_go_with_it(tmp_path):
    releases = publish(tmp_path / "shop")
    served = Served(tmp_path / "shop")
    served.start()
    held = served.current()
    publish(tmp_path / "shop", NIGHT + timedelta(1))
    publish(tmp_path / "shop", NIGHT + timedelta(2))
    assert releases.prune(0, timedelta(0)) == (f"{NIGHT}-a",)
    assert not (releases.folder / f"{NIGHT}-a").exists()
    assert held.listed(0, 0)
    assert served.current().night == NIGHT + timedelta(2)


def test_arrays_that_were_changed_are_damage(tmp_path):
    releases = publish(tmp_path / "shop")
    file = releases.folder / f"{NIGHT}-a" / "serving.npz"
    file.parent.chmod(0o700)
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)
    with pytest.raises(ReleaseError, match=r"serving\.npz is damaged"):
        releases.verify(f"{NIGHT}-a")
    file.unlink()
    with pytest.raises(ReleaseError, match="cannot be read"):
        releases.verify(f"{NIGHT}-a")


def test_lists_that_name_what_is_not_there_are_refused(tmp_path):
    releases, given = Releases(tmp_path / "shop"), tables()
    given["serving.items"] = given["serving.items"].slice(1)
    with pytest.raises(ReleaseError, match=r"of them have .* their item in serving\.items"):
        releases.build(NIGHT, "a", given, MACROS)
    assert list(releases.folder.glob("2*")) == []


def test_what_is_no_file_of_arrays_is_refused(tmp_path):
    for content in (b"", b"PK", b"x" * 1000):
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(ReleaseError, match="Build its night again"):
            open_arrays(tmp_path / "x.npz")
    np.savez(tmp_path / "x.npz", version=np.array(0))
    with pytest.raises(ReleaseError, match="another version"):
        open_arrays(tmp_path / "x.npz")


def test_anything_that_reads_numpy_reads_the_arrays(tmp_path):
    releases = publish(tmp_path / "shop")
    file = releases.folder / f"{NIGHT}-a" / "serving.npz"
    with np.load(file, allow_pickle=False) as loaded:
        mapped = open_arrays(file)
        assert mapped.keys() == set(loaded.files)
        assert all(mapped[name].tobytes() == loaded[name].tobytes() for name in loaded.files)
    assert file.stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize("most", [200, 60_000, 2**31 - 1])
def test_numbers_of_any_size_come_out_as_they_were(tmp_path, most):
    """Shares of the task's rows and other scores; counts and ages of one byte, of two, and of four."""
    given, chance = tables(), random.Random(5)
    lists = given["serving.recommendations"].to_pylist()
    for number, row in enumerate(lists):
        row["score"] = chance.choice([number % 12 + 1, chance.uniform(0, 12), 1e-300, 12]) / (len(lists) / 2)
        row["evidence_count"] = chance.choice([None, 0, 1, most - 1, most])
        row["evidence_days"] = chance.choice([None, 0.0, 0.125, 0.375, min(most, 10**5) / 123])
    sent = pa.Table.from_pylist(lists, schema=given["serving.recommendations"].schema)
    releases = Releases(tmp_path / "shop")
    releases.build(NIGHT, "a", given | {"serving.recommendations": sent}, MACROS)
    releases.publish(NIGHT, "a")
    said = []
    with serving(tmp_path / "shop") as ask:
        for task, user in sorted({(row["task"], row["user_id"]) for row in lists}):
            said += ask(f"/v1/users/{user}/recommendations?task={task}").json()["items"]
    for row, item in zip(lists, said, strict=True):
        assert (item["score"], item["item_id"]) == (row["score"], row["item_id"])
        if item["evidence"] is None:
            assert (row["evidence_item_id"], row["evidence_count"]) == (None, None)
        else:
            days = row["evidence_days"]
            assert item["evidence"]["count"] == row["evidence_count"]
            assert item["evidence"]["days"] == (None if days is None else float(f"{np.float32(days):.2f}"))


def test_a_night_of_real_purchases_is_served_as_its_macro_says(built, tmp_path):
    """Every user's lists of the sample's release, both tasks."""
    root = tmp_path / "sample"
    shutil.copytree(built.folder / "releases", root / "releases", symlinks=True)
    (root / "recsys.duckdb").symlink_to((built.folder / "recsys.duckdb").readlink())
    fields = ("rank", "item_id", "title", "category", "score", "reason", "reason_text", "confidence")
    with serving(root) as ask, duckdb.connect(str(root / "recsys.duckdb"), read_only=True) as con:
        users = con.execute("select user_id from serving.users order by user_id").fetchall()
        evidence = "select evidence_item_id, evidence_count, round_even(evidence_days::float::double, 2) "
        evidence += "from serving.recommendations where user_id = $1 and task = $2 order by rank"
        for (user,) in [*users[::4], ("nobody",)]:
            for task in ("next", "discovery"):
                said = ask(f"/v1/users/{user}/recommendations?task={task}&k=100").json()
                rows = con.execute("from serving.recommend($1, k := 100, task := $2)", [user, task]).fetchall()
                assert [tuple(item[name] for name in fields) for item in said["items"]] == [row[1:] for row in rows]
                rests_on = [item["evidence"] or {} for item in said["items"] if said["known"]]
                given = [(each.get("item_id"), each.get("count"), each.get("days")) for each in rests_on]
                assert given == con.execute(evidence, [user, task]).fetchall()
        assert ask("/v1/grades").json()["grades"]
        assert ask("/v1/releases").json()["current"][:10] == str(max(date(2017, 10, 31), built.profile.first_night))
