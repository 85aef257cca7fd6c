"""A language model that is asked over real HTTP: what it costs at most, what is repeated, and who sees the key."""

import time
from email.utils import formatdate

import pytest

from recsys_assets.reasons.evidence import Evidence
from recsys_assets.reasons.language_model import (
    ATTEMPTS,
    Budget,
    Endpoint,
    LanguageModel,
    ModelError,
    NoAnswer,
    OutOfBudget,
)
from tests.reasons.endpoint import endpoint, honest

MILK = Evidence("popular", "popular: taken by {count} people", "en", "MILK", "DAIRY")
BREAD = Evidence("goes_with", "goes with MILK, which you took", "en", "BREAD", other_title="MILK")


@pytest.fixture
def served():
    with endpoint() as (model, url):
        yield model, Endpoint(url, "small", "sk-secret-1")


def asked(at, budget=None, timeout=5.0, evidence=(MILK, BREAD)):
    with LanguageModel(at, budget or Budget(100, 10**6, 60), timeout, wait=0.01) as model:
        return model.write(evidence)


def test_what_is_written_comes_by_place(served):
    model, at = served
    budget = Budget(100, 10**6, 60)
    assert asked(at, budget) == {
        0: ("MILK {count}", "Because MILK suits you."),
        1: ("BREAD", "Because BREAD suits you."),
    }
    assert (budget.used_requests, budget.used_tokens) == (1, 100)
    ((path, headers, body),) = model.requests
    assert (path, headers["Authorization"], body["model"]) == ("/v1/chat/completions", "Bearer sk-secret-1", "small")
    # Titles are data of the second message; the first, which says what to do, is the same for all.
    assert "MILK" not in body["messages"][0]["content"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_asked_again(served, status):
    model, at = served
    model.script = [status, status, honest]
    budget = Budget(100, 10**6, 60)
    assert len(asked(at, budget)) == 2
    assert budget.used_requests == 3


def test_retry_after_is_kept_to(served):
    model, at = served
    for in_words in (False, True):
        header = formatdate(time.time() + 2, usegmt=True) if in_words else "1"
        model.script, model.headers = [429, honest], {"Retry-After": header}
        began = time.monotonic()
        assert len(asked(at)) == 2
        assert time.monotonic() - began > 0.9
    model.script, model.headers = [429, honest], {"Retry-After": "3600"}
    with pytest.raises(OutOfBudget, match="seconds"):
        asked(at)


UNREADABLE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"\xff\xfe",
    b'{"choices": []}',
    b'{"choices": [{"message": {"content": "{\\"sentences\\": [{\\"id\\": 1, \\"blurb\\": \\"cut off"}}]}',
    b'{"choices": [{"message": {"content": "Sure! Here you are."}}]}',
    b'{"choices": [{"message": {"content": null}}]}',
    b'{"choices": [{"message": {"content": "{\\"sentences\\": [[]]}"}}]}',
    b'{"choices": [{"message": {"content": "[[[[' + b"[" * 100_000 + b'"}}]}',
    b" " * (2 << 20),
]


@pytest.mark.parametrize("content", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_comes_to_nothing(served, content):
    model, at = served
    model.script = [lambda _: content]
    with pytest.raises(NoAnswer, match="an answer that"):
        asked(at)
    assert len(model.requests) == ATTEMPTS


def test_numbers_that_were_not_asked_are_left_out(served):
    model, at = served
    told = [{"id": 2, "blurb": "b"}, {"id": 3, "blurb": "x"}, {"id": 0, "blurb": "x"}, {"id": "1"}, {"id": -1}]
    model.script = [lambda _: told]
    assert asked(at) == {1: ("b", None)}


def test_who_is_slow_is_cut_off(served):
    model, at = served
    model.delay = 1
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="it took too long"):
        asked(at, timeout=0.1)
    assert time.monotonic() - began < 3


def test_nobody_there():
    with pytest.raises(NoAnswer, match="no connection"):
        asked(Endpoint("http://127.0.0.1:9/v1", "small"))


@pytest.mark.parametrize(
    ("budget", "of"),
    [(Budget(0, 10, 10), "requests"), (Budget(10, 0, 10), "tokens"), (Budget(10, 10, 0), "seconds")],
)
def test_a_budget_ends(served, budget, of):
    with pytest.raises(OutOfBudget, match=of):
        asked(served[1], budget)
    assert served[0].requests == []


def test_repeated_requests_count(served):
    served[0].script = [500]
    budget = Budget(2, 10**6, 60)
    with pytest.raises(OutOfBudget, match="requests"):
        asked(served[1], budget)
    assert budget.used_requests == 2


def test_a_model_that_does_not_say_what_it_cost_is_estimated(served):
    served[0].usage = None
    budget = Budget(100, 10**6, 60)
    asked(served[1], budget)
    assert 200 < budget.used_tokens < 2_000


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_what_will_not_pass_is_told_without_the_key(served, status, caplog):
    served[0].script, served[0].headers = [status], {"Location": "http://127.0.0.1:1/elsewhere"}
    caplog.set_level("DEBUG")
    with pytest.raises(ModelError, match=f"HTTP {status}") as error:
        asked(served[1])
    assert len(served[0].requests) == 1
    assert "sk-secret-1" not in f"{error.value!r}{caplog.text}{served[1]!r}{error.getrepr(showlocals=False)}"


def test_the_environment_says_where():
    said = {"RECSYS_LLM_URL": "https://llm.example/v1/", "RECSYS_LLM_MODEL": "m", "RECSYS_LLM_KEY": " k "}
    assert Endpoint.of_environment(said) == Endpoint("https://llm.example/v1", "m", "k")
    assert Endpoint.of_environment({}) is None
    for change, why in (
        ({"RECSYS_LLM_MODEL": ""}, "RECSYS_LLM_MODEL is not"),
        ({"RECSYS_LLM_URL": "http://llm.example/v1"}, "to begin with https"),
        ({"RECSYS_LLM_URL": "https://a:secret@llm.example/v1"}, "without a name or password"),
        ({"RECSYS_LLM_URL": "ftp://llm.example"}, "https address"),
        ({"RECSYS_LLM_URL": "https://"}, "https address"),
    ):
        with pytest.raises(ModelError, match=why) as error:
            Endpoint.of_environment(said | change)
        assert "secret" not in str(error.value)
    for url in ("http://localhost:11434/v1", "http://[::1]:1/v1", "http://127.0.0.2/v1"):
        assert Endpoint.of_environment(said | {"RECSYS_LLM_URL": url})
