"""The service with one of its rules broken, to see that the comparison notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reservations.domain.caller import Caller
from reservations.domain.changes import Change, Look, Situation
from reservations.domain.errors import SeatConflict
from reservations.domain.geometry import Geometry
from reservations.domain.rules import blocks, conflicts, holds
from reservations.domain.rules import reservations as rules
from reservations.domain.seat import Seat, SeatStatus
from reservations.service import reservations as selling
from reservations.service import seats as holding
from reservations.store import Once
from reservations.store import seats as writing

Mutant = Callable[[pytest.MonkeyPatch], None]


def a_hold_does_not_look_at_the_limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holds, "_exceeds", lambda *_: False)


def a_refresh_prolongs_a_hold_beyond_its_longest_time(patch: pytest.MonkeyPatch) -> None:
    def hold(situation: Situation, *args: Any, **kwargs: Any) -> Change | Look:
        terms = replace(situation.event.terms, hold_max=timedelta(days=1))
        return holds.hold(
            replace(situation, event=replace(situation.event, terms=terms)), *args, **kwargs
        )

    patch.setattr(holding, "hold", hold)


def a_hold_takes_what_it_can_get(patch: pytest.MonkeyPatch) -> None:
    def hold(
        situation: Situation, patron: str, seat_ids: Sequence[str], **kwargs: Any
    ) -> Change | Look:
        try:
            return holds.hold(situation, patron, seat_ids, **kwargs)
        except SeatConflict as refusal:
            in_the_way = {conflict.seat_id for conflict in refusal.conflicts}
            rest = [seat_id for seat_id in seat_ids if seat_id not in in_the_way]
            if not rest:
                raise
            return holds.hold(situation, patron, rest, **kwargs)

    patch.setattr(holding, "hold", hold)


def a_hold_ends_a_little_late(patch: pytest.MonkeyPatch) -> None:
    on_time: Callable[[datetime], int] = writing._last_ms
    patch.setattr(writing, "_last_ms", lambda expires_at: on_time(expires_at) + 50)


def the_best_places_leave_orphans(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Geometry, "without_orphans", lambda _self, places, *_: places)


def a_release_lets_go_of_what_others_hold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holds, "why_not_held", _why_not_held_by_anybody)


def a_reservation_takes_what_others_hold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "why_not_held", _why_not_held_by_anybody)


def a_reservation_is_made_though_the_event_is_closed(patch: pytest.MonkeyPatch) -> None:
    def reserve(situation: Situation, *args: Any, **kwargs: Any) -> Change | Look:
        return rules.reserve(situation, *args, **{**kwargs, "bound": False})

    patch.setattr(selling, "reserve", reserve)


def a_cancellation_leaves_the_count_of_reserved_seats(patch: pytest.MonkeyPatch) -> None:
    def cancel(situation: Situation, caller: Caller, reservation_id: str) -> Change | Look:
        answer = rules.cancel(situation, caller, reservation_id)
        return replace(answer, holdings={}) if isinstance(answer, Change) else answer

    patch.setattr(selling, "cancel", cancel)


def anybody_can_cancel(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        rules,
        "visible",
        lambda found, caller, reservation_id: found or _visible(found, caller, reservation_id),
    )


def a_move_leaves_the_old_seat_reserved(patch: pytest.MonkeyPatch) -> None:
    def move(*args: Any, **kwargs: Any) -> Change | Look:
        answer = rules.move(*args, **kwargs)
        return replace(answer, steps=answer.steps[1:]) if isinstance(answer, Change) else answer

    patch.setattr(selling, "move", move)


def a_block_takes_seats_from_their_holders(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(blocks, "refuse", lambda found: list(found))


def a_request_is_done_again_when_it_is_repeated(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Once, "check", lambda *_: None)


MUTANTS: list[Mutant] = [
    a_hold_does_not_look_at_the_limit,
    a_refresh_prolongs_a_hold_beyond_its_longest_time,
    a_hold_takes_what_it_can_get,
    a_hold_ends_a_little_late,
    the_best_places_leave_orphans,
    a_release_lets_go_of_what_others_hold,
    a_reservation_takes_what_others_hold,
    a_reservation_is_made_though_the_event_is_closed,
    a_cancellation_leaves_the_count_of_reserved_seats,
    anybody_can_cancel,
    a_move_leaves_the_old_seat_reserved,
    a_block_takes_seats_from_their_holders,
    a_request_is_done_again_when_it_is_repeated,
]


def _why_not_held_by_anybody(seat: Seat, patron: str) -> SeatConflict | None:
    return None if seat.status is SeatStatus.HELD else conflicts.why_not_held(seat, patron)


_visible = rules.visible
