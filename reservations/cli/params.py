"""What commands take, and how it is checked."""

from __future__ import annotations

import json
import re
from typing import Any

import click
from marshmallow import Schema, ValidationError

from reservations.domain.caller import ID_PATTERN

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API answers it.")

SECTION = re.compile(
    r"(?P<name>[^:]+):(?P<rows>[0-9]{1,9})x(?P<seats_per_row>[0-9]{1,9})(:(?P<category>.+))?"
)


class Id(click.ParamType[str]):
    """The id of a patron, admin, token or event."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is none."""
        if not ID_PATTERN.fullmatch(value):
            self.fail("1-64 characters of A-Za-z0-9._:@- make an id.", param, ctx)
        return str(value)


class SectionParam(click.ParamType[dict[str, Any]]):
    """A section of seats, such as `Stalls:20x30:A`."""

    name = "section"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Take a section apart."""
        found = SECTION.fullmatch(value)
        if found is None:
            self.fail("A section is NAME:ROWSxSEATS_PER_ROW[:CATEGORY].", param, ctx)
        size = {"rows": int(found["rows"]), "seats_per_row": int(found["seats_per_row"])}
        return {"name": found["name"], "category": found["category"], **size}


def load(schema: Schema, members: dict[str, Any]) -> Any:
    """Validate what was given as the API would, and exit with a usage error."""
    try:
        # Bytes that were no text in the terminal's encoding are none in UTF-8 either.
        json.dumps(members, ensure_ascii=False).encode()
        return schema.load(members)
    except UnicodeEncodeError as error:
        raise click.UsageError("An argument is not text in the locale's encoding.") from error
    except ValidationError as error:
        messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
        described = (f"{name.replace('_', '-')}: {_words(m)}" for name, m in messages.items())
        raise click.UsageError("; ".join(described)) from error


def _words(messages: Any) -> str:
    if isinstance(messages, dict):
        return " ".join(f"{name}: {_words(found)}" for name, found in messages.items())
    return " ".join(map(str, messages))
