"""A language model behind any endpoint that speaks OpenAI's chat completions: asked in batches, within a budget.

What belongs here: one request, how it is repeated, and what it may cost. What is asked is `reasons.evidence`, what an
answer is held against `reasons.guard`. The key is sent to the endpoint and goes nowhere else: neither errors nor `repr`
have it, and what an endpoint says of an error is not told on.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from recsys_assets.errors import RecsysError
from recsys_assets.reasons.evidence import question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from httpx import Response

    from recsys_assets.reason_settings import SentenceSettings
    from recsys_assets.reasons.evidence import Evidence

URL, MODEL, KEY = "RECSYS_LLM_URL", "RECSYS_LLM_MODEL", "RECSYS_LLM_KEY"
ATTEMPTS = 4
MAX_ANSWER = 1 << 20
"""Bytes of an answer, at most."""
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})


class ModelError(RecsysError):
    """An endpoint that cannot be used as it is set; says what to do."""


class NoAnswer(Exception):
    """A request that came to nothing, after all attempts; says why in a few words."""


class OutOfBudget(Exception):
    """The night's budget is used up; says of what."""


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers."""

    url: str
    model: str
    key: str = field(default="", repr=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """What the environment names; None: it names none.

        Raises
        ------
        ModelError
            When an URL is there and no model, or it would send the key in the clear to another machine.
        """
        url = environment.get(URL, "").strip().rstrip("/")
        if not url:
            return None
        model = environment.get(MODEL, "").strip()
        if not model:
            raise ModelError(f"{URL} is set and {MODEL} is not: name the model that is to be asked.")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ModelError(f"{URL} is to be an https address without a name or password in it.")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise ModelError(f"{URL} is to begin with https://, unless the model runs on this machine.")
        return cls(url, model, environment.get(KEY, "").strip())


@dataclass
class Budget:
    """What a night may cost, and what it has."""

    requests: int
    tokens: int
    seconds: float
    used_requests: int = 0
    used_tokens: int = 0
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, settings: SentenceSettings) -> Self:
        """The budget that a profile sets."""
        return cls(settings.max_requests, settings.max_tokens, settings.max_seconds)

    @property
    def seconds_left(self) -> float:
        """Seconds until it ends."""
        return self.seconds - (time.monotonic() - self.began)

    def check(self) -> None:
        """Refuse to go on where nothing is left.

        Raises
        ------
        OutOfBudget
            Of what nothing is left.
        """
        for what, left in (
            ("requests", self.requests - self.used_requests),
            ("tokens", self.tokens - self.used_tokens),
            ("seconds", self.seconds_left),
        ):
            if left <= 0:
                raise OutOfBudget(what)


class LanguageModel:
    """An endpoint that is asked; a context manager.

    Parameters
    ----------
    endpoint : Endpoint
        Where.
    budget : Budget
        What it may cost.
    timeout : float
        Seconds that a request may take.
    wait : float
        Seconds before the first repetition, doubled at each further one; where an answer says how long
        (``Retry-After``), that.
    """

    def __init__(self, endpoint: Endpoint, budget: Budget, timeout: float, wait: float) -> None:
        import httpx

        self.budget, self._endpoint, self._timeout, self._wait = budget, endpoint, timeout, wait
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        # No .netrc, whose passwords are meant for others; answers that send elsewhere are not followed.
        self._client = httpx.Client(headers=headers, trust_env=False, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def write(self, evidence: Sequence[Evidence]) -> dict[int, tuple[object, object]]:
        """Blurb and explanation of each evidence by its place, as they came: of what an answer leaves out, nothing.

        Raises
        ------
        OutOfBudget
            When nothing of the budget is left.
        NoAnswer
            When no attempt brought an answer that can be read.
        ModelError
            When the endpoint refuses to be asked so: another request would be refused, too.
        """
        import tenacity

        body = question(evidence, self._endpoint.model)
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(self._ask, body, len(evidence))
        except _Again as error:
            raise NoAnswer(str(error)) from None

    def _ask(self, body: dict[str, Any], n: int) -> dict[int, tuple[object, object]]:
        import httpx

        self.budget.check()
        self.budget.used_requests += 1
        # A limit of httpx is on each wait for the next bytes: what dribbles in is cut off by `_read`.
        limit = min(self._timeout, self.budget.seconds_left)
        try:
            with self._client.stream(
                "POST", f"{self._endpoint.url}/chat/completions", json=body, timeout=max(limit, 0.01)
            ) as response:
                content = _read(response, time.monotonic() + limit)
        except httpx.TimeoutException:
            raise _Again("it took too long") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Again(f"no connection ({type(error).__name__})") from None
        if response.status_code in _AGAIN:
            raise _Again(f"HTTP {response.status_code}", _seconds(response.headers.get("retry-after", "")))
        if response.status_code != 200:
            raise ModelError(
                f"The language model answered HTTP {response.status_code}. Look at {URL}, {MODEL} and {KEY}."
            )
        return self._sentences(content, body, n)

    def _sentences(self, content: bytes, body: dict[str, Any], n: int) -> dict[int, tuple[object, object]]:
        """What an answer says, and what it cost."""
        told: Any = None
        try:
            told = json.loads(content)
            written = told["choices"][0]["message"]["content"]
            found = json.loads(written)["sentences"]
            said = {each["id"]: (each.get("blurb"), each.get("explanation")) for each in found}
            return {key - 1: texts for key, texts in said.items() if isinstance(key, int) and 0 < key <= n}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise _Again("an answer that cannot be read") from None
        finally:
            usage = told.get("usage") if isinstance(told, dict) else None
            tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
            # Where it does not say: four characters a token, as tokenizers make of English.
            guess = (len(json.dumps(body)) + len(content)) // 4
            self.budget.used_tokens += tokens if isinstance(tokens, int) and tokens > 0 else guess

    def _pause(self, state: Any) -> float:
        """Seconds until the next attempt."""
        error = state.outcome.exception()
        asked: float | None = getattr(error, "seconds", None)
        return float(self._wait * 2 ** (state.attempt_number - 1)) if asked is None else asked

    def _sleep(self, seconds: float) -> None:
        """Wait, unless the night's time would be over.

        Raises
        ------
        OutOfBudget
            When it would.
        """
        if seconds >= self.budget.seconds_left:
            raise OutOfBudget("seconds")
        time.sleep(seconds)


class _Again(Exception):
    """An attempt that may be repeated."""

    def __init__(self, said: str, seconds: float | None = None) -> None:
        super().__init__(said)
        self.seconds = seconds


def _read(response: Response, until: float) -> bytes:
    """Bytes of an answer, of which neither length nor time have no end."""
    content = b""
    for part in response.iter_bytes():
        content += part
        if len(content) > MAX_ANSWER:
            raise _Again("an answer that is too long")
        if time.monotonic() > until:
            raise _Again("it took too long")
    return content


def _seconds(header: str) -> float | None:
    """What ``Retry-After`` asks for: seconds, or a date."""
    from email.utils import parsedate_to_datetime

    try:
        return max(float(header), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(header).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError):
        return None


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
