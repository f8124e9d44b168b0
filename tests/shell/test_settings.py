"""config.yaml, the environment and .env, read as people write them; errors say the line and hold no value."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from launcher.core.columns import Condition
from launcher.core.guard import StopAfter
from launcher.core.pacing.limits import PLANS
from launcher.core.parameters import Reading
from launcher.core.plan import SKIP, START, Duplicates, StartedBefore
from launcher.settings import Settings, SettingsError, load_settings

JOB = "jobs: {followup: {template: 1, kind: lead}}\n"
SECRET = "v3ryD1st1nct1ve"
WEBHOOK = f"https://portal.example/rest/1/{SECRET}/"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder to stand in, and nothing of ours in the environment."""
    for name in ("BITRIX24_WEBHOOK_URL", "LAUNCHER_LEDGER", "OUR_WEBHOOK", "OUR_TEMPLATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def settings(text: str, *, env_file: str = "") -> Settings:
    """What is read from that config.yaml, with that .env beside it."""
    Path("config.yaml").write_text(text, encoding="utf-8")
    if env_file:
        Path(".env").write_text(env_file, encoding="utf-8")
    return load_settings(None)


def refusal(text: str | bytes) -> str:
    """The message with which that config.yaml is refused."""
    Path("config.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    return str(caught.value)


def webhook(found: Settings, portal: str | None = None) -> str:
    return found.portal(portal).webhook_url.get_secret_value()


# Where values come from


def test_a_placeholder_is_filled_in_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_WEBHOOK", WEBHOOK)

    assert webhook(settings("portal: {webhook_url: '${OUR_WEBHOOK}'}")) == WEBHOOK


def test_a_placeholder_is_filled_in_from_env_beside_the_configuration(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "mine.yaml").write_text("portal:\n  webhook_url: ${OUR_WEBHOOK}\n")
    (folder / ".env").write_text(f"OUR_WEBHOOK={WEBHOOK}\n")
    Path(".env").write_text("OUR_WEBHOOK=https://wrong.example/rest/1/wrong1/\n")

    assert webhook(load_settings(folder / "mine.yaml")) == WEBHOOK


def test_the_environment_comes_before_env(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_WEBHOOK", WEBHOOK)
    found = settings("portal: {webhook_url: '${OUR_WEBHOOK}'}", env_file="OUR_WEBHOOK=https://b.example/\n")

    assert webhook(found) == WEBHOOK


def test_a_placeholder_may_stand_inside_a_text() -> None:
    found = settings("ledger: 'postgresql://u:${OUR_WEBHOOK}@host/db'", env_file="OUR_WEBHOOK=p4ssw0rd\n")

    assert found.ledger().get_secret_value() == "postgresql://u:p4ssw0rd@host/db"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_without_a_configuration_the_environment_or_env_names_the_portal(
    monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    """Windows' Notepad writes the mark."""
    Path(".env").write_text(f"{mark}BITRIX24_WEBHOOK_URL={WEBHOOK}\n", encoding="utf-8")

    assert load_settings(None).path is None
    assert webhook(load_settings(None)) == WEBHOOK
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", "https://first.example/rest/1/abcdef/")
    assert webhook(load_settings(None)) == "https://first.example/rest/1/abcdef/"


def test_a_portal_without_its_own_webhook_takes_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", WEBHOOK)

    assert webhook(settings("portal: {plan: enterprise}")) == WEBHOOK
    assert webhook(settings("portal: {webhook_url: 'https://own.example/'}")) == "https://own.example/"


def test_no_webhook_anywhere_is_said_with_the_places_to_put_it() -> None:
    with pytest.raises(SettingsError, match=r"BITRIX24_WEBHOOK_URL .*\.env.* webhook_url:"):
        settings(JOB).portal(None)


def test_a_variable_that_nothing_defines_is_an_error_only_when_its_value_is_needed() -> None:
    found = settings(
        "portal: {webhook_url: '${OUR_WEBHOOK}'}\n"
        "ledger: ${OUR_LEDGER}\n"
        "jobs:\n"
        "  whole: {template: 1, kind: lead}\n"
        "  partly: {template: '${OUR_TEMPLATE}', kind: lead}\n"
    )

    assert found.job("whole") is not None
    with pytest.raises(SettingsError, match=r"jobs: partly: \$\{OUR_TEMPLATE\} is not defined; .*\.env"):
        found.job("partly")
    with pytest.raises(SettingsError, match=r"webhook_url: \$\{OUR_WEBHOOK\} is not defined"):
        found.portal(None)
    with pytest.raises(SettingsError, match=r"ledger: \$\{OUR_LEDGER\} is not defined"):
        found.ledger()


def test_the_environment_names_the_ledger_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings("ledger: from-file.db")
    assert found.ledger().get_secret_value() == "from-file.db"

    monkeypatch.setenv("LAUNCHER_LEDGER", "from-environment.db")
    assert load_settings(None).ledger().get_secret_value() == "from-environment.db"


def test_an_env_that_is_not_utf8_is_refused_without_its_content() -> None:
    Path(".env").write_bytes(f"OUR_WEBHOOK={SECRET}\n# пароль\n".encode("cp1251"))

    with pytest.raises(SettingsError, match=r"\.env: cannot be read as UTF-8") as caught:
        load_settings(None)
    assert SECRET not in str(caught.value)


# Texts stay as they were written


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("null", "null"),
        ("~", "~"),
        ("007", "007"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("1e5", "1e5"),
        ("2026-11-23", "2026-11-23"),
        ('"  spaces  "', "  spaces  "),
        ("Привет, мир", "Привет, мир"),
    ],
)
def test_a_value_stays_the_text_that_the_person_wrote(written: str, read: str) -> None:
    found = settings(
        f"jobs:\n  a:\n    template: 1\n    kind: lead\n    parameters:\n      P:\n        value: {written}\n"
    )

    job = found.job("a")
    assert job is not None
    assert job[1].parameters["P"].value == read


def test_a_template_keeps_its_zeros_and_a_job_may_be_called_no() -> None:
    job = settings("jobs: {no: {template: 007, kind: lead}}").job("no")

    assert job is not None
    assert (job[0], job[1].template) == ("no", "007")


def test_an_empty_file_and_no_file_are_the_same_as_nothing_configured() -> None:
    assert settings("").job(None) is None
    assert settings("# nothing yet\n").job(None) is None
    Path("config.yaml").unlink()
    assert load_settings(None).job(None) is None


# Jobs and portals


def test_the_only_job_needs_no_name_and_of_several_one_must_be_said() -> None:
    job = settings(JOB).job(None)
    assert job is not None
    assert (job[0], job[1].columns.document, job[1].started_before_rule()) == ("followup", "", SKIP)

    several = settings("jobs: {a: {template: 1, kind: lead}, b: {template: 2, kind: deal}}")
    with pytest.raises(SettingsError, match="--job: a, b"):
        several.job(None)


def test_a_job_named_wrongly_is_answered_with_the_nearest_and_with_all() -> None:
    with pytest.raises(
        SettingsError, match=r'no job "folowup" \(did you mean "followup"\?\); the jobs are foll'
    ):
        settings(JOB).job("folowup")
    with pytest.raises(SettingsError, match="no jobs are configured"):
        settings("").job("followup")


def test_of_several_portals_the_job_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", WEBHOOK)
    several = settings("portals: {main: {webhook_url: 'https://main.example/'}, branch: {plan: enterprise}}")

    assert webhook(several, "main") == "https://main.example/"
    assert webhook(several, "branch") == WEBHOOK
    assert len(several.all_portals()) == 2
    with pytest.raises(SettingsError, match="which portal it runs on: main, branch"):
        several.portal(None)
    with pytest.raises(SettingsError, match=r'no portal "brnach" \(did you mean "branch"\?\)'):
        several.portal("brnach")


def test_the_only_one_of_portals_needs_no_name() -> None:
    only = settings("portals: {main: {webhook_url: 'https://main.example/'}}")

    assert webhook(only) == webhook(only, "main") == "https://main.example/"


def test_portal_and_portals_exclude_each_other() -> None:
    assert "either portal: or portals:" in refusal("portal: {plan: standard}\nportals: {main: {}}\n")


# Limits and plans


@pytest.mark.parametrize("plan", PLANS)
def test_a_plan_sets_the_limits(plan: str) -> None:
    found = settings(f"portal: {{plan: {plan}, webhook_url: x}}")

    assert found.portal(None).effective_limits() == PLANS[plan]


@pytest.mark.parametrize(("written", "seconds"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5 h", 5400)])
def test_a_period_is_written_with_its_unit(written: str, seconds: float) -> None:
    assert (
        settings(f"portal: {{webhook_url: x, give_up_after: {written}}}").portal(None).give_up_after == seconds
    )


@pytest.mark.parametrize(("written", "part"), [("50%", 0.5), (" 7 % ", 0.07), ("100%", 1.0), ("1%", 0.01)])
def test_a_share_of_the_request_rate_is_written_as_a_percentage(written: str, part: float) -> None:
    found = settings(f"portal: {{webhook_url: x, share: '{written}'}}").portal(None)

    assert found.share == pytest.approx(part)


@pytest.mark.parametrize("written", ["half", "'0%'", "101%", "'50'", "50 percent", "-5%", "5%%", "'%'"])
def test_a_share_that_cannot_be_is_refused(written: str) -> None:
    assert "portal: share: " in refusal(f"portal: {{webhook_url: x, share: {written}}}")


def test_batches_take_ten_seconds_and_the_operating_time_counts_ten_minutes_unless_the_person_says() -> None:
    plain = settings("portal: {webhook_url: x}").portal(None)
    assert (plain.batch_seconds, plain.effective_limits().window_s, plain.share) == (10, 600, 1)

    own = settings("portal: {webhook_url: x, batch_seconds: 3, limits: {operating_window: 60s}}").portal(None)
    assert (own.batch_seconds, own.effective_limits().window_s) == (3, 60)
    assert "portal: batch_seconds: " in refusal("portal: {webhook_url: x, batch_seconds: 61}")


@pytest.mark.parametrize(
    ("written", "rule"), [("skip", SKIP), ("start", START), ("{after: 7d}", StartedBefore(7 * 86_400))]
)
def test_what_becomes_of_a_row_that_an_earlier_run_started_is_a_word_or_a_period(
    written: str, rule: StartedBefore
) -> None:
    job = settings(f"jobs: {{a: {{template: 1, kind: lead, started_before: {written}}}}}").job("a")

    assert job is not None
    assert job[1].started_before_rule() == rule


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("maybe", "skip, start or {after: 7d} is expected"),
        ("{afer: 7d}", "skip, start or {after: 7d} is expected"),
        ("{after: soon}", "a period such as 90s, 30m, 2h or 7d is expected"),
    ],
)
def test_another_word_or_period_is_refused_in_one_line(written: str, words: str) -> None:
    message = refusal(f"jobs: {{a: {{template: 1, kind: lead, started_before: {written}}}}}")

    assert message == f"config.yaml, line 1: jobs: a: started_before: {words}"


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        ("{failures: 50}", StopAfter(failures=50)),
        ("{failures: 20%}", StopAfter(share=0.2, of_first=200)),
        ("{failures: 5%, of_first: 1000}", StopAfter(share=0.05, of_first=1000)),
    ],
)
def test_too_many_failures_are_a_number_or_a_share(written: str, limit: StopAfter) -> None:
    job = settings(f"jobs: {{a: {{template: 1, kind: lead, stop_after: {written}, duplicates: start}}}}").job(
        "a"
    )

    assert job is not None
    assert job[1].stop_after is not None
    assert job[1].stop_after.limit() == limit
    assert job[1].duplicates is Duplicates.START


@pytest.mark.parametrize("failures", ["0", "many", "100%", "-1", "1.5", "%", "20%%"])
def test_a_number_of_failures_that_cannot_be_is_refused(failures: str) -> None:
    message = refusal(
        f"jobs:\n  a:\n    template: 1\n    kind: lead\n    stop_after: {{failures: '{failures}'}}\n"
    )

    assert message.startswith(
        "config.yaml, line 5: jobs: a: stop_after: failures: a number of rows, or a share"
    )


def test_limits_that_the_person_set_come_before_the_plans_also_when_they_are_zero() -> None:
    found = settings("portal: {webhook_url: x, limits: {burst: 10, operating_seconds: 0}}")
    limits = found.portal(None).effective_limits()
    assert (limits.burst, limits.operating_seconds) == (10, 0)
    assert limits.per_second == PLANS["standard"].per_second

    none = settings("portal: {webhook_url: x, limits: {burst: 0, per_second: 0, operating_seconds: 0}}")
    limits = none.portal(None).effective_limits()
    assert (limits.burst, limits.per_second, limits.operating_seconds) == (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("portal: {plan: gold}", "portal: plan: standard, enterprise or self-hosted is expected"),
        ("portal: {limits: {burst: many}}", "portal: limits: burst: a whole number is expected"),
        ("portal: {limits: {burst: -1}}", "portal: limits: burst: a number of at least 0 is expected"),
        ("portal: {concurrency: 0}", "portal: concurrency: a number of at least 1 is expected"),
        ("portal: {batch_seconds: soon}", "portal: batch_seconds: a number is expected"),
        ("portal: {share: 150%}", "portal: share: a share such as 50%, from 1% to 100%, is expected"),
        ("portal: {give_up_after: soon}", "portal: give_up_after: a period such as 90s, 30m, 2h or 7d"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_with_its_place(text: str, words: str) -> None:
    message = refusal("# first\n" + text)

    assert message.startswith("config.yaml, line 2: portal: ")
    assert words in message


# What is wrong with the file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "portl: {}\n",
            'config.yaml, line 1: unknown key "portl" (did you mean "portal"?); known: portal, portals',
        ),
        ("portal:\n  webhook: x\n", 'config.yaml, line 2: unknown key "webhook" (did you mean "webhook_url"?)'),
        (
            "portal:\n  limits:\n    per_secund: 1\n",
            'line 3: unknown key "per_secund" (did you mean "per_second"?); known: burst, per_second',
        ),
        (
            "portals:\n  main:\n    plann: standard\n",
            'config.yaml, line 3: unknown key "plann" (did you mean "plan"?)',
        ),
        (
            "jobs:\n  a:\n    template: 1\n    kind: lead\n    colums: {document: ID}\n",
            'line 5: unknown key "colums" (did you mean "columns"?)',
        ),
        (
            "jobs:\n  a:\n    template: 1\n    kind: lead\n    parameters:\n      P: {colum: X}\n",
            'line 6: unknown key "colum" (did you mean "column"?); known: column, value',
        ),
    ],
)
def test_an_unknown_key_is_answered_with_its_line_and_the_nearest(text: str, message: str) -> None:
    assert message in refusal(text)


