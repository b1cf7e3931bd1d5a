"""What an organiser is told of a rehearsal: as JSON, and as a page of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reservations.domain.seat import SeatStatus
from reservations.rehearsal.crowd import pace
from reservations.rehearsal.lag import SLOW_SECONDS, TICK_SECONDS
from reservations.rehearsal.measures import MS_A_SECOND, Measures
from reservations.rehearsal.patron import Ending
from reservations.rehearsal.proof import Books, Check
from reservations.rehearsal.sale import CONNECTIONS, Played

ENDINGS = {
    Ending.BOUGHT: "bought seats",
    Ending.LET_GO: "released what they held",
    Ending.LEFT: "left, and let their holds run out",
    Ending.WITHOUT: "found no seats that they wanted",
    Ending.UNSURE: "were never told what came of a request",
    Ending.SENT_HOME: "were sent home, as the sale took too long",
}
WHY = {
    "hold_limit_reached": "some patrons try to hold too much",
    "not_enough_seats": "fewer were free",
    "not_enough_together": "nowhere so many side by side",
    "seat_held": "another patron was faster",
    "seat_not_held": "the hold had run out",
    "seat_reserved": "another patron was faster",
    "too_many_requests": "see below",
}
LATE, LATE_SECONDS = 1.2, 5
"""A sale that takes so many times as long as planned, and so much more, was too much."""
COLUMNS = ("requests", "p50", "p95", "p99", "max")


@dataclass(frozen=True, slots=True)
class Bill:
    """What was to be played.

    Attributes:
        event_id: the event.
        event_name: its name.
        copy_id: the copy.
        kept: whether the copy is left.
        url: of the service that was asked.
        seconds: how long the sale should take.
        seed: of all that was left to chance.
    """

    event_id: str
    event_name: str
    copy_id: str
    kept: bool
    url: str
    seconds: float
    seed: int


def report(bill: Bill, played: Played, books: Books, checks: Sequence[Check]) -> dict[str, Any]:
    """Return all that there is to tell, as JSON has it."""
    measures, lag = played.measures, played.lag
    sold_out = measures.last_reserved_at if measures.reserved >= books.seats else None
    return {
        "event": bill.event_id,
        "name": bill.event_name,
        "copy": bill.copy_id,
        "copy_kept": bill.kept,
        "url": bill.url,
        "seed": bill.seed,
        "ok": all(check.ok for check in checks),
        "seconds": {
            "planned": bill.seconds,
            "took": round(played.seconds, 1),
            "sold_out_after": None if sold_out is None else round(sold_out, 1),
        },
        "pace": round(1 / pace(bill.seconds), 1),
        "patrons": {"came": played.endings.total()}
        | {ending.replace(" ", "_"): played.endings[ending] for ending in Ending},
        "seats": {
            "total": books.seats,
            "held": measures.held,
            "reserved": measures.reserved,
            "held_at_the_end": books.counts[SeatStatus.HELD],
            "free_at_the_end": books.counts[SeatStatus.FREE],
            "reserved_a_second": _a_second(measures),
            "reserved_in_busiest_second": max(measures.reserved_within.values(), default=0),
        },
        "requests_a_second": round(_requests(measures) / max(1.0, played.seconds), 1),
        "milliseconds": {name: asdict(each) for name, each in measures.latencies().items()},
        "refused": dict(measures.refusals.most_common()),
        "failed": dict(measures.failures.most_common()),
        "sent_again": measures.retries,
        "answered_as_before": measures.replayed,
        "client": {
            "late_ms_p95": _ms(lag.p95),
            "late_ms_max": _ms(lag.worst),
            "waited_for_connection": measures.waited_for_line,
            "waited_for_connection_ms_max": _ms(measures.longest_wait_for_line),
        },
        "checks": [
            {
                "claim": check.claim,
                "ok": check.ok,
                "looked_at": check.looked_at,
                "found": list(check.found),
            }
            for check in checks
        ],
        "notes": list(notes(bill, played)),
    }


def notes(bill: Bill, played: Played) -> Iterator[str]:
    """Yield what has to be known to read the figures rightly."""
    measures, lag = played.measures, played.lag
    if played.seconds > LATE * bill.seconds + LATE_SECONDS:
        yield (
            f"The sale took {played.seconds / bill.seconds:.1f} times as long as planned: so many "
            "patrons in so short a time were more than was served. Give them more --minutes, or "
            "the service more cores."
        )
    if lag.p95 > TICK_SECONDS:
        yield (
            "This machine was too slow to play so many patrons: latencies are overstated by up "
            f"to {_ms(lag.worst):,.0f} ms, one in twenty by {_ms(lag.p95):,.0f} ms or more."
        )
    elif lag.worst > SLOW_SECONDS:
        yield (
            f"This machine faltered for {_ms(lag.worst):,.0f} ms: the longest latencies are "
            "overstated by as much."
        )
    if measures.waited_for_line:
        yield (
            f"{measures.waited_for_line:,} requests waited for one of the {CONNECTIONS} "
            "connections that all patrons share here, at worst for "
            f"{_ms(measures.longest_wait_for_line):,.0f} ms; that counts as their latency."
        )
    if measures.refusals["too_many_requests"]:
        yield (
            "Requests were refused as too many. If that was nginx: all patrons came from one "
            "address here. List this machine in deploy/nginx/trusted.conf for the rehearsal."
        )


def as_text(told: dict[str, Any]) -> str:
    """Return a report as a page of plain text."""
    return "\n".join(_lines(told)) + "\n"


def disagreements(checks: Iterable[Check]) -> list[str]:
    """Return all that should not be, as sentences."""
    return [each for check in checks for each in check.found]


def _lines(told: dict[str, Any]) -> Iterator[str]:
    seconds, patrons, seats = told["seconds"], told["patrons"], told["seats"]
    yield f"Rehearsal of {told['name']} at {told['url']}"
    yield (
        f"{patrons['came']:,} patrons in {seconds['took']:,} s, planned {seconds['planned']:g} s, "
        f"thinking {told['pace']:g} times as fast as people do; seed {told['seed']}"
    )
    yield ""
    yield "patrons"
    for ending, words in ENDINGS.items():
        if number := patrons[ending.replace(" ", "_")]:
            yield f"  {number:>9,}  {words}"
    yield ""
    yield "seats"
    yield f"  {seats['total']:>9,}  on sale"
    yield f"  {seats['held']:>9,}  held; those that came back count each time"
    yield f"  {seats['reserved']:>9,}  reserved{_sold_out(seconds['sold_out_after'])}"
    yield f"  {seats['reserved_a_second']:>9,}  reserved a second, until the last was"
    yield f"  {seats['reserved_in_busiest_second']:>9,}  reserved in the busiest second"
    yield f"  {seats['held_at_the_end']:>9,}  still held at the end, by patrons who left"
    yield f"  {seats['free_at_the_end']:>9,}  free at the end"
    yield ""
    yield f"{'milliseconds':17}" + "".join(f"{column:>10}" for column in COLUMNS)
    for name, latency in told["milliseconds"].items():
        yield f"  {name:15}" + _figures(latency)
    yield f"  {'a second':15}{told['requests_a_second']:>10,}"
    yield ""
    yield from _counted("refused", told["refused"])
    yield from _counted("failed", told["failed"])
    if told["sent_again"]:
        before = told["answered_as_before"]
        yield f"{'sent again':27}{told['sent_again']:>10,}   ({before:,} had been done before)"
    yield ""
    yield "nothing was sold twice" if told["ok"] else "SOMETHING IS WRONG"
    for check in told["checks"]:
        yield f"  {'ok' if check['ok'] else 'WRONG':7}{check['claim']}"
        yield f"         {check['looked_at']}"
        if check["found"]:
            yield f"         found: {len(check['found'])}, the first: {check['found'][0]}"
    for note in told["notes"]:
        yield ""
        yield note
    if told["copy_kept"]:
        yield ""
        yield f"The copy is kept: {told['copy']}"


def _figures(latency: dict[str, Any]) -> str:
    figures = "".join(f"{latency[column]:>10,.1f}" for column in COLUMNS[1:])
    return f"{latency['requests']:>10,}" + figures


def _counted(title: str, numbers: dict[str, int]) -> Iterator[str]:
    yield f"{title:27}{sum(numbers.values()):>10,}"
    for name, number in numbers.items():
        why = f"   {WHY[name]}" if name in WHY else ""
        yield f"  {name:25}{number:>10,}{why}"


def _sold_out(seconds: float | None) -> str:
    return "" if seconds is None else f"; sold out after {seconds:,} s"


def _a_second(measures: Measures) -> float:
    return round(measures.reserved / max(1.0, measures.last_reserved_at), 1)


def _requests(measures: Measures) -> int:
    return sum(map(len, measures.took.values()))


def _ms(seconds: float) -> float:
    return round(seconds * MS_A_SECOND, 1)
