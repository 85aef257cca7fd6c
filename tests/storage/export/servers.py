"""PostgreSQL, Redis and a stand-in for S3, started on a free port of this machine, in a folder that goes afterwards."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from pyarrow.fs import S3FileSystem

POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None)
"""Debian's, which is on no path; the first version found."""
BUCKET = "bucket"
S3_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "someone",
    "AWS_SECRET_ACCESS_KEY": "something",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
MOTO = """
import sys, threading
from moto.server import ThreadedMotoServer
ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False).start()
threading.Event().wait()
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def folder() -> Iterator[Path]:
    """A short path, as names of sockets must be; pytest's own folders are closed to the user that PostgreSQL wants."""
    path = Path(tempfile.mkdtemp(prefix="server-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def as_user(user: str) -> list[str]:
    """What runs a command as another user, where one is root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A server that answers on a port until one is done with it."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        try:
            for _ in range(600):
                assert process.poll() is None, log.seek(0) or log.read().decode()
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            else:
                raise AssertionError(f"{command[0]} does not answer")
            yield
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def postgres() -> Iterator[str]:
    """A server of PostgreSQL; gives the URL of a database, whose password is `secret`."""
    if POSTGRES is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    port = free_port()
    with folder() as path:
        secret, data, user = path / "password", path / "data", as_user("postgres")
        secret.write_text("secret")
        if user:
            shutil.chown(path, "postgres")
            shutil.chown(secret, "postgres")
        made = [*user, str(POSTGRES), "-D", str(data), "-U", "shop", "-A", "scram-sha-256", f"--pwfile={secret}", "-N"]
        subprocess.run([*made, "-E", "utf8", "--locale=C"], check=True, capture_output=True, cwd="/")
        settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={path}", "fsync=off"]
        options = [word for setting in settings for word in ("-c", setting)]
        with running([*user, str(POSTGRES.with_name("postgres")), "-D", str(data), *options], port):
            yield f"postgresql://shop@127.0.0.1:{port}/postgres"


@contextmanager
def redis() -> Iterator[str]:
    """A server of Redis; gives its URL. Its password is `secret`."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    port = free_port()
    with folder() as path:
        options = [
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(path),
            "--requirepass",
            "secret",
        ]
        with running(["redis-server", *options], port):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def s3(environment: MutableMapping[str, str]) -> Iterator[str]:
    """A server that speaks as S3 does; gives the URL of a bucket. The environment is told where it is."""
    if find_spec("moto") is None:
        pytest.skip("moto is not installed: make venv-dev")
    port = free_port()
    environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
    environment.update(S3_ENVIRONMENT)
    with running([sys.executable, "-c", MOTO, str(port)], port):
        S3FileSystem(allow_bucket_creation=True, endpoint_override=f"http://127.0.0.1:{port}").create_dir(BUCKET)
        yield f"s3://{BUCKET}"
