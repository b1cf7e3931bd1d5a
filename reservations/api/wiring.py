"""Where views find the service that the application was made with, and what it remembers."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Flask, current_app

from reservations.api.seat_json import SeatLists
from reservations.service import ReservationService

_EXTENSION = "reservations"


@dataclass(frozen=True, slots=True)
class _Wired:
    service: ReservationService
    seat_lists: SeatLists = field(default_factory=SeatLists)


def init_app(app: Flask, reservation_service: ReservationService) -> None:
    """Give an application its service."""
    app.extensions[_EXTENSION] = _Wired(reservation_service)


def service() -> ReservationService:
    """Return the current application's service."""
    return _wired().service


def seat_lists() -> SeatLists:
    """Return what renders the current application's lists of seats."""
    return _wired().seat_lists


def _wired() -> _Wired:
    wired: _Wired = current_app.extensions[_EXTENSION]
    return wired
