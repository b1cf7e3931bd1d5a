"""How the service is."""

from __future__ import annotations

from marshmallow import fields

from reservations.api.schemas.base import Answer, about


class StatusSchema(Answer):
    """That all is well."""

    status = fields.String(required=True, metadata=about("`ok` or `ready`.", "ok"))
