"""The report: one page that tells a run as the ledger has it, needs nothing else, and keeps secrets."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from playwright.async_api import Browser, Page

from launcher.core.model import State
from launcher.core.timeline import PACED
from launcher.ledger import open_ledger
from launcher.simulator import Settings, Simulator
from tests.conftest import on_the_browsers_loop
from tests.journeys.conftest import Ended, Launcher

LEDGER = ("--ledger", "ledger.db")
SECRET = "w3bh00kOfThisTestOnly"
HOSTILE = '<script>document.title="taken"</script><img src="http://evil.example/x" onerror="alert(1)">'
REFUSED = "Access denied & <b>ask</b> its owner"


@dataclass(frozen=True)
class Told:
    """A run in which everything happened, and what `report` made of it."""

    place: Path
    said: Ended
    page: str

    @property
    def tree(self) -> Any:
        """The page as XML, which forgives nothing."""
        return etree.fromstring(self.page.encode(), etree.XMLParser(resolve_entities=False))

    def rows(self, table: str) -> list[list[str]]:
        """The cells of each row of that table's body."""
        return [
            ["".join(cell.itertext()) for cell in row.iter("th", "td")]
            for row in self.tree.iterfind(f".//table[@id='{table}']/tbody/tr")
        ]


def write_leads(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["ID", "Manager", "launch_status", "Comment"])
        for number in range(1, count + 1):
            name = "Łukasz & Søn" if number % 2 else "Анна"
            rows.writerow([f"DEAL {number}" if number % 50 == 0 else number, name, "old", HOSTILE])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """One run for all these tests: its waits are as long as a person's."""
    return asyncio.run(run_and_report(tmp_path_factory.mktemp("report")))


async def run_and_report(place: Path) -> Told:
    launcher = Launcher(place / "home")
    write_leads(place / "leads.csv", 250)
    refused = {f"LEAD_{number}": REFUSED for number in range(7, 250, 40)}
    async with Simulator(Settings(burst=0, secret=SECRET, refused=refused)) as portal:
        portal.script("query limit", method="batch", skip=1)
        portal.script("502 after", method="batch", skip=2)
        env = {"BITRIX24_WEBHOOK_URL": portal.webhook_url}
        options = ("--template", "1", "--kind", "lead", "--param", "Parameter1=Manager", *LEDGER)
        ran = await launcher("run", "leads.csv", *options, cwd=place, env=env)
        assert ran.exit_code == 5, ran.stderr
        said = await launcher("report", *LEDGER, cwd=place, env=env)
    assert said.exit_code == 0, said.stderr
    return Told(place, said, (place / "leads.report.html").read_text(encoding="utf-8"))


async def test_the_page_tells_what_the_ledger_has(told: Told) -> None:
    assert told.said.stdout == "Report of run r1: leads.report.html\n"
    async with open_ledger(str(told.place / "ledger.db")) as ledger:
        counts, causes, waits = await ledger.counts(1), await ledger.causes(1), await ledger.waits(1)

    shown = {
        item.get("data-state"): int(item.get("data-rows")) for item in told.tree.iterfind(".//li[@data-state]")
    }
    assert shown == {state.value: rows for state, rows in counts.by_state.items()}
    assert set(shown) == {"started", "failed", "invalid", "unknown"}
    assert len(told.rows("fix")) == counts[State.FAILED] + counts[State.INVALID]
    assert len(told.rows("unknown")) == counts[State.UNKNOWN]
    text = " ".join(told.tree.itertext())
    assert all(cause.text in text for cause in causes)
    assert {wait.reason for wait in waits} >= {"rate limit", "the portal's answer was lost"}
    assert all(f"{wait.reason} " in text for wait in waits if wait.reason != PACED)
    for wanted in (
        "leads.csv",
        "launcher retry r1 --file leads.failed.csv",
        "launcher reconcile r1",
        "template 1 on lead",
    ):
        assert wanted in text


async def test_the_page_holds_the_persons_cells_as_text_and_not_the_columns_of_earlier_results(
    told: Told,
) -> None:
    # Which of the refused rows became unknown, since their answer was lost, depends on how requests fell.
    failed = next(row for row in told.rows("fix") if row[2] == REFUSED)
    number = int(failed[3])
    assert failed == [str(number + 1), "failed", REFUSED, str(number), "Łukasz & Søn", HOSTILE]
    assert "<script>document" not in told.page


