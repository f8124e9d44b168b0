"""The daemon's loop by a clock that is a number: what it runs and when, and what it says of itself."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from launcher.automation.daemon import Daemon
from launcher.automation.health import document, listening
from launcher.automation.views import Clock, TimedJob
from launcher.core.due import Timetable
from launcher.core.nights import JobResult, Outcome
from launcher.core.schedules import Schedule
from launcher.core.summary import Exit
from launcher.engine.cancel import CancelToken
from launcher.errors import InputError
from launcher.ledger import DaemonRunsError, Ledger, daemon_runs, hold_daemon, hold_portal, open_ledger
from launcher.ledger.nights import NightRecord
from launcher.report.metrics import Metric

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@dataclass
class Time:
    """Whoever waits for it moves it on. A leap moves the clock on the wall only."""

    wall: float
    steady: float = 1000.0
    at: deque[tuple[float, Callable[[], None]]] = field(default_factory=deque)
    """What happens when, by the clock on the wall."""

    async def sleep(self, seconds: float) -> None:
        assert 0 <= seconds <= 20
        await asyncio.sleep(0)
        self.wall += seconds
        self.steady += seconds
        while self.at and self.at[0][0] <= self.wall:
            self.at.popleft()[1]()
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady, self.sleep)


class Backend:
    """Nights that take some time and are kept as the ledger keeps them."""

    def __init__(self, time: Time, **jobs: TimedJob) -> None:
        self.time, self.jobs_now = time, jobs
        self.seconds = 0.0
        self.began: list[tuple[str, str]] = []
        self.broken: dict[str, str] = {}
        self.held = ""
        self.codes: list[Exit] = []

    def _raise(self, what: str) -> None:
        if what in self.broken:
            raise InputError(self.broken[what])

    def reload(self) -> None:
        self._raise("configuration")

    async def jobs(self) -> list[TimedJob]:
        self._raise("ledger")
        return list(self.jobs_now.values())

    async def holder(self, portal: str) -> str:  # noqa: ARG002  the backend's signature
        return self.held

    async def run(self, names: Sequence[str], cancel: CancelToken) -> list[JobResult]:
        results = []
        for name in names:
            job, begun_at = self.jobs_now[name], self.time.wall
            self.began.append(
                (name, datetime.fromtimestamp(begun_at, job.timetable.zone).strftime("%d %H:%M %z"))
            )
            self._raise("night")
            while self.time.wall < begun_at + self.seconds and not cancel.is_set:  # noqa: ASYNC110  a number sets no event
                await asyncio.sleep(0)
            code = self.codes.pop(0) if self.codes else Exit.ALL_STARTED
            outcome = Outcome.INTERRUPTED if cancel.is_set else Outcome.FINISHED
            night = past(
                job.timetable.last_by(begun_at), code=int(code), begun_at=begun_at, ended_at=self.time.wall
            )
            if job.portal:  # else the ledger has no place for it
                self.jobs_now[name] = replace(job, nights=[night, *job.nights])
            results.append(JobResult(job=name, portal=job.portal, outcome=outcome, exit_code=code))
        return results

    async def metrics(self) -> list[Metric]:
        self._raise("ledger")
        return [Metric("launcher_runs", "Runs.", [({"job": "leads"}, 1.0)])]


def past(
    due_at: float, *, code: int | None = 0, begun_at: float | None = None, ended_at: float | None = None
) -> NightRecord:
    begun = due_at if begun_at is None else begun_at
    ended = None if code is None else ended_at or begun
    return NightRecord(
        id=1, job="", portal="", due_at=due_at, begun_at=begun, ended_at=ended,
        outcome="finished", exit_code=code, notes=(),
    )  # fmt: skip


def job(
    name: str,
    schedule: str,
    *nights: NightRecord,
    portal: str = "main",
    zone: ZoneInfo = BERLIN,
    catch_up_s: float = 6 * 3600.0,
) -> TimedJob:
    timetable = Timetable(Schedule.parse(schedule), zone, catch_up_s)
    return TimedJob(name=name, portal=portal, timetable=timetable, nights=nights)


async def until(time: Time, ends: float, backend: Backend, cancel: CancelToken | None = None) -> Daemon:
    """The daemon, from now to that time."""
    cancel = cancel or CancelToken()
    time.at.append((ends, lambda: cancel.cancel("the test ends")))
    daemon = Daemon(backend, cancel, time.clock)
    await daemon.run()
    return daemon


@pytest.mark.parametrize(
    ("zone", "schedule", "begins", "ends", "dues"),
    [
        (BERLIN, "30 2 * * *", "2026-03-29 01:30", "2026-03-30 02:40", ["29 03:30 +0200", "30 02:30 +0200"]),
        (BERLIN, "30 2 * * *", "2026-10-25 01:50", "2026-10-26 02:40", ["25 02:30 +0200", "26 02:30 +0100"]),
        (NEW_YORK, "30 2 * * *", "2026-03-08 01:30", "2026-03-09 02:40", ["08 03:30 -0400", "09 02:30 -0400"]),
        (NEW_YORK, "30 1 * * *", "2026-11-01 00:50", "2026-11-02 01:40", ["01 01:30 -0400", "02 01:30 -0500"]),
    ],
)
async def test_in_a_night_in_which_the_clock_is_changed_a_job_runs_once(
    zone: ZoneInfo, schedule: str, begins: str, ends: str, dues: list[str]
) -> None:
    time = Time(at(begins, zone))
    backend = Backend(time, leads=job("leads", schedule, zone=zone))
    daemon = await until(time, at(ends, zone), backend)
    assert [when for _, when in backend.began] == dues
    assert daemon.views["leads"].missed_count == 0


async def test_jobs_of_one_portal_are_one_night_and_those_of_others_have_their_own() -> None:
    time = Time(at("2026-11-24 01:59"))
    backend = Backend(
        time,
        leads=job("leads", "0 2 * * *"),
        deals=job("deals", "0 2 * * *"),
        others=job("others", "0 2 * * *", portal="branch"),
    )
    backend.seconds = 300
    await until(time, at("2026-11-24 03:00"), backend)
    assert backend.began == [
        ("leads", "24 02:00 +0100"), ("others", "24 02:00 +0100"), ("deals", "24 02:05 +0100"),
    ]  # fmt: skip


async def test_a_job_that_becomes_due_while_its_portals_night_goes_on_waits_for_its_end() -> None:
    time = Time(at("2026-11-24 01:59"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"), deals=job("deals", "5 2 * * *"))
    backend.seconds = 1800
    said: list[str] = []
    cancel = CancelToken()
    daemon = Daemon(backend, cancel, time.clock)
    time.at.append((at("2026-11-24 02:06"), lambda: said.append(daemon.views["deals"].waits)))
    time.at.append((at("2026-11-24 03:30"), lambda: cancel.cancel("")))
    await daemon.run()
    assert said == ["the night of its portal goes on"]
    assert backend.began == [("leads", "24 02:00 +0100"), ("deals", "24 02:30 +0100")]


async def test_a_job_whose_portal_is_busy_for_longer_than_catch_up_has_missed_its_night() -> None:
    time = Time(at("2026-11-24 01:59"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"), deals=job("deals", "5 2 * * *", catch_up_s=600.0))
    backend.seconds = 3600
    daemon = await until(time, at("2026-11-24 04:00"), backend)
    assert backend.began == [("leads", "24 02:00 +0100")]
    assert list(daemon.views["deals"].missed) == [at("2026-11-24 02:05")]
    assert document(daemon)["jobs"]["deals"]["missed"] == ["2026-11-24T02:05+01:00"]


async def test_after_downtime_the_last_night_is_made_up_for_and_older_ones_are_told_once() -> None:
    time = Time(at("2026-11-24 05:00"))
    backend = Backend(time, leads=job("leads", "0 2 * * *", past(at("2026-11-21 02:00"))))
    daemon = await until(time, at("2026-11-24 06:00"), backend)
    assert backend.began == [("leads", "24 05:00 +0100")]
    assert list(daemon.views["leads"].missed) == [at("2026-11-22 02:00"), at("2026-11-23 02:00")]
    assert daemon.views["leads"].missed_count == 2


async def test_a_portal_that_another_run_holds_is_waited_for() -> None:
    time = Time(at("2026-11-24 01:59"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"))
    backend.held = "run r7 is going on"
    time.at.append((at("2026-11-24 03:00"), lambda: setattr(backend, "held", "")))
    backend.codes = [Exit.PORTAL_IN_USE]  # another run takes it in between
    await until(time, at("2026-11-24 04:00"), backend)
    assert backend.began == [("leads", "24 03:00 +0100")] * 2


async def test_a_night_that_could_not_be_recorded_is_tried_again_after_a_while() -> None:
    time = Time(at("2026-11-24 01:59"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"))
    backend.broken["night"] = "the ledger: no room"
    time.at.append((at("2026-11-24 02:02:30"), backend.broken.clear))
    await until(time, at("2026-11-24 03:00"), backend)
    assert [when[3:8] for _, when in backend.began] == ["02:00", "02:01", "02:02", "02:03"]


async def test_a_clock_that_leaps_forward_and_back_makes_no_night_run_twice_or_never() -> None:
    time = Time(at("2026-11-24 01:00"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"))

    def leap(seconds: float) -> None:
        time.wall += seconds

    time.at.append((at("2026-11-24 01:30"), lambda: leap(40 * 60)))
    time.at.append((at("2026-11-24 02:15"), lambda: leap(-40 * 60)))
    await until(time, at("2026-11-25 03:00"), backend)
    assert backend.began == [("leads", "24 02:10 +0100"), ("leads", "25 02:00 +0100")]


async def test_a_clock_that_was_a_year_ahead_does_not_keep_a_job_from_running() -> None:
    time = Time(at("2027-11-24 01:50"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"))
    time.at.append((at("2027-11-24 02:10"), lambda: setattr(time, "wall", at("2026-11-24 02:10"))))
    await until(time, at("2026-11-25 03:00"), backend)
    assert [when for _, when in backend.began] == ["24 02:00 +0100", "25 02:00 +0100"]


async def test_a_schedule_that_was_changed_counts_from_then_on() -> None:
    time = Time(at("2026-11-24 15:00"))
    backend = Backend(time, leads=job("leads", "0 2 * * *", past(at("2026-11-24 02:00"))))
    changed = job("leads", "0 14 * * *", past(at("2026-11-24 02:00")))
    time.at.append((at("2026-11-24 15:10"), lambda: backend.jobs_now.update(leads=changed)))
    await until(time, at("2026-11-25 15:00"), backend)
    assert backend.began == [("leads", "25 14:00 +0100")]


async def test_a_broken_configuration_is_told_and_the_last_good_one_goes_on() -> None:
    time = Time(at("2026-11-24 01:00"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"))
    backend.broken["configuration"] = "config.yaml, line 3: unknown key"
    daemon = await until(time, at("2026-11-24 03:00"), backend)
    assert backend.began == [("leads", "24 02:00 +0100")]
    assert document(daemon)["troubles"] == ["configuration: config.yaml, line 3: unknown key"]


async def test_a_job_that_could_not_begin_is_made_up_for_once_its_portals_entry_is_mended() -> None:
    time = Time(at("2026-11-24 01:59"))
    good = job("leads", "0 2 * * *", past(at("2026-11-23 02:00")))
    backend = Backend(
        time, leads=replace(good, portal="", nights=(), problem="portal: ${SECRET} is not defined")
    )
    backend.codes = [Exit.WRONG_USAGE]
    cancel = CancelToken()
    daemon = Daemon(backend, cancel, time.clock)
    said: list[object] = []
    time.at.append((at("2026-11-24 02:30"), lambda: said.append(document(daemon))))
    time.at.append((at("2026-11-24 02:30"), lambda: backend.jobs_now.update(leads=good)))
    time.at.append((at("2026-11-24 03:00"), lambda: cancel.cancel("")))
    await daemon.run()
    assert backend.began == [("leads", "24 02:00 +0100"), ("leads", "24 02:30 +0100")]
    assert "job leads: portal: ${SECRET} is not defined" in str(said[0])
    assert daemon.problems == {}


async def test_a_fault_of_ours_ends_the_other_nights_in_good_order_and_then_the_daemon() -> None:
    time = Time(at("2026-11-24 01:59"))
    backend = Backend(time, leads=job("leads", "0 2 * * *"), others=job("others", "1 2 * * *", portal="branch"))
    backend.seconds = 7200
    time.at.append((at("2026-11-24 02:00:30"), lambda: setattr(backend, "_raise", _fault)))
    with pytest.raises(ZeroDivisionError):
        await until(time, at("2026-11-24 05:00"), backend)
    assert backend.jobs_now["leads"].nights[0].ended_at is not None


def _fault(what: str) -> None:
    if what == "night":
        raise ZeroDivisionError


async def test_health_is_503_while_something_is_wrong_and_200_again_when_it_is_mended() -> None:
    time = Time(at("2026-11-24 01:00"))
    backend = Backend(time, leads=job("leads", "0 2 * * *", past(at("2026-11-23 02:00"))))
    cancel = CancelToken()
    still = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await still.wait()

    daemon = Daemon(backend, cancel, replace(time.clock, sleep=sleep))
    going = asyncio.create_task(daemon.run())
    async with listening(daemon, "127.0.0.1", 0) as address, aiohttp.ClientSession() as client:

        async def get(path: str) -> tuple[int, str]:
            async with client.get(address + path) as answer:
                return answer.status, await answer.text()

        async def health() -> tuple[int, str]:
            daemon.wake()
            for _ in range(20):
                await asyncio.sleep(0)
            return await get("/healthz")

        status, text = await health()
        assert (status, '"next_due": "2026-11-24T02:00+01:00"' in text) == (200, True), text
        assert '"outcome": "finished"' in text
        for what in ("configuration", "ledger"):
            backend.broken[what] = "it is broken"
            status, text = await health()
            assert (status, f"{what}: it is broken" in text) == (503, True)
            assert (await get("/livez"))[0] == 200
            assert "launcher_daemon_up{} 0" in (await get("/metrics"))[1]
            backend.broken.clear()
            assert (await health())[0] == 200
        figures = (await get("/metrics"))[1]
        assert "launcher_daemon_up{} 1" in figures
        assert 'launcher_runs{job="leads"} 1' in figures
        due = f"{at('2026-11-24 02:00'):.15g}"
        assert f'launcher_daemon_next_due_timestamp_seconds{{job="leads",portal="main"}} {due}\n' in figures

        time.steady += 61
        status, text = await get("/healthz")
        assert (status, "not looked at the clock for 61 seconds" in text) == (503, True)
        assert (await get("/livez"))[0] == 503
        assert (await health())[0] == 200
    cancel.cancel("the test ends")
    assert await going is Exit.ALL_STARTED


async def test_one_daemon_runs_with_a_ledger_and_a_portals_lock_is_another_thing(
    ledger: Ledger, ledger_location: str
) -> None:
    async with open_ledger(ledger_location) as other:
        assert not await daemon_runs(other)
        async with hold_daemon(ledger):
            assert await daemon_runs(other)
            with pytest.raises(DaemonRunsError, match="another launcher daemon works with the ledger"):
                async with hold_daemon(other):
                    pytest.fail("two daemons")
            async with hold_portal(other, "daemon"):
                assert await daemon_runs(other)
        assert not await daemon_runs(other)
        with suppress(ZeroDivisionError):
            async with hold_daemon(other):
                raise ZeroDivisionError
        assert not await daemon_runs(ledger)
