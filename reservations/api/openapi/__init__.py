"""The OpenAPI document: generated from the views, with every problem of each.

flask-smorest would document errors as plain JSON of its own shape. Here a view, by
the decorators that it has, names the codes of the problems that it can answer, and
the document shows each as what it is, with an example.
"""

from __future__ import annotations

from typing import Any

import flask_smorest
from flask import Response

from reservations.api.openapi.decorators import SECURITY_SCHEME, Blueprint
from reservations.api.openapi.operations import EXAMPLE_REQUEST_ID, ContractPlugin, as_validated
from reservations.api.openapi.problem_schema import ProblemSchema
from reservations.api.pages import Cursor, IdCursor, LogCursor
from reservations.api.schemas.fields import Seconds
from reservations.api.swagger import ASSETS_PATH, PATH, page
from reservations.observability import REQUEST_ID

TAGS = {"tokens": "Issued for a shop's patrons, and revoked."}
"""Descriptions of tags that are not those of one blueprint."""

DESCRIPTION = """\
Numbered seats for busy events. An **admin** creates events; a **patron** lists free
seats, holds some for a short time, refreshes or releases the hold, and reserves them;
reservations can be moved to other seats, and cancelled.

- JSON in UTF-8. Times are RFC 3339 in UTC with milliseconds, durations whole seconds.
- `Authorization: Bearer <token>`: a JSON Web Token with `sub`, `role` (`admin` or
  `patron`), `exp`, `iat`, `jti`, `iss`, `aud` and, if you like, `name`. Here, press
  **Authorize** and paste the token.
- Every answer carries `X-Request-ID`: yours, if you sent a sane one.
- Every error is a problem (RFC 9457) whose `code` a program can go by.
- Unknown members of a body are refused. A refused request changes nothing; one for several
  seats is done as a whole or not at all, and `conflicts` names all that stood in the way.
- `Idempotency-Key` names a request, so that it can be sent again safely: for a day the same
  request by the same caller is answered the same again, to the byte (so a problem has the
  first one's `request_id`), with `Idempotency-Replayed: true`; and another one with 409. With
  a deleted event its answers are gone.
  429 and 503 are not remembered; after `outcome_unknown` the repeat tells what happened.
- `patron` in a hold or a reservation lets an admin act for that patron, whom limits and sales
  window do not bind then.
- Who holds seats and never buys has, in each event, a hold allowance: the time for which as
  many seats as the limit allows can be held on end (`hold_max`, at least ten minutes). When
  it is used up, new holds are refused with 429, and `Retry-After` says until when. It comes
  back within an hour; letting go early and reserving give back what they can.
- Lists that can grow are paged by `limit` and `after`; `next` is the `after` of the
  next page.
"""


SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token, without the word Bearer.",
}

CONFIG = {
    "API_TITLE": "Reservations",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": "/",
    "OPENAPI_JSON_PATH": "openapi.json",
    "OPENAPI_SWAGGER_UI_PATH": PATH,
    "OPENAPI_SWAGGER_UI_URL": ASSETS_PATH,
    "API_SPEC_OPTIONS": {"info": {"description": DESCRIPTION, "license": {"name": "MIT"}}},
}


class Api(flask_smorest.Api):
    """flask-smorest's Api without its own error shape, and with a page that needs no network."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def register_blueprint(self, blueprint: Blueprint, **kwargs: Any) -> None:
        """Serve and document a blueprint, and list the tags that its views really have."""
        super().register_blueprint(blueprint, **kwargs)
        tags = {tag["name"]: tag for tag in self.spec._tags}
        del tags[blueprint.name]
        for tag in blueprint.tags_of_views():
            tags.setdefault(tag, {"name": tag, "description": TAGS.get(tag, blueprint.description)})
        self.spec._tags = list(tags.values())

    def _init_spec(self, **kwargs: Any) -> None:
        super()._init_spec(extra_plugins=[ContractPlugin()], **kwargs)
        self.ma_plugin.converter.add_attribute_function(as_validated)
        self.ma_plugin.map_to_openapi_type(Seconds, "integer", None)
        for cursor in [Cursor, IdCursor, LogCursor]:
            self.ma_plugin.map_to_openapi_type(cursor, "string", None)
        self.spec.components.security_scheme(SECURITY_SCHEME, SECURITY)
        self.spec.options["servers"] = [{"url": "/", "description": "This server."}]
        self.spec.components.schema("Problem", schema=ProblemSchema)
        self.spec.components.header(
            REQUEST_ID,
            {
                "description": "The request's own id if it sent a sane one, else a new one.",
                "schema": {"type": "string"},
                "example": EXAMPLE_REQUEST_ID,
            },
        )

    def _register_error_handlers(self) -> None:
        """Leave errors to `problems.init_app`."""

    def _register_responses(self) -> None:
        """Leave errors to `ContractPlugin`."""

    def _register_etag_headers(self) -> None:
        """Leave them to the views that have them."""

    def _register_pagination_header(self) -> None:
        """Leave pages to `pages.py`."""

    def _openapi_swagger_ui(self) -> Response:
        return page()
