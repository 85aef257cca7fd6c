"""People are told: of each trouble once, in every way the environment names, and anew when it comes back."""

import logging
from datetime import date, timedelta

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
    SkipReason,
    build_sensor_context,
    op,
)
from dagster import job as dagster_job

from recsys_assets.errors import RecsysError
from recsys_jobs.definitions import build_definitions
from recsys_jobs.messages import NotTold, channels, send_mail, send_to_slack
from tests.helpers import sample
from tests.jobs.receivers import mail_server, webhook

CHECK = ("grades", "users"), "all_takers_are_graded"


class Watch:
    """A deployment under the sensor; `tick` is one look, with the cursor of the one before."""

    def __init__(self, deployment):
        self.profile, self.cursor = deployment.profile, None
        definitions = build_definitions(self.profile)
        self.repository = definitions.get_repository_def()
        self.sensor = definitions.resolve_sensor_def("troubles")
        self.instance, self.n_said = DagsterInstance.ephemeral(), 0

    def tick(self) -> str:
        context = build_sensor_context(self.instance, self.cursor, repository_def=self.repository)
        answer = self.sensor(context)
        self.cursor = context.cursor
        assert isinstance(answer, SkipReason)
        return answer.skip_message

    def say(self, *, passed: bool, severity=AssetCheckSeverity.ERROR):
        """Let a check have said something, each time of the next night."""
        self.n_said += 1
        said = AssetCheckEvaluation(
            asset_key=AssetKey(list(CHECK[0])),
            check_name=CHECK[1],
            passed=passed,
            metadata={},
            severity=severity,
            description="3 failing row(s); 90 rows looked at",
            partition=str(date(2017, 10, 30) + timedelta(days=self.n_said)),
        )
        self.instance.report_runless_asset_event(said)

    def run_of(self, job: str, night: str, error: str | None):
        """Let a run of a job for a night end, with an error or well."""

        @op
        def clean():
            if error:
                raise RecsysError(error)

        @dagster_job(name=job, tags={"recsys/profile": self.profile.name, "dagster/partition": night})
        def runs():
            clean()

        runs.execute_in_process(instance=self.instance, raise_on_error=False)


@pytest.fixture
def watch(tmp_path):
    deployment = sample.new(tmp_path / "deployment")
    with deployment.active():
        yield Watch(deployment)


@pytest.fixture
def slack(watch, monkeypatch):
    with webhook() as hook:
        monkeypatch.setenv("RECSYS_SLACK_WEBHOOK", hook.address)
        yield hook


@pytest.fixture
def mail(watch, monkeypatch):
    with mail_server() as server:
        monkeypatch.setenv("RECSYS_SMTP", f"smtp://127.0.0.1:{server.port}")
        monkeypatch.setenv("RECSYS_MAIL_FROM", "recsys@shop.example")
        monkeypatch.setenv("RECSYS_MAIL_TO", "ann@shop.example, bob@shop.example")
        yield server


def test_a_failed_check_is_told_once_and_anew_when_it_comes_back(watch, slack, mail):
    assert watch.tick() == "0 trouble(s), 0 of them new."
    watch.say(passed=False)
    assert watch.tick() == "1 trouble(s), 1 of them new."
    watch.say(passed=False)
    assert watch.tick() == "1 trouble(s), 0 of them new."
    (text,), (message,) = slack.texts, mail.mails
    assert "Check all_takers_are_graded of grades.users fails for night 2017-10-31, which stops that night" in text
    assert "recsys check --select all_takers_are_graded --night 2017-10-31" in text
    assert text.startswith("*recsys sample: error*\nCheck all_takers")
    assert message["To"] == "ann@shop.example, bob@shop.example"
    assert message["Subject"].startswith("recsys sample: error: Check all_takers_are_graded")
    assert "recsys check --select all_takers_are_graded" in message.get_content()
    watch.say(passed=True)
    watch.tick()
    watch.say(passed=False)
    watch.tick()
    assert (len(slack.texts), len(mail.mails)) == (2, 2)


def test_a_warning_is_told_and_told_again_where_it_becomes_an_error(watch, slack):
    watch.say(passed=False, severity=AssetCheckSeverity.WARN)
    watch.tick()
    watch.say(passed=False, severity=AssetCheckSeverity.ERROR)
    watch.tick()
    assert [text.splitlines()[0] for text in slack.texts] == ["*recsys sample: warning*", "*recsys sample: error*"]


