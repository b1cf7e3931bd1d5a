"""Where views find the service that the application was made with."""

from __future__ import annotations

from flask import Flask, current_app

from reservations.service import ReservationService

_EXTENSION = "reservations"


def init_app(app: Flask, reservation_service: ReservationService) -> None:
    """Give an application its service."""
    app.extensions[_EXTENSION] = reservation_service


def service() -> ReservationService:
    """Return the current application's service."""
    found: ReservationService = current_app.extensions[_EXTENSION]
    return found
