"""What every answer keeps to: problems, keys, rates, sizes, headers, metrics, the log."""

import io
import json
import os
import random
import socket
import subprocess
import sys
import time

import pytest

from recsys_assets.storage.release.file import ReleaseError
from recsys_serving.keys import KeysError, add_key, read_keys, remove_key
from recsys_serving.server import ServingError, Settings, application
from tests.helpers.committed import PROJECT
from tests.helpers.examples import examples
from tests.serving.small import EVENT, Client, publish, serving

PROBLEMS = [
    ("/nope", None, 404, None),
    ("/v1/items/none/similar", None, 404, None),
    ("/v1/users/1/recommendations?k=101", None, 422, "k"),
    ("/v1/users/1/recommendations?k=x", None, 422, "k"),
    ("/v1/users/1/recommendations?offset=-1", None, 422, "offset"),
    ("/v1/users/1/recommendations?task=none", None, 422, "task"),
    ("/v1/users/1/recommendations?category=none", None, 422, "category"),
    ("/v1/users/1/recommendations?night=yesterday", None, 422, "night"),
    ("/v1/users/1/recommendations?night=2001-01-01", None, 404, None),
    ("/v1/trending?scope=none", None, 422, "scope"),
    ("/v1/search", None, 422, "q"),
    ("/v1/items/none/bundles", None, 404, None),
    ("/v1/items/1/bundles?k=7", None, 422, "k"),
    ("/v1/users/1/bundles/1?task=none", None, 422, "task"),
    ("/v1/movements?kind=shop", None, 422, "kind"),
    ("/v1/movements?max_q=2", None, 422, "max_q"),
    ("/v1/recommendations", b"{", 422, None),
    ("/v1/recommendations", {}, 422, None),
    ("/v1/recommendations", {"user": "1", "users": ["2"]}, 422, None),
    ("/v1/recommendations", {"users": ["1"] * 101}, 422, "users"),
    ("/v1/recommendations", {"user": "1", "kk": 1}, 422, "kk"),
    ("/v1/recommendations", {"user": "1", "context": {"planet": "x"}}, 422, "context.planet"),
    ("/v1/recommendations", {"user": True}, 422, None),
    ("/v1/recommendations", b"[" * 100_000, 400, None),
    ("/v1/recommendations", b"x" * (1 << 20 | 1), 413, None),
    ("/v1/users/" + "9" * 9000 + "/recommendations", None, 414, None),
]


@pytest.mark.parametrize(("path", "body", "status", "field"), PROBLEMS, ids=[str(n) for n in range(len(PROBLEMS))])
def test_every_error_is_a_problem_that_names_the_field(ask, path, body, status, field):
    answer = ask(path, body)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"].strip()[-1] in ".]}" or status == 422
    if field:
        assert field in {error["field"] for error in problem["errors"]}


def test_a_method_that_is_not_known(ask):
    assert ask("/v1/items", method="DELETE").status == 405


