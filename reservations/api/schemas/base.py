"""What all schemas have in common: who refuses what, and how members are described."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema
from marshmallow.validate import Regexp

ONE_LINE = Regexp(r"[^\x00-\x1f\x7f]*\Z", error="Control characters are not allowed.")


def about(description: str, example: Any = None) -> dict[str, Any]:
    """Return the metadata of a field for the OpenAPI document."""
    return {"description": description} | ({} if example is None else {"example": example})


class Body(Schema):
    """Base of all request bodies: members that are not declared are refused."""

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class Query(Schema):
    """Base of all query strings: parameters that are not declared are passed over."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE


class Answer(Schema):
    """Base of all answers: later versions may add members."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE
