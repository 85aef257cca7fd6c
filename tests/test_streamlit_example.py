"""The example page in Streamlit shows what a real server answers; it is short, and needs nothing of ours."""

import ast
import sys

import pytest

from tests.helpers.committed import PROJECT
from tests.serving import small

APP = PROJECT / "examples" / "streamlit_app.py"


def test_it_is_short_and_stands_alone():
    text = APP.read_text()
    assert len(text.splitlines()) < 100
    nodes = [*ast.walk(ast.parse(text))]
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in named} - sys.stdlib_module_names == {"streamlit"}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The page, asking a server of a small release."""
    testing = pytest.importorskip("streamlit.testing.v1", reason="Streamlit is not installed: pip install streamlit")
    small.publish(tmp_path / "shop")
    with small.serving(tmp_path / "shop") as client:
        monkeypatch.setenv("RECSYS_API", f"http://127.0.0.1:{client.port}")
        yield testing.AppTest.from_file(str(APP), default_timeout=30).run()


def test_a_user_gets_a_list_with_reasons_and_an_item_what_goes_with_it(page):
    assert not page.exception
    page.text_input[0].set_value("anna").run()
    assert not page.exception
    rows = page.dataframe[0].value
    assert list(rows["title"])[:2] == ["MILK", "BREAD <b>"]
    assert rows["reason_text"].iloc[0] == 'goes with "MILK", 1'
    page.text_input[0].set_value("nobody/at all?").run()
    assert "is not known" in page.caption[0].value
    page.text_input[1].set_value("milk").run()
    assert [str(value) for value in page.dataframe[1].value["title"]] == ["BREAD <b>", "TEA ☕"]
    assert not page.exception


def test_a_server_that_does_not_answer_is_said(page, monkeypatch):
    from tests.storage.export.servers import free_port

    monkeypatch.setenv("RECSYS_API", f"http://127.0.0.1:{free_port()}")
    page.run()
    assert "recsys serve" in page.error[0].value
    assert not page.exception