async def test_the_page_needs_no_network_and_holds_no_secret(told: Told) -> None:
    for element in told.tree.iter(etree.Element):
        names = {name.lower() for name in element.attrib}
        assert not names & {"src", "href", "srcset", "action", "poster", "background", "style", "data"}
        assert not any(name.startswith("on") for name in names)
        assert element.tag not in {"link", "iframe", "img", "object", "embed", "base", "form"}
    style, script = (told.tree.find(f".//{tag}").text for tag in ("style", "script"))
    assert not re.search(r"url\(|@import|http|fetch|XMLHttp|import\(", style + script)
    policy = told.tree.find(".//meta[@http-equiv='Content-Security-Policy']").get("content")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert SECRET not in told.page
    assert "/rest/" not in told.page


async def test_the_page_is_accessible(told: Told) -> None:
    tree = told.tree
    assert tree.get("lang") == "en"
    assert len(tree.findall(".//h1")) == 1
    assert all(heading.get("scope") in ("col", "row") for heading in tree.iter("th"))
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    named = [
        name for element in tree.iter(etree.Element) for name in element.get("aria-labelledby", "").split()
    ]
    assert set(named) <= set(ids)
    assert {label.get("for") for label in tree.iter("label")} == {
        field.get("id") for field in tree.iter("input")
    }
    picture = tree.find(".//svg[@role='img']")
    assert picture.find("title").text
    assert "rows answered" in picture.find("desc").text
    assert tree.find(".//details//table") is not None


async def opened(browser: Browser, told: Told, **settings: Any) -> Page:
    page = await browser.new_page(**settings)
    await page.goto((told.place / "leads.report.html").as_uri())
    return page


@on_the_browsers_loop
async def test_in_a_browser_the_search_shows_the_rows_that_hold_every_word(
    told: Told, browser: Browser
) -> None:
    page = await browser.new_page()
    asked: list[str] = []
    trouble: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("dialog", lambda dialog: trouble.append(dialog.message))
    address = (told.place / "leads.report.html").as_uri()
    await page.goto(address)
    shown = page.locator("#fix tbody tr:visible")
    everything = await shown.count()

    found = [row for row in told.rows("fix") if "Łukasz" in row[4] and "denied" in row[2]]
    await page.fill("#fix-search", "ŁUKASZ  denied")
    assert await shown.count() == len(found) > 0
    assert await page.inner_text("[data-found=fix]") == f"{len(found)} of {everything}"
    await page.fill("#fix-search", "no such row")
    assert await shown.count() == 0
    await page.fill("#fix-search", "")
    assert await shown.count() == everything == len(told.rows("fix"))
    assert await page.locator("#unknown tbody tr:visible").count() == len(told.rows("unknown"))
    assert trouble == []
    assert asked == [address]


@on_the_browsers_loop
async def test_without_a_script_the_page_reads_the_same_but_for_the_search(
    told: Told, browser: Browser
) -> None:
    page = await opened(browser, told, java_script_enabled=False)

    assert await page.locator("#fix tbody tr:visible").count() == len(told.rows("fix"))
    assert await page.locator("input:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@on_the_browsers_loop
async def test_on_a_telephone_nothing_stands_beside_the_page(told: Told, browser: Browser, scheme: Any) -> None:
    page = await opened(browser, told, viewport={"width": 360, "height": 700}, color_scheme=scheme)

    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_the_report_goes_where_the_person_says_and_never_over_a_spreadsheet(
    told: Told, launcher: Launcher
) -> None:
    before = (told.place / "leads.csv").read_bytes()
    refused = await launcher("report", "r1", "-o", "leads.csv", *LEDGER, cwd=told.place)
    assert refused.exit_code == 2
    assert refused.messages == [
        "launcher: leads.csv: the report is a web page. Choose a name that ends in .html."
    ]
    assert (told.place / "leads.csv").read_bytes() == before

    nowhere = await launcher("report", "-o", "no/such.html", *LEDGER, cwd=told.place)
    assert nowhere.exit_code == 2
    assert "no/such.html" in nowhere.stderr

    there = await launcher("report", "1", "-o", "a.html", "--json", *LEDGER, cwd=told.place)
    assert json.loads(there.stdout) == {"run_id": "r1", "report": str((told.place / "a.html").resolve())}
    assert (told.place / "a.html").read_text().startswith("<!DOCTYPE html>")
