"""Changes: what happened to the seats of an event, for whoever follows it."""

from __future__ import annotations

from typing import Any

from flask import Response

from reservations.api.auth import caller, requires
from reservations.api.change_json import render
from reservations.api.examples import CHANGES
from reservations.api.openapi.decorators import Blueprint
from reservations.api.schemas.changes import ChangesQuery, ChangesSchema
from reservations.api.wiring import service
from reservations.domain.errors import Busy, CursorExpired, EventNotFound

changes = Blueprint("changes", __name__, description="What happens to seats, in order.")


@changes.route("/<event_id>/changes")
@requires()
@changes.arguments(ChangesQuery, location="query")
@changes.response(200, ChangesSchema, description="The changes.", example=CHANGES)
@changes.refuses(EventNotFound, CursorExpired, Busy)
def list_changes(query: dict[str, Any], event_id: str) -> Response:
    """List what happened to seats after a cursor

    Each change once and in order: its seats have its `status` since. Without `after` you
    get the newest cursor; then list the seats, and ask for what came after the cursor.
    What the list shows already may come once more, which does no harm. As long as there are
    as many changes as `limit` allows, there may be more after the new cursor.

    Holds that run out make no change: their `expires_at` said it before, and `next_expiry`
    says when one does next.
    """
    found = service().changes(event_id, query["after"], query["limit"])
    return render(found, caller())
