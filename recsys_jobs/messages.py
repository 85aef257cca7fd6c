"""Telling people of a trouble: Slack's incoming webhook, and mail.

What belongs here: one message to one place, and where the environment says to send them. What is wrong, and who was
told already, is not known here. Passwords and the webhook's address stand in the environment alone; they are in no
message, and in none of the errors raised here.
"""

from __future__ import annotations

import ipaddress
import json
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from recsys_assets.errors import RecsysError

if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

TIMEOUT_SECONDS = 20.0
SUBJECT_LENGTH = 120
_PORTS = {"smtp": 587, "smtps": 465}


class NotTold(RecsysError):
    """A message that could not be sent; names the place and the variable that says it, never what is secret in it."""


def channels() -> dict[str, Callable[[str, str], None]]:
    """Ways to send a message (title, text) that the environment names, by what people call them."""
    named: dict[str, tuple[str, Callable[[str, str], None]]] = {
        "Slack": ("RECSYS_SLACK_WEBHOOK", send_to_slack),
        "mail": ("RECSYS_SMTP", send_mail),
    }
    return {name: send for name, (variable, send) in named.items() if os.environ.get(variable)}


def send_to_slack(title: str, text: str) -> None:
    """Post a message in the form of Slack's incoming webhooks (Mattermost and others take it, too).

    Raises
    ------
    NotTold
        When ``RECSYS_SLACK_WEBHOOK`` is no such address, or nobody there takes the message.
    """
    address = os.environ["RECSYS_SLACK_WEBHOOK"]
    if not address.startswith(("http://", "https://")):
        raise NotTold("RECSYS_SLACK_WEBHOOK is no address of a webhook: it must begin with https://.")
    # Slack reads these three signs as markup of its own.
    escaped = f"*{title}*\n{text}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    body = json.dumps({"text": escaped}).encode()
    try:
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})  # noqa: S310, see above
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        raise NotTold(f"The webhook of RECSYS_SLACK_WEBHOOK answered {error.code}: is it still there?") from None
    except (OSError, ValueError) as error:
        raise NotTold(f"The webhook of RECSYS_SLACK_WEBHOOK cannot be reached ({type(error).__name__}).") from None


def send_mail(title: str, text: str) -> None:
    """Send a mail through ``RECSYS_SMTP``, ``smtp://user:password@host:587`` or ``smtps://…:465``.

    With ``smtp`` the connection is encrypted (STARTTLS) where the server offers it; a password goes over an encrypted
    connection only, or to this machine.

    Raises
    ------
    NotTold
        When a setting is missing or wrong, or the server refuses.
    """
    server = _address("RECSYS_SMTP")
    sender, receivers = os.environ.get("RECSYS_MAIL_FROM"), os.environ.get("RECSYS_MAIL_TO")
    if server is None or server.scheme not in _PORTS or not sender or not receivers:
        raise NotTold(
            "Mail needs RECSYS_SMTP (smtp://user:password@host:587, or smtps://), RECSYS_MAIL_FROM and RECSYS_MAIL_TO "
            "(addresses, with commas between them)."
        )
    message = EmailMessage()
    first_line = " ".join(text.partition("\n")[0].split())  # A header is one line.
    message["Subject"], message["From"], message["To"] = f"{title}: {first_line}"[:SUBJECT_LENGTH], sender, receivers
    message.set_content(text)
    try:
        with _connection(server) as smtp:
            smtp.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise NotTold(f"The mail server of RECSYS_SMTP refuses its user or password ({error.smtp_code}).") from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise NotTold(f"The mail server of RECSYS_SMTP took no mail ({type(error).__name__}).") from None


def _address(variable: str) -> SplitResult | None:
    """The address that a variable holds, with a host and a port that can be; None where it is none."""
    try:
        address = urlsplit(os.environ[variable])
        return address if address.hostname and address.port != 0 else None
    except ValueError:
        return None


def _connection(server: SplitResult) -> smtplib.SMTP:
    """A connection to the mail server, encrypted where it can be, and with its user logged in."""
    assert server.hostname is not None
    host, port = server.hostname, server.port or _PORTS[server.scheme]
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    else:
        smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    smtp.ehlo()
    is_encrypted = server.scheme == "smtps"
    if not is_encrypted and smtp.has_extn("starttls"):
        smtp.starttls(context=ssl.create_default_context())
        is_encrypted = True
    if server.username:
        if not is_encrypted and not _is_this_machine(host):
            smtp.close()
            raise NotTold("The mail server of RECSYS_SMTP offers no encryption: it is not sent a password. Use smtps.")
        smtp.login(unquote(server.username), unquote(server.password or ""))
    return smtp


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
