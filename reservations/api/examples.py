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
    "reservation_id": "9d2e6b1f40c8a735",
}

SEATS = {
    "held": {"summary": "After hold", "value": HELD_SEAT},
    "reserved": {"summary": "After reserve", "value": RESERVED_SEAT},
    "released": {"summary": "After release", "value": FREE_SEAT},
}
