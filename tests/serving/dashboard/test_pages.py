"""The dashboard without a browser: every view answers, in any state of a release; and who may see it."""

import html
import io
import subprocess
import sys
from datetime import timedelta
from http.client import HTTPConnection
from urllib.parse import quote

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from recsys_serving.dashboard.deployment import NightFusion
from recsys_serving.dashboard.downloads import _without_formulas
from recsys_serving.dashboard.rows import Known, _confidence, _contributions, _why
from recsys_serving.keys import FILE_NAME, add_key, remove_key
from tests.helpers.committed import PROJECT
from tests.serving import small
from tests.serving.dashboard.releases import HORIZON, TITLES, dashboard, publish, tables
from tests.serving.small import NIGHT, Client

VIEWS = {
    "/": ("Night of 31 Oct 2017", "What changed: next", "NDCG@10, next", "Checks that did not pass", "check 2"),
    "/users": ("Users", "u17"),
    "/users?q=u1": ("u12",),
    "/users/u1": ("User u1", "Recommended: discovery", "goes with", "Profile", "every 6 days", "Friday", "activity: "),
    "/users/u1?against=2017-10-24": ("Gone since 24 Oct 2017",),
    "/users/u1?with=u2": ("Of u2", "in common"),
    "/users/nobody": ("does not know this id", "What is trending"),
    "/items": ("Rising", "New", "Rises and falls", "Group 1"),
    "/items?q=item": ("Item 8",),
    "/items/i2": ("BREAD", "Bundles", "Falls beyond chance: 30 users", "Taken together", "took it within 7 days"),
    "/lab": (
        "Grades of the newest graded night",
        "Paired comparison",
        "Costs",
        "lambdamart: 9 of 10 features",
        "Calibration error",
    ),
    "/lab?task=discovery&metric=recall&k=20": ("Recall@20",),
    "/lab/lists?user=u1": ("items stand in all", "Overlap"),
    "/lab/fusion?user=u1": ("over 30 users", "Weights"),
    "/lab/policies": ("Rules in force", "What each rule does to NDCG"),
    "/newcomers": ("Shown first: everywhere", "category: Group 1", "After three answers", "&lt;i&gt;sex"),
    "/newcomers?first=category:Group+1&second=item:i2&third=x": ("goes with what they like", "in a category they like"),
    "/data": ("Files delivered", "Events a day"),
}
"""Every view, and what its page says on a release that holds everything."""
EMPTY = "does not hold this"


@pytest.mark.parametrize("path", VIEWS)
def test_every_view_says_what_it_shows(ask, path):
    answer = ask(path)
    text = answer.body.decode()
    assert answer.status == 200
    assert [said for said in VIEWS[path] if said not in text] == []
    assert EMPTY not in text
    assert "fault of recsys" not in text


def test_nothing_delivered_is_markup_of_a_page(ask):
    for path in ("/users/u1", "/items/i1", "/items/i3", "/lab/lists?user=u1", "/lab/policies", "/data", "/newcomers"):
        text = ask(path).body.decode().partition("</title>")[2]
        for taken in ("<img", "<b>", "<i>odd", "<u>of", "`${", "<script>alert"):
            assert taken not in text, (path, taken)
    for item, title in enumerate(TITLES, 1):
        assert ask(f"/items/i{item}").status == 200, title


def test_why_shows_what_each_proposal_counts_and_the_delivered_rows(ask):
    """Item i12 of u1: als at rank 1 and <i>odd</i> at 3, with .3 and 0 of the night's weights and rrf_k 2."""
    text = html.unescape(ask("/users/u1").body.decode())
    assert "als 1: 0.3000 / (2 + 1) = 0.100000" in text
    assert "<i>odd</i> 3: 0.0000 / (2 + 3) = 0.000000" in text
    assert "0.100000, with the night's weights" in text
    assert "purchase × 5, 21 Oct 2017, 09:00: Item 12 (file <b>10.csv, row 1,010)" in text
    assert "Others of Group 2" in text
    assert "the fusion: the sum of the contributions below" in text