def test_a_failed_night_is_told_with_its_own_sentence(watch, slack):
    watch.run_of("nightly", "2017-10-31", "products.csv is not there. Deliver it again.")
    watch.run_of("nightly", "2017-10-31", "products.csv is not there. Deliver it again.")
    watch.tick()
    watch.tick()
    (text,) = slack.texts
    assert "Night 2017-10-31 was not built: clean: products.csv is not there. Deliver it again." in text
    assert "recsys night 2017-10-31" in text
    watch.run_of("nightly", "2017-11-01", "products.csv is not there. Deliver it again.")
    watch.run_of("nightly", "2017-10-31", None)
    assert watch.tick() == "1 trouble(s), 1 of them new."
    assert len(slack.texts) == 2


def test_other_profiles_troubles_are_not_ours(watch, slack):
    watch.run_of("nightly", "2017-10-31", "broken")
    other = watch.instance.get_runs()[0]
    watch.instance.add_run_tags(other.run_id, {"recsys/profile": "another"})
    assert watch.tick() == "0 trouble(s), 0 of them new."


def test_a_way_that_fails_is_tried_again_without_repeating_the_others(watch, slack, mail, caplog):
    slack.status, mail.refuses = 500, False
    watch.say(passed=False)
    watch.tick()
    watch.tick()
    assert (len(slack.texts), len(mail.mails)) == (0, 1)
    slack.status = 200
    watch.tick()
    watch.tick()
    assert (len(slack.texts), len(mail.mails)) == (1, 1)


def test_without_settings_the_log_is_told_all_the_same(watch, caplog):
    watch.say(passed=False)
    with caplog.at_level(logging.WARNING, "recsys_jobs.automation"):
        watch.tick()
        watch.tick()
    told = [record for record in caplog.records if record.name == "recsys_jobs.automation"]
    assert len(told) == 1
    assert told[0].levelno == logging.ERROR
    assert "sample: Check all_takers_are_graded" in told[0].getMessage()
    assert channels() == {}


def test_what_is_delivered_is_no_markup_of_slack(slack):
    send_to_slack("title", "<!channel> & <https://bad.example|look>")
    assert slack.texts == ["*title*\n&lt;!channel&gt; &amp; &lt;https://bad.example|look&gt;"]


@pytest.mark.parametrize("status", [400, 404, 500])
def test_no_error_of_slack_shows_its_address(slack, status):
    slack.status = status
    with pytest.raises(NotTold, match=f"RECSYS_SLACK_WEBHOOK answered {status}") as told:
        send_to_slack("title", "text")
    assert "SECRET" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/SECRET", "http://[SECRET", "ftp://SECRET", "SECRET"])
def test_an_address_that_is_none_is_named_by_its_variable(monkeypatch, address):
    monkeypatch.setenv("RECSYS_SLACK_WEBHOOK", address)
    with pytest.raises(NotTold, match="RECSYS_SLACK_WEBHOOK") as told:
        send_to_slack("title", "text")
    assert "SECRET" not in str(told.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RECSYS_MAIL_TO": ""}, "RECSYS_MAIL_TO"),
        ({"RECSYS_SMTP": "mail.example"}, "smtps://"),
        ({"RECSYS_SMTP": "smtp://ann:SECRET@127.0.0.1:1"}, "took no mail"),
        ({"RECSYS_SMTP": "smtp://ann:SECRET@127.0.0.1:not_a_port"}, "smtp://user:password@host:587"),
    ],
)
def test_wrong_settings_of_mail_are_named_without_the_password(mail, monkeypatch, settings, said):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NotTold, match=said) as told:
        send_mail("title", "text")
    assert "SECRET" not in str(told.value)


def test_a_password_is_not_sent_in_the_clear(mail, monkeypatch):
    """The server listens here, under a name that might be anywhere."""
    monkeypatch.setenv("RECSYS_SMTP", f"smtp://ann:SECRET@ip6-localhost.localdomain:{mail.port}")
    monkeypatch.setattr("socket.getaddrinfo", lambda host, port, *rest: [(2, 1, 6, "", ("127.0.0.1", int(port)))])
    with pytest.raises(NotTold, match="offers no encryption: it is not sent a password"):
        send_mail("title", "text")
    assert mail.mails == []
