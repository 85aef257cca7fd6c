"""Feedback: events that come in, acknowledged once the disk has them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from recsys_assets.errors import disk_error
from recsys_serving.answers import said
from recsys_serving.events import LARGEST, MAX_EVENTS, TEXTS, TYPES, WrongEvent, line_of, parsed
from recsys_serving.problems import Problem
from recsys_serving.routes.shared import described, services_of
from recsys_serving.schemas import Taken

router = APIRouter(tags=["feedback"])
_NDJSON = ("application/x-ndjson", "application/jsonl", "application/ndjson")
_EVENT = {
    "event_id": "0b0c7b6e-5b0e-4f5e-9a53-0f5a4f1f6a55",
    "user": "900",
    "item": "1082185",
    "event": "click",
    "time": "2017-11-01T09:30:00Z",
}
_TEXT = {"type": ["string", "number", "null"], "maxLength": 200}
_ID = {"type": ["string", "number"], "minLength": 1, "maxLength": 200}
_SCHEMA = {
    "type": "object",
    "required": ["event_id", "user", "item", "event", "time"],
    "properties": {
        "event_id": _ID | {"description": "Counts once; send it again until it is acknowledged."},
        "user": _ID,
        "item": _ID,
        "event": {"enum": list(TYPES)},
        "time": {"type": "string", "format": "date-time", "description": "When it happened; not later than now."},
        **dict.fromkeys(TEXTS, _TEXT),
        "quantity": {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": LARGEST},
        "value": {"type": ["number", "null"], "exclusiveMinimum": -LARGEST, "exclusiveMaximum": LARGEST},
        "rating": {"type": ["number", "null"], "exclusiveMinimum": -LARGEST, "exclusiveMaximum": LARGEST},
    },
    "additionalProperties": False,
}
_SEVERAL = {"type": "array", "items": _SCHEMA, "minItems": 1, "maxItems": MAX_EVENTS}
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"anyOf": [_SCHEMA, _SEVERAL]}, "example": _EVENT},
        _NDJSON[0]: {"schema": {"type": "string", "description": "An event a line."}, "example": json.dumps(_EVENT)},
    },
}
_TAKEN = described(Taken, {"accepted": 1, "repeated": 0}, 202)


@router.post("/v1/events", status_code=202, openapi_extra={"requestBody": _BODY}, responses=_TAKEN)
async def events(request: Request) -> Response:
    """Take one event, a list, or an event a line, up to 10,000: all of them, or none where one is wrong.

    Send them again, with the same event_id and content, until they are acknowledged: they count once.
    """
    services = services_of(request)
    if services.journal is None:
        raise Problem(409, services.no_journal)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", *_NDJSON):
        raise Problem(415, f"Send application/json, or {_NDJSON[0]} with an event a line.")
    body, now, lines = await request.body(), datetime.now(UTC), []
    try:
        sent = parsed(body, lines=kind in _NDJSON)
    except WrongEvent as error:
        raise Problem(422, f"{error.field}: {error}.", [{"field": error.field, "detail": str(error)}]) from None
    errors = []
    for place, event in enumerate(sent):
        try:
            lines.append(line_of(event, now))
        except WrongEvent as error:
            errors.append({"field": f"{place}.{error.field}", "detail": str(error)})
    if errors:
        services.metrics.events["refused"] += len(sent)
        said_of = f"{len(errors):,} of {len(sent):,} events are wrong, so none was taken. The first: "
        raise Problem(422, f"{said_of}{errors[0]['field']} {errors[0]['detail']}.", errors[:100])
    try:
        new = await services.journal.append(lines)
    except OSError as error:
        raise Problem(503, f"The events could not be kept: {disk_error(error) or error}") from error
    services.metrics.events["accepted"] += new
    services.metrics.events["repeated"] += len(lines) - new
    return Response(said({"accepted": new, "repeated": len(lines) - new}), 202, media_type="application/json")