@pytest.mark.parametrize(
    ("configuration", "said", "fused"),
    [
        ("reranker", "the reranker: minus the mean logarithm", "does not order this list"),
        ("reranker_binary", "the reranker: its trees' estimate", "does not order this list"),
        ("blend", "the blend: reciprocal ranks", "does not order this list"),
        ("als", "the own list of als, by its score", "does not order this list"),
        ("trending", "no algorithm proposed anything", None),
    ],
)
def test_why_says_what_ordered_a_list(configuration, said, fused):
    row = {"configuration": configuration, "proposed_by": "als 2, ease 1", "raw_score": -1.5, "category": None}
    row |= {"reason_text": "popular", "reason_algorithm": "als", "item_id": "i1", "evidence_item_id": None}
    row |= {"evidence_count": None, "model_night": NIGHT, "task": "next", "rank": 1, "confidence": 0.27}
    fusion = NightFusion(60, {"als": 0.62, "ease": 0.38}, "the night's")
    found = dict(_why(row, Known(fusion=fusion, rankings={"fusion": ["i2", "i1"]})))
    assert said in found["Ordered by"]
    assert found["Rank by each ranking"] == ["fusion 2"]
    if fused:
        assert found["Proposed by, at rank"][0] == "als 2: 0.6200 / (60 + 2) = 0.010000"
        assert found["Fused score"].startswith("0.016230, with the night's weights")
        assert found["Fused score"].endswith(fused)
    else:
        assert found["Proposed by, at rank"] == ["als 2", "ease 1"]
        assert "Fused score" not in found


def test_why_shows_what_a_score_is_made_of():
    row = {"configuration": "blend", "task": "next", "rank": 2, "confidence": 0.27}
    trees = {"task": "next", "rank": 2, "explains": "binary", "base": -2.0}
    trees["parts"] = [{"part": f"table_{n}", "contribution": (-1) ** n / 2**n} for n in range(14)]
    other = {"task": "next", "rank": 1, "explains": "raw_score", "base": 0.0, "parts": []}
    ((label, said),) = _contributions(row, [trees, other, trees | {"task": "discovery"}])
    assert label == "Trees that estimate, log odds: −1.3334"
    assert said[:3] == ["base −2.0000", "table 0 +1.0000", "table 1 −0.5000"]
    assert said[-1] == "4 others +0.0006"
    assert _contributions(row | {"configuration": "fusion"}, [trees]) == []
    assert _confidence(row) == [
        ["Confidence", "27 of 100 such rows were taken within the horizon, in the nights graded so far"]
    ]
    assert _confidence(row | {"confidence": None}) == []


def test_the_explanation_of_the_api_says_what_a_score_is_made_of(ask):
    item = ask("/v1/users/u1/recommendations?k=1").json()["items"][0]
    assert item["confidence"] == 0.4
    (listing,) = [
        each for each in ask(f"/v1/explain/u1/{item['item_id']}").json()["listings"] if each["task"] == "next"
    ]
    assert listing["confidence"] == 0.4
    assert [each["explains"] for each in listing["contributions"]] == ["binary", "raw_score"]
    assert listing["contributions"][0]["base"] == -2.5
    assert listing["contributions"][0]["parts"][0] == {"part": "als", "contribution": 0.5}


def test_what_is_not_there_is_said(ask):
    assert ask("/items/nope").status == 404
    assert "knows no such item" in ask("/items/nope").body.decode()
    assert ask("/?night=2001-01-01").status == 404
    assert ask("/?night=soon").status == 422
    assert "soon is no night" in ask("/?night=soon").body.decode()
    assert ask("/nowhere").status == 404
    odd = quote("</script>'\"\\ ` ☕", safe="")
    assert ask(f"/users/{odd}?with={odd}&against={odd}").status == 200
    assert ask(f"/lab?task={odd}&metric={odd}&k={odd}&beyond={odd}&segment={odd}").status == 200


