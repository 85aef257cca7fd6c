"""Errors as people and programs get them: application/problem+json (RFC 9457), with what to do next.

What belongs here: the one shape of all errors, those of FastAPI and Starlette too.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # It is what the standard calls it.
    """An answer other than the one asked for.

    Parameters
    ----------
    status : int
        HTTP status, 400 to 599.
    detail : str
        A sentence that says what to do.
    errors : Sequence[Mapping[str, str]]
        What is wrong with which field: `field` and `detail` of each.
    headers : Mapping[str, str]
        Headers of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, errors, headers

    def response(self) -> Response:
        """The answer."""
        said: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            said["errors"] = list(self.errors)
        return Response(json.dumps(said), self.status, self.headers, MEDIA_TYPE)


def wrong_field(field: str, detail: str) -> Problem:
    """Problem 422 of one field of the question."""
    return Problem(422, f"{field}: {detail}", [{"field": field, "detail": detail}])


def add_handlers(app: FastAPI) -> None:
    """Let every error of an application leave it as a problem."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    async def problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [
            {"field": ".".join(map(str, each["loc"][1:])) or str(each["loc"][0]), "detail": str(each["msg"])}
            for each in error.errors()
        ]
        said = "; ".join(f"{each['field']}: {each['detail']}" for each in errors[:5])
        return Problem(422, f"{said}. GET /openapi.json says what is taken.", errors[:100]).response()

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = {
            400: "The body cannot be read. GET /openapi.json says what is taken.",
            404: "There is no such page. GET /openapi.json lists the routes.",
            405: "The route does not know this method. GET /openapi.json lists those it knows.",
        }.get(error.status_code, str(error.detail))
        return Problem(error.status_code, detail, headers=error.headers).response()

    async def fault(_: Request, __: Exception) -> Response:
        said = "That is a fault of recsys, not of what you sent. The server's log has the traceback; please report it."
        return Problem(500, said).response()

    app.add_exception_handler(Exception, fault)
    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