def test_a_body_that_hides_its_length(ask):
    with socket.create_connection(("127.0.0.1", ask.port), timeout=20) as raw:
        raw.sendall(
            b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(20):
            raw.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_headers_on_every_answer(ask):
    for path in ("/v1/items", "/nope", "/health/live", "/v1/users/1/recommendations?k=x"):
        headers = ask(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "access-control-allow-origin" not in ask(path, Origin="https://elsewhere.example").headers
        assert "server" not in headers


def test_answers_that_no_route_was_asked_for_are_counted_under_the_one_of_their_path(tmp_path):
    publish(root := tmp_path / "shop")
    file = root / "api_keys.json"
    reads, slow = add_key(file, "reads", ["read"], 50), add_key(file, "slow", ["read"], 1)
    path = "/v1/users/17012/recommendations"
    with serving(root) as ask:
        bearer = {"Authorization": f"Bearer {reads}"}
        tag = ask(path, **bearer).headers["etag"]
        assert ask(path, If_None_Match=tag, **bearer).status == 304
        assert ask(f"{path}?k=3").status == 401
        assert ask("/v1/events", EVENT, **bearer).status == 403
        while ask("/v1/items/1/similar", Authorization=f"Bearer {slow}").status != 429:
            pass
        assert ask("/v1/nowhere/at/all").status == 401
        text = ask("/metrics", **bearer).body.decode()
    route = "/v1/users/{user_id}/recommendations"
    for method, named, status in (
        ("GET", route, 200),
        ("GET", route, 304),
        ("GET", route, 401),
        ("POST", "/v1/events", 403),
        ("GET", "/v1/items/{item_id}/similar", 429),
        ("GET", "none", 401),
    ):
        assert f'recsys_requests_total{{method="{method}",route="{named}",status="{status}"}}' in text
    assert f'recsys_request_seconds_count{{route="{route}"}} 3' in text
    assert "17012" not in text


def test_a_page_of_elsewhere_under_our_address_is_not_answered(ask):
    assert ask("/v1/items", Host="evil.example:8000").status == 421
    assert ask("/v1/items", Host="localhost").status == 200
    assert ask("/v1/items", Host="[::1]:8000").status == 200


def test_origins_that_are_allowed(shop):
    with serving(shop, origins=("https://shop.example",)) as ask:
        allowed = ask("/v1/items", Origin="https://shop.example").headers
        assert allowed["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-origin" not in ask("/v1/items", Origin="https://else.example").headers


def test_the_description_has_every_route_with_an_example(ask):
    said = ask("/openapi.json").json()
    assert len(said["paths"]) >= 14
    for path, methods in said["paths"].items():
        for method in methods.values():
            assert method["summary"], path
            assert method["description"], path
            ok = method["responses"].get("200") or method["responses"]["202"]
            assert path == "/metrics" or "example" in ok["content"]["application/json"], path
            assert "application/problem+json" in method["responses"]["422"]["content"], path


def test_health_and_metrics(ask):
    assert ask("/health/live").json() == {"status": "ok"}
    assert ask("/health/ready").json()["status"] == "ok"
    ask("/v1/users/nobody/recommendations")
    text = ask("/metrics").body.decode()
    assert 'recsys_fallbacks_total{source="trending"}' in text
    assert 'recsys_fallbacks_total{source="filled"}' not in text
    ask("/v1/users/17012/recommendations?exclude=1")
    assert b'recsys_fallbacks_total{source="filled"} 1' in ask("/metrics").body
    assert 'recsys_request_seconds_bucket{route="/v1/users/{user_id}/recommendations",le="+Inf"}' in text
    assert "recsys_release_age_seconds" in text
    assert all(line.startswith("#") or len(line.rsplit(" ", 1)) == 2 for line in text.splitlines())


def test_keys_and_what_they_may(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    file = root / "api_keys.json"
    reads, writes = add_key(file, "reads", ["read"], 50), add_key(file, "writes", ["write"], 50)
    assert reads not in file.read_text()
    assert file.stat().st_mode & 0o77 == 0
    with pytest.raises(KeysError, match="already"):
        add_key(file, "reads", ["read"], 50)
    with serving(root) as ask:
        assert ask("/health/live").status == 200
        without = ask("/v1/items")
        assert (without.status, without.headers["www-authenticate"]) == (401, "Bearer")
        assert ask("/metrics").status == 401
        assert ask("/v1/items", Authorization=f"Bearer {reads}x").status == 401
        assert ask("/v1/items", Authorization=f"Bearer {reads}", Host="shop.example").status == 200
        assert ask("/v1/items", Authorization=f"Bearer {writes}").status == 403
        assert ask("/v1/events", b"{}", Authorization=f"Bearer {reads}").status == 403
        assert ask("/v1/events", b"{}", Authorization=f"Bearer {writes}").status == 422
        remove_key(file, "reads")
        time.sleep(1.1)
        assert ask("/v1/items", Authorization=f"Bearer {reads}").status == 401
        file.write_text("[")
        time.sleep(1.1)
        assert ask("/v1/items", Authorization=f"Bearer {writes}").status == 503
        assert ask("/v1/items", Authorization=f"Bearer {writes}").status == 401
        file.write_text("[]")
        time.sleep(1.1)
        assert ask("/v1/items").status == 401, "without the last key it must not open to whoever names this machine"
    with pytest.raises(KeysError, match="There is no key named"):
        remove_key(file, "reads")


ADD = "import sys; from pathlib import Path; from recsys_serving.keys import *; "
ADD += "[(add_key(Path(sys.argv[1]), f'{sys.argv[2]}-{n}', ['read'], 1), n % 2 and remove_key(Path(sys.argv[1]), "
ADD += "f'{sys.argv[2]}-{n}')) for n in range(10)]"


def test_keys_added_and_removed_by_many_at_once(tmp_path):
    file = tmp_path / "shop" / "api_keys.json"
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    adding = [
        subprocess.Popen([sys.executable, "-c", ADD, str(file), str(number)], env=environment) for number in range(6)
    ]
    assert [process.wait(120) for process in adding] == [0] * 6
    assert {key.name for key in read_keys(file)} == {f"{p}-{n}" for p in range(6) for n in range(0, 10, 2)}
    assert [path.name for path in file.parent.glob(".tmp*")] == []


def test_a_key_may_ask_so_often(tmp_path):
    root = tmp_path / "shop"
    publish(root)
    key = add_key(root / "api_keys.json", "slow", ["read"], 2)
    with serving(root) as ask:
        statuses = [ask("/v1/items?k=0", Authorization=f"Bearer {key}").status for _ in range(8)]
        assert statuses[:4] == [200] * 4
        assert statuses[-1] == 429
        assert int(ask("/v1/items", Authorization=f"Bearer {key}").headers["retry-after"]) >= 1


def test_the_key_of_an_environment(tmp_path, monkeypatch):
    publish(tmp_path / "shop")
    monkeypatch.setenv("RECSYS_API_KEYS", json.dumps([{"name": "a", "sha256": "0" * 64}]))
    with serving(tmp_path / "shop") as ask:
        assert ask("/v1/items").status == 401
    for wrong in ("{", '[{"name": 1}]', '[{"name": "a", "sha256": "x"}]', "[1]"):
        monkeypatch.setenv("RECSYS_API_KEYS", wrong)
        with pytest.raises(KeysError, match="RECSYS_API_KEYS"), serving(tmp_path / "shop"):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "shop.example"])
def test_without_keys_it_listens_on_this_machine_only(shop, host):
    with pytest.raises(ServingError, match="recsys keys add"):
        application(Settings(root=shop, keys=shop / "api_keys.json", inbox=None, host=host))


def test_nothing_published_is_said(tmp_path):
    with pytest.raises(ReleaseError, match="recsys night"):
        application(Settings(root=tmp_path, keys=tmp_path / "k", inbox=None))


def test_the_log_has_no_users_unless_asked(shop):
    for log_paths in (False, True):
        log = io.StringIO()
        with serving(shop, log=log, log_paths=log_paths) as ask:
            ask("/v1/users/17012/recommendations?k=1")
        (line,) = map(json.loads, log.getvalue().splitlines())
        assert (line["route"], line["status"]) == ("/v1/users/{user_id}/recommendations", 200)
        assert ("17012" in json.dumps(line)) is log_paths


def random_request(chance: random.Random) -> tuple[str, object, str, dict[str, str]]:
    """A request that may have anything wrong."""
    words = [
        "",
        "1",
        "17012",
        "%00",
        "%ff",
        "%F0%9F%98%80",
        "..",
        "%2e%2e%2f",
        "null",
        "-1",
        "1e999",
        "9" * 30,
        "'",
        '"',
        "<x>",
        "%25",
    ]
    routes = (
        *(
            "/v1/users/{}/recommendations",
            "/v1/recommendations",
            "/v1/items/{}/similar",
            "/v1/explain/{}/{}",
            "/v1/items",
        ),
        *("/v1/trending", "/v1/users/{}", "/v1/search", "/v1/releases", "/v1/grades", "/v1/events", "/metrics", "/{}"),
    )
    route = chance.choice(routes)
    path = route.format(*(chance.choice(words) for _ in range(2)))
    names = ["task", "k", "offset", "category", "exclude", "explain", "night", "q", "scope", "order", "limit", "metric"]
    query = "&".join(f"{chance.choice(names)}={chance.choice(words)}" for _ in range(chance.randrange(4)))
    values = [
        None,
        True,
        -1,
        1.5,
        10**400,
        "",
        "\ud800",
        "x" * 600,
        [],
        {},
        [[]],
        {"a": 1},
        ["1"] * 200,
        "17012",
        "2017-11-01T00:00Z",
    ]
    fields = [
        "user",
        "users",
        "k",
        "task",
        "context",
        "exclude",
        "seen",
        "offset",
        "category",
        "event_id",
        "item",
        "event",
        "time",
    ]
    body: object = None
    if chance.random() < 0.6:
        body = chance.choice(
            [b"", b"{", b"\xff", b"[]", b"null", b"[" * 3000, b'{"k":NaN}', b'{"a":1}\n{"b"', b"1" * 5000]
        )
        if chance.random() < 0.7:
            body = json.dumps(
                {chance.choice(fields): chance.choice(values) for _ in range(chance.randrange(5))}
            ).encode()
    headers = {
        "Content_Type": chance.choice(
            ["application/json", "application/x-ndjson", "text/plain", "", "é", "application/json; charset=x"]
        )
    }
    method = chance.choice(["GET", "POST", "PUT", "HEAD", "OPTIONS"])
    return f"{path}?{query}", body, method, {name: value for name, value in headers.items() if value.isascii()}


def test_malformed_requests_are_never_a_fault_of_ours(ask: Client):
    chance = random.Random(20)
    for number in range(examples(2000)):
        path, body, method, headers = random_request(chance)
        answer = ask(path, body, method, **headers)
        assert answer.status < 500, (number, method, path, body)
        if answer.status >= 400 and method != "HEAD":
            assert answer.headers["content-type"] == "application/problem+json", (number, method, path, body)