def test_the_api_beside_it_is_what_it_was(ask):
    assert ask("/v1/users/u1/recommendations?k=1").json()["items"][0]["rank"] == 1
    wrong = ask("/v1/nowhere")
    assert (wrong.status, wrong.headers["content-type"]) == (404, "application/problem+json")
    assert ask("/v1/grades", {}).status == 405
    assert ask("/v1/grades").headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert b'route="/users/{user_id:path}"' in ask("/metrics").body
    page = ask("/")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_a_table_is_taken_away_as_a_file(ask):
    for question, n in (("history?user_id=u1", 30), ("user_lists?user_id=u1&task=next", 20), ("reject_counts", 1)):
        name, _, query = question.partition("?")
        csv = ask(f"/download/{name}.csv?{query}")
        assert pyarrow.csv.read_csv(io.BytesIO(csv.body)).num_rows == n
        parquet = ask(f"/download/{name}.parquet?{query}")
        assert pyarrow.parquet.read_table(io.BytesIO(parquet.body)).num_rows == n
        assert parquet.headers["content-disposition"] == f'attachment; filename="{name}-{NIGHT}.parquet"'
    assert ask("/download/ledger.csv?night=2017-10-24").body.count(b"\n") == 31
    for path, status in {
        "history.csv": 422,
        "history.csv?user_id=u1&more=1": 422,
        "history.xlsx?user_id=u1": 404,
        "..%2Fserving%2Fhistory.csv": 404,
        "nothing.csv": 404,
        "costs.csv?night=2001-01-01": 404,
        "costs.csv?night=x": 422,
    }.items():
        assert ask(f"/download/{path}").status == status, path


def test_a_csv_holds_no_formula(ask):
    texts = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "x=1", "'=1", "", None, " =1", "ünï -1", "\n=1"]
    rows = pa.table({"text": texts, "number": [-float(n) for n in range(len(texts))], "-odd": [-1] * len(texts)})
    shown = _without_formulas(rows)
    assert shown["text"].to_pylist() == [f"'{text}" if text and text[0] in "=+-@\t\r" else text for text in texts]
    assert shown.drop_columns("text") == rows.drop_columns("text")
    assert _without_formulas(rows.slice(0, 0)).num_rows == 0
    csv = ask("/download/new_items.csv?since=2017-01-01").body.decode()
    assert any(line.startswith('"i5","\'@accent {b}') for line in csv.splitlines())


def test_a_name_of_elsewhere_and_a_page_of_elsewhere_are_refused(ask):
    assert ask("/", Host="elsewhere.example").status == 421
    assert ask("/sign-in", b"key=x", Origin="http://elsewhere.example").status == 403
    here = f"http://127.0.0.1:{ask.port}"
    for path, origin in (
        ("/_nicegui_ws/socket.io/", "http://elsewhere.example"),
        ("/_nicegui_ws/socket.io/", None),
        ("/v1/grades", here),
        ("/", here),
    ):
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://127.0.0.1:{ask.port}{path}?EIO=4&transport=websocket", origin=origin)
    with connect(f"ws://127.0.0.1:{ask.port}/_nicegui_ws/socket.io/?EIO=4&transport=websocket", origin=here) as socket:
        assert socket.recv().startswith("0{")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["one user and one item", "no grades", "of an earlier version"])
def test_every_view_answers_whatever_the_release_holds(tmp_path, kind):
    root = tmp_path / "shop"
    if kind == "one user and one item":
        publish(root, n_users=1, n_items=1)
    elif kind == "no grades":
        publish(root, graded=False)
    else:
        small.publish(root)
    with dashboard(root) as port:
        texts = {path: Client(port)(path).body.decode() for path in VIEWS}
    assert [path for path, text in texts.items() if "fault of recsys" in text] == []
    if kind == "no grades":
        assert "No night has been graded yet" in texts["/"]
    if kind == "of an earlier version":
        assert [path for path in ("/", "/users/u1", "/lab", "/data") if EMPTY not in texts[path]] == ["/users/u1"]
        assert "does not know this id" in texts["/users/u1"]