def test_every_mistake_has_a_line_of_its_own() -> None:
    lines = refusal("portal: {plan: gold}\njobs:\n  a:\n    template: 1\n    kinds: lead\n").splitlines()

    assert [line.partition(":")[0] for line in lines] == ["config.yaml, line 1", "config.yaml, line 5"]


def test_a_list_whose_only_entry_is_wrong_is_not_said_to_be_empty_too() -> None:
    message = refusal("notify: {email: {to: vera, from: a@company.example, server: 'smtps://mail:465'}}")

    assert len(message.splitlines()) == 1
    assert 'notify: email: to: 0: "vera" is no e-mail address' in message
    assert "notify: email: to: at least one is expected" in refusal(
        "notify: {email: {to: [], from: a@company.example, server: 'smtps://mail:465'}}"
    )


def test_a_missing_key_and_a_text_where_keys_belong_are_said_with_their_place() -> None:
    assert refusal("jobs:\n  a:\n    template: 1\n") == (
        "config.yaml, line 2: jobs: a: kind: is missing, or columns: {kind: …} where each row says its own"
    )
    assert refusal("jobs:\n  a: lead\n") == "config.yaml, line 2: jobs: a: keys are expected below it"
    assert refusal("portal:\n") == "config.yaml, line 1: portal: keys are expected below it"


