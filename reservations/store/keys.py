"""The names of all keys.

| key | type | what | lifetime |
|---|---|---|---|
| `{e:ID}:event` | string | the event | until deleted |
| `{e:ID}:plan` | string | the seats as made at creation | immutable |
| `{e:ID}:s:SEAT` | string | who holds, reserved or blocked it | absent when free; a hold expires |
| `{e:ID}:p:PATRON` | string | holds, and number of reserved seats | until there are neither |
| `{e:ID}:r:RES` | string | a reservation | until cancelled |
| `{e:ID}:index` | zset | ids of reservations, for lists: see `index.py` | |
| `{e:ID}:i:CALLER|KEY` | string | a request with an idempotency key, and its answer | a day |
| `{e:ID}:log` | stream | one entry a change, in the order of commit | trimmed by length |
| `events` | zset | ids of events by order of creation | |
| `events:count` | string | how many events were ever created | |
| `once:CALLER|KEY` | string | id of the event that such a request is about, or makes | a day |
| `revocations` | stream | revoked tokens | until they would have expired |
| `{revocations}:ready` | string | written by the readiness check | a second |
| `{...}:mark` | string | written so as to have what was before it confirmed | a second |

The braces are a hash tag (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags):
all keys of one event share a slot, so one transaction can change them on a cluster.
Ids contain none of `{ } |` or space. Only callers' ids and idempotency keys contain `:`;
a caller in `CALLER|KEY` is written `ROLE|ID`.
"""

EVENTS = "events"
EVENT_COUNT = "events:count"
REVOCATIONS = "revocations"
READY = "{revocations}:ready"
"""Beside the revocations, without which nobody is let in."""


def event(event_id: str) -> str:
    """Name the key of an event."""
    return f"{{e:{event_id}}}:event"


def plan(event_id: str) -> str:
    """Name the key of an event's seats as they were made."""
    return f"{{e:{event_id}}}:plan"


def seat(event_id: str, seat_id: str) -> str:
    """Name the key whose presence says that a seat is not free."""
    return f"{{e:{event_id}}}:s:{seat_id}"


def patron(event_id: str, patron_id: str) -> str:
    """Name the key of what a patron has of an event."""
    return f"{{e:{event_id}}}:p:{patron_id}"


def reservation(event_id: str, reservation_id: str) -> str:
    """Name the key of a reservation."""
    return f"{{e:{event_id}}}:r:{reservation_id}"


def index(event_id: str) -> str:
    """Name the key of what lists of an event's reservations go by."""
    return f"{{e:{event_id}}}:index"


def once(event_id: str, scoped_key: str) -> str:
    """Name the key of a request that is to be done once."""
    return f"{{e:{event_id}}}:i:{scoped_key}"


def claim(scoped_key: str) -> str:
    """Name the key that says in which event such a request is remembered."""
    return f"once:{scoped_key}"


def mark(key: str) -> str:
    """Name a key that means nothing, in the same slot as another."""
    tag, brace, _ = key.partition("}")
    return f"{tag}{brace}:mark" if brace else f"{{{key}}}:mark"


def log(event_id: str) -> str:
    """Name the key of an event's change log."""
    return f"{{e:{event_id}}}:log"
