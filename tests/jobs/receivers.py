"""Receivers on this machine, as Slack and a mail server are: what they were sent is kept."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer


@dataclass
class Webhook:
    """An incoming webhook of Slack."""

    address: str
    status: int = 200
    """What it answers from now on."""
    texts: list[str] = field(default_factory=list)


@dataclass
class MailServer:
    """A mail server without encryption."""

    port: int
    refuses: bool = False
    """Whether it takes no mail from now on."""
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A webhook that takes what is posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if hook.status == 200:
                assert set(body) == {"text"}
                assert self.headers["Content-Type"] == "application/json"
                hook.texts.append(body["text"])
            self.send_response(hook.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server, served(server):
        hook = Webhook(f"http://127.0.0.1:{server.server_port}/services/T00/B00/SECRET")
        yield hook


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server as RFC 5321 has it, for one message a connection."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.answer("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "QUIT":
                    return self.answer("221 bye")
                if word == "DATA":
                    self.answer("354 go on")
                    lines = []
                    while (part := self.rfile.readline()) != b".\r\n":
                        lines.append(part)
                    mails.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
                self.answer("451 not now" if word == "MAIL" and mails.refuses else "250 fine")

        def answer(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, served(server):
        mails = MailServer(server.server_address[1])
        yield mails


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
