"""Examples for the OpenAPI document."""

from typing import Any

NEW_EVENTS = {
    "seats": {"summary": "A number of seats", "value": {"name": "Opening night", "seats": 250}},
    "sections": {
        "summary": "Seats in sections",
        "value": {
            "name": "Opening night",
            "date": "2027-01-01T20:00:00.000Z",
            "location": "Main hall",
            "sections": [
                {"name": "Stalls", "category": "A", "rows": 20, "seats_per_row": 30},
                {"name": "Balcony", "category": "B", "rows": 5, "seats_per_row": 24},
            ],
            "hold_time": 120,
            "seat_user_limit": 6,
        },
    },
}

EVENT: dict[str, Any] = {
    "id": "3f9a1c5be2d40786",
    "name": "Opening night",
    "description": None,
    "date": "2027-01-01T20:00:00.000Z",
    "location": "Main hall",
    "status": "on_sale",
    "created_at": "2026-11-01T09:00:00.000Z",
    "seats": 250,
    "sections": [],
    "hold_time": 60,
    "hold_max": 600,
    "seat_user_limit": 4,
    "seat_total_limit": None,
    "on_sale_from": None,
    "on_sale_until": None,
}

COUNTS = {"free": 248, "held": 2, "reserved": 0, "blocked": 0, "total": 250}
COUNTED_EVENT = EVENT | {"counts": COUNTS, "counts_by_category": [{"category": None, **COUNTS}]}

EVENT_PAGE = {"items": [EVENT], "next": "c1"}

FREE_SEAT = {
    "id": "stalls-C-12",
    "name": "Stalls C-12",
    "section": "Stalls",
    "row": "C",
    "number": 12,
    "category": "A",
    "status": "free",
}

HELD_SEAT = FREE_SEAT | {
    "status": "held",
    "mine": True,
    "expires_at": "2027-01-01T20:01:00.000Z",
}

RESERVED_SEAT = FREE_SEAT | {
    "status": "reserved",
    "mine": True,
    "reservation_id": "019a7c3e5b009d2e6b1f40",
}

SEATS = {
    "held": {"summary": "After hold", "value": HELD_SEAT},
    "reserved": {"summary": "After reserve", "value": RESERVED_SEAT},
    "released": {"summary": "After release", "value": FREE_SEAT},
}

NEIGHBOUR = {"id": "stalls-C-13", "name": "Stalls C-13", "number": 13}

NEW_HOLDS = {
    "seats": {"summary": "These seats", "value": {"seats": ["stalls-C-12", "stalls-C-13"]}},
    "best_available": {
        "summary": "The best seats",
        "value": {"best_available": {"count": 2, "category": "A", "together": "required"}},
    },
    "for_a_patron": {
        "summary": "By an admin for a patron",
        "value": {"seats": ["stalls-C-12"], "patron": "bob"},
    },
}

TWO_HELD: dict[str, Any] = {
    "seats": [HELD_SEAT, HELD_SEAT | NEIGHBOUR],
    "expires_at": HELD_SEAT["expires_at"],
}

HELD = {
    "seats": {"summary": "Seats that were named", "value": TWO_HELD},
    "best_available": {"summary": "The best seats", "value": TWO_HELD | {"together": True}},
}

HOLDS = {"seats": TWO_HELD["seats"], "limit": 4, "remaining": 2}

NEW_RESERVATION = {"reference": "A-1042", "data": {"name": "Alice"}}

RESERVATION: dict[str, Any] = {
    "id": "019a7c3e5b009d2e6b1f40",
    "seats": [RESERVED_SEAT, RESERVED_SEAT | NEIGHBOUR],
    "reserved_at": "2026-12-01T09:00:01.250Z",
    "reference": "A-1042",
    "data": {"name": "Alice"},
}

RESERVATION_PAGE = {"items": [RESERVATION], "next": "r019a7c3e5b009d2e6b1f40"}

RESERVATIONS_AS_CSV = (
    "id,patron,seats,reserved_at,reference,data\r\n"
    "019a7c3e5b009d2e6b1f40,alice,stalls-C-12 stalls-C-13,2026-12-01T09:00:01.250Z,A-1042,\r\n"
)

MOVE = {"from": "stalls-C-12", "to": "stalls-D-3"}

BLOCKED = {"seats": [FREE_SEAT | {"status": "blocked", "reason": "Camera"}]}

UNBLOCKED = {"seats": [FREE_SEAT]}

CHANGES = {
    "cursor": "l19a7c3e5b00.0",
    "changes": [
        {
            "at": "2027-01-01T20:00:00.000Z",
            "kind": "held",
            "seats": ["stalls-C-12", "stalls-C-13"],
            "status": "held",
            "expires_at": "2027-01-01T20:01:00.000Z",
        }
    ],
    "next_expiry": "2027-01-01T20:01:00.000Z",
}
