"""Whether the process answers, and whether the store keeps what it is told."""

from __future__ import annotations

from reservations.api.openapi.decorators import Blueprint
from reservations.api.schemas.health import StatusSchema
from reservations.api.wiring import service
from reservations.domain.errors import StoreNotReady, StoreUnavailable

health = Blueprint("service", __name__, description="How the service is.")


@health.route("/health")
@health.response(200, StatusSchema, description="It answers.", example={"status": "ok"})
def get_health() -> dict[str, str]:
    """Tell that this process answers"""
    return {"status": "ok"}


@health.route("/ready")
@health.response(200, StatusSchema, description="It can sell.", example={"status": "ready"})
@health.refuses(StoreUnavailable, StoreNotReady)
def get_ready() -> dict[str, str]:
    """Tell whether the store can be reached and keeps what it is told"""
    service().check_ready()
    return {"status": "ready"}
