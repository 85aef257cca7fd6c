"""A language model's endpoint on this machine, over real HTTP, that behaves and misbehaves as it is told."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def honest(entry):
    """What a model that keeps to its evidence writes of an entry."""
    said = entry["evidence"]
    title, figures = said["item"]["title"], " ".join(said["placeholders"])
    return {"id": entry["id"], "blurb": f"{title} {figures}".strip(), "explanation": f"Because {title} suits you."}


class Model:
    """What the endpoint does.

    `script` holds what each request gets, one after the other, the last for all further ones: a status, or a function
    of the entries to what is sent back (bytes as they are, else the sentences).
    """

    def __init__(self):
        self.script, self.requests, self.headers, self.delay, self.usage = [honest], [], {}, 0.0, 100

    def answer(self):
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def endpoint():
    """An endpoint as `Model`, and its address."""
    model = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            model.requests.append((self.path, dict(self.headers), body))
            asked, status = model.answer(), 200
            time.sleep(model.delay)
            if isinstance(asked, int):
                status, content = asked, json.dumps({"error": f"key {self.headers.get('authorization')}"}).encode()
            else:
                entries = json.loads(body["messages"][1]["content"])["entries"]
                content = asked(entries) if asked is not honest else [honest(entry) for entry in entries]
                if not isinstance(content, bytes):
                    said = json.dumps({"sentences": content})
                    told = {"choices": [{"message": {"content": said}}], "usage": {"total_tokens": model.usage}}
                    content = json.dumps(told).encode()
            self.send_response(status)
            for name, value in model.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield model, f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
