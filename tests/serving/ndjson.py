"""Tells schemathesis how a body of NDJSON is sent: as the text that it is."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def as_text(_: schemathesis.SerializationContext, value: object) -> bytes:
    return str(value).encode(errors="replace")
