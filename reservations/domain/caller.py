"""Who is asking: a patron who wants seats, or an admin who runs events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

ID_PATTERN = re.compile(r"[A-Za-z0-9._:@-]{1,64}")
"""What a patron's or admin's id looks like. No space: ids are words of store records."""


class Role(StrEnum):
    """What a caller may do."""

    ADMIN = "admin"
    PATRON = "patron"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller whose token has been verified."""

    id: str
    role: Role
    name: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether the caller may create events and see whose a seat is."""
        return self.role is Role.ADMIN