@pytest.mark.parametrize("source", ["{}", "{column: A, value: B}", "{value: B, format: C}"])
def test_a_parameter_has_one_source(source: str) -> None:
    message = refusal(f"jobs: {{a: {{template: 1, kind: lead, parameters: {{P: {source}}}}}}}")

    assert message.startswith("config.yaml, line 1: jobs: a: parameters: P: one of column:, value: and format:")


@pytest.mark.parametrize(
    "text",
    [
        "portal:\n  plan: standard\n  plan: enterprise\n",
        "jobs:\n  a: {template: 1, kind: lead}\n  a: {template: 2, kind: lead}\n",
        'portal: {}\n\n"portal": {}\n',
    ],
)
def test_a_key_that_stands_twice_is_refused_with_the_line_of_the_second(text: str) -> None:
    message = refusal(text)

    assert message.startswith("config.yaml, line 3: the key ")
    assert message.endswith("stands here a second time; remove one")


def test_a_merge_of_another_map_is_not_silently_half_done() -> None:
    message = refusal("jobs:\n  a: &a {template: 1, kind: lead}\n  b:\n    <<: *a\n    kind: deal\n")

    assert 'line 4: unknown key "<<"' in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"jobs: [\n", "config.yaml, line 2: not YAML"),
        (b"jobs:\n  a: {template: 1, kind: lead\nportal: {}\n", "config.yaml, line 3: not YAML"),
        (b"portal:\n\tplan: standard\n", "config.yaml, line 2: not YAML: a tab; indent with blanks"),
        (b"portal: {plan: standard\n", "config.yaml, line 2: not YAML: what stands in { } is not closed"),
        (b"jobs:\n  a:\n    kind: lead\n   b: 1\n", "config.yaml, line 4: not YAML: the line does not fit"),
        (b"jobs: a: b\n", "config.yaml, line 1: not YAML: a colon too many"),
        (b'portal: "x\n', "config.yaml, line 2: not YAML: a quote is opened and never closed"),
        (b"portal: @x\n", "config.yaml, line 1: not YAML: a value cannot begin with this sign"),
        (b"jobs: {}\n---\njobs: {}\n", "config.yaml, line 2: not YAML"),
        (b"a: \x01\n", "config.yaml: not YAML"),
        (b"- portal\n- jobs\n", "config.yaml: keys such as portal: and jobs: are expected at the top"),
        (b"just words\n", "config.yaml: keys such as portal: and jobs: are expected at the top"),
        ("jobs: {имя: 1}".encode("cp1251"), "config.yaml: not UTF-8; save it as UTF-8"),
        (b"\xff\xfej\x00o\x00", "config.yaml: not UTF-8; save it as UTF-8"),
    ],
)
def test_what_is_no_configuration_is_said_to_be_none(content: bytes, message: str) -> None:
    assert refusal(content).startswith(message)