@pytest.mark.slow
def test_it_follows_the_link_and_shows_older_nights(tmp_path):
    root = tmp_path / "shop"
    publish(root, NIGHT - timedelta(HORIZON))
    with dashboard(root) as port:
        ask = Client(port)
        assert "Night of 24 Oct 2017" in ask("/").body.decode()
        publish(root, NIGHT, "b")
        assert "Night of 31 Oct 2017" in ask("/").body.decode()
        older = ask("/?night=2017-10-24").body.decode()
        assert "Night of 24 Oct 2017" in older
        assert "/users?night=2017-10-24" in older


@pytest.mark.slow
def test_with_keys_it_asks_for_one_that_may_read(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    read = add_key(root / FILE_NAME, "reader", ("read",), 100)
    write = add_key(root / FILE_NAME, "writer", ("write",), 100)
    with dashboard(root) as port:
        ask, here = Client(port), f"http://127.0.0.1:{port}"
        browsing = {"Accept": "text/html"}
        turned = ask("/users?q=u1", **browsing)
        assert (turned.status, turned.headers["location"]) == (303, "/sign-in?next=/users%3Fq%3Du1")
        assert b"u12" not in turned.body
        for path in ("/_nicegui/x", "/download/history.csv?user_id=u1", "/"):
            assert ask(path).status == 401
        assert ask("/", Authorization=f"Bearer {read}").status == 200
        counted = ask("/metrics", Authorization=f"Bearer {read}").body.decode()
        assert 'route="/users",status="303"' in counted
        assert 'route="/download/{name}",status="401"' in counted
        assert b"asks for a key" in ask("/sign-in").body
        for wrong in ("", "recsys_nothing", write):
            refused = _sign_in(port, wrong)
            assert (refused.status, refused.headers.get("set-cookie")) == (403, None)
        signed = _sign_in(port, read, "/users?q=u1")
        assert (signed.status, signed.headers["location"]) == (303, "/users?q=u1")
        assert _sign_in(port, read, "//elsewhere.example").headers["location"] == "/"
        cookie = signed.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert read not in cookie
        kept = {"Cookie": cookie.partition(";")[0]}
        assert "u12" in ask("/users?q=u1", **kept).body.decode()
        assert "Sign out" in ask("/", **kept).body.decode()
        assert ask("/v1/grades", **kept).status == 401
        socket = f"ws://127.0.0.1:{port}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
        with pytest.raises(InvalidStatus, match="403"):
            connect(socket, origin=here)
        with connect(socket, origin=here, additional_headers=kept) as opened:
            assert opened.recv().startswith("0{")
        name, _, value = kept["Cookie"].partition("=")
        ends, sha256, signature = value.split(".")
        for forged in (f"{int(ends) + 9}.{sha256}.{signature}", f"{ends}.{sha256}.{'0' * 64}", "x", "..", f"{ends}..é"):
            assert ask("/", Cookie=f"{name}={forged}".encode().decode("latin-1")).status == 401
        remove_key(root / FILE_NAME, "reader")
        while (status := ask("/", **kept).status) == 200:
            pass
        assert status == 401


def _sign_in(port, key, then="/"):
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", f"/sign-in?next={quote(then, safe='')}", f"key={key}", headers)
    response = connection.getresponse()
    return small.Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def test_nobody_else_imports_it():
    program = "import sys, recsys_serving, recsys_serving.server, recsys_jobs.cli; print('nicegui' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert run.stdout.strip() == "False"


def test_tables_of_these_releases_are_those_of_real_ones():
    """What the views are tested on has no column that a release does not have."""
    made = tables(NIGHT, 1, 1)
    for schema in ("meta", "serving"):
        for file in (PROJECT / "sql" / "release" / schema).glob("*.sql"):
            name = f"{schema}.{file.stem}"
            if name in made:
                said = file.read_text()
                assert [column for column in made[name].column_names if column not in said] == [], name