def test_a_byte_order_mark_is_read_over() -> None:
    Path("config.yaml").write_bytes(b"\xef\xbb\xbf" + JOB.encode())

    assert load_settings(None).job("followup") is not None


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml: there is no such file; .*--config"):
        load_settings(Path("none.yaml"))
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


# Secrets


@pytest.mark.parametrize(
    "text",
    [
        f"portal: '{WEBHOOK}'\n",
        f"portal: ['{WEBHOOK}']\n",
        f"portal: {{webhook_urll: '{WEBHOOK}'}}\n",
        f"portal: {{webhook_url: ['{WEBHOOK}']}}\n",
        f"portal: {{webhook_url: {{url: '{WEBHOOK}'}}}}\n",
        f"portal: {{plan: '{WEBHOOK}'}}\n",
        f"portal: {{concurrency: '{WEBHOOK}'}}\n",
        f"portal: {{limits: {{burst: '{WEBHOOK}', per_second: '{WEBHOOK}'}}}}\n",
        f"portal: {{webhook_url: '{WEBHOOK}', limits: '{WEBHOOK}'}}\n",
        f"portals: {{main: '{WEBHOOK}'}}\n",
        f"portals: {{main: {{webhook_url: '{WEBHOOK}'}}}}\nportal: {{webhook_url: '{WEBHOOK}'}}\n",
        f"jobs: {{a: {{template: 1, kind: lead, started_before: '{WEBHOOK}'}}}}\n",
        f"jobs: {{a: {{template: 1, kind: lead, parameters: {{P: '{WEBHOOK}'}}}}}}\n",
        f"ledger: [postgresql://u:{SECRET}@h/d]\n",
        f"portal:\n  webhook_url: {WEBHOOK}\n  webhook_url: {WEBHOOK}\n",
        f"portal:\n  webhook_url:{WEBHOOK}\n  plan: standard\n",
        f"portal:\n  webhook_url: '{WEBHOOK}\n",
        f"portal:\n  webhook_url: {WEBHOOK}: x\n",
        f'portal: {{webhook_url: "{WEBHOOK}\\q"}}\n',
        f"- {WEBHOOK}\n",
        WEBHOOK,
    ],
)
def test_no_value_of_the_file_ever_stands_in_an_error(text: str) -> None:
    """It may be a secret: the traceback holds none either."""
    Path("config.yaml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(None)

    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_value_from_the_environment_that_does_not_fit_stands_in_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUR_WEBHOOK", WEBHOOK)

    with pytest.raises(SettingsError, match="portal: plan:") as caught:
        settings("portal: {plan: '${OUR_WEBHOOK}', concurrency: '${OUR_WEBHOOK}'}\n")

    assert SECRET not in str(caught.value)
    assert SECRET not in str(caught.value.__context__), "error trackers show it, suppressed or not"


def test_settings_do_not_print_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITRIX24_WEBHOOK_URL", WEBHOOK)
    found = settings(f"portal: {{webhook_url: '{WEBHOOK}'}}\nledger: 'postgresql://u:{SECRET}@h/d'\n" + JOB)

    shown = [found, found.portal(None), found.ledger(), found.all_portals()]
    assert SECRET not in f"{shown!r} {found.portal(None)} {found.portal(None).model_dump_json()}"


def test_the_only_job_is_checked_for_undefined_variables_too():
    found = settings("jobs: {a: {template: 1, kind: lead, parameters: {P: {value: '${OUR_TEMPLATE}'}}}}\n")
    with pytest.raises(SettingsError, match=r"OUR_TEMPLATE\} is not defined"):
        found.job(None)


def test_an_alias_that_names_nothing_is_not_shown():
    assert SECRET not in refusal(f"ledger: *{SECRET}\n")


def test_an_alias_inside_itself_is_refused():
    assert refusal("jobs: {a: &b {template: 1, kind: lead, parameters: *b}}\n").startswith(
        "config.yaml, line 1"
    )


def test_a_forgotten_blank_in_a_flow_map_shows_no_secret():
    assert SECRET not in refusal(f"portal: {{webhook_url:{WEBHOOK}}}\n")


def test_a_key_that_is_no_text_is_refused_in_words():
    assert "ScalarNode" not in refusal("? [a, b]\n: c\n")


def test_a_blank_template_is_refused_with_its_line():
    assert "line 1" in refusal("jobs: {a: {template: , kind: lead}}\n")


def test_resume_needs_only_its_own_portals_variables(monkeypatch):
    found = settings(f"portals: {{main: {{webhook_url: '{WEBHOOK}'}}, branch: {{webhook_url: '${{NOPE}}'}}}}\n")
    assert found.all_portals()


def test_the_cause_behind_a_yaml_mistake_holds_no_secret():
    Path("config.yaml").write_text(f'portal: {{webhook_url: "{WEBHOOK}\\q"}}\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    assert SECRET not in str(caught.value.__context__)


def test_each_row_may_say_its_own_template_and_kind() -> None:
    job = settings("jobs: {a: {columns: {template: Process, kind: Kind}}}").config.jobs["a"]

    assert (job.template, job.kind) == ("", "")
    assert (job.columns.template, job.columns.kind) == ("Process", "Kind")


def test_where_is_one_condition_or_several() -> None:
    one = settings('jobs: {a: {template: 1, kind: lead, where: {column: Stage, in: [New, "В работе"]}}}')
    several = settings(
        'jobs: {a: {template: 1, kind: lead, where: [{column: Stage, in: 007}, {column: Sum, not_in: [""]}]}}'
    )

    assert [c.condition() for c in one.config.jobs["a"].where] == [Condition("Stage", ("New", "В работе"))]
    assert [c.condition() for c in several.config.jobs["a"].where] == [
        Condition("Stage", ("007",)),
        Condition("Sum", ("",), excluded=True),
    ]


@pytest.mark.parametrize("where", ["{column: A}", "{column: A, in: [x], not_in: [y]}", "{column: A, in: []}"])
def test_a_condition_has_one_list_of_values(where: str) -> None:
    assert "config.yaml, line 1: jobs: a: where" in refusal(
        f"jobs: {{a: {{template: 1, kind: lead, where: {where}}}}}"
    )


def test_a_mistyped_key_of_a_condition_is_told_the_nearest() -> None:
    message = refusal("jobs: {a: {template: 1, kind: lead, where: {column: A, not-in: [x]}}}")

    assert 'unknown key "not-in" (did you mean "not_in"?); known: column, in, not_in' in message


def test_a_parameter_may_say_how_its_cells_are_written() -> None:
    (job,) = settings(
        "jobs: {a: {template: 1, kind: lead, parameters: {"
        'D: {column: Date, date_format: "DD/MM/YYYY", default: 01/02/2026}, '
        'N: {column: Sum, decimal: ","}, L: {column: Lines, split: "|"}, '
        'T: {format: "Lead {ID}: {{x}}"}}}}'
    ).config.jobs.values()

    readings = {name: parameter.reading() for name, parameter in job.parameters.items()}
    assert readings == {
        "D": Reading(date_format="DD/MM/YYYY", default="01/02/2026"),
        "N": Reading(decimal=","),
        "L": Reading(split="|"),
        "T": Reading(),
    }


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('{column: A, date_format: "TT.MM"}', 'date_format: "TT.MM" cannot be read'),
        ('{column: A, date_format: "DD.MM"}', "lacks the day, the month or the year"),
        ("{format: 'Lead {ID'}", "{Heading} is expected"),
        ("{column: A, decimal: x}", "decimal"),
        ("{column: A, split: ''}", "split"),
    ],
)
def test_a_way_of_writing_that_cannot_be_is_refused_with_its_line(source: str, words: str) -> None:
    message = refusal(f"jobs:\n  a: {{template: 1, kind: lead, parameters: {{P: {source}}}}}")

    assert message.startswith("config.yaml, line 2: jobs: a: parameters: P:")
    assert words in message


def test_a_portals_time_zone_is_one_that_there_is() -> None:
    assert settings("portal: {time_zone: Europe/Berlin}").portal is not None
    message = refusal("portal: {time_zone: Europe/Berlim}")
    assert message.startswith("config.yaml, line 1: portal: time_zone: there is no time zone")
    assert 'did you mean "Europe/Berlin"?' in message
    assert "time zone" in refusal("portal: {time_zone: ../etc}")


@pytest.mark.parametrize("of_the_job", [True, False])
def test_whoever_cannot_be_told_keeps_no_run_from_starting(of_the_job: bool) -> None:
    notify = "notify: {email: {to: '${US}', from: a@b.example, server: 'smtp://${SERVER}:587', user: '${US}'}}"
    indent = "    " if of_the_job else ""
    found = settings(f"jobs:\n  a:\n    template: 1\n    kind: lead\n{indent}{notify}\n")
    assert found.job("a") is not None
    with pytest.raises(SettingsError, match=r"notify: email: \$\{US\} is not defined; set US in"):
        found.notify("a")
