"""Fields that several schemas have in common."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow.validate import Length, Range
from webargs.fields import DelimitedList


class Seconds(fields.Field[timedelta]):
    """A duration: whole seconds outside, a `timedelta` inside."""

    _number = fields.Integer(strict=True)

    def _serialize(self, value: timedelta | None, *_args: Any, **_kwargs: Any) -> int | None:
        return None if value is None else int(value.total_seconds())

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> timedelta:
        try:
            return timedelta(seconds=self._number.deserialize(value))
        except OverflowError as error:
            raise ValidationError("Too long.") from error


def seconds(shortest: int, longest: int, metadata: dict[str, Any]) -> Seconds:
    """Return a field for a duration within bounds, both in seconds and allowed."""
    limits = Range(
        timedelta(seconds=shortest),
        timedelta(seconds=longest),
        error=f"Must be from {shortest} to {longest} seconds.",
    )
    bounds = {"minimum": shortest, "maximum": longest}
    return Seconds(validate=limits, metadata={**bounds, **metadata})


class Digits(fields.Integer):
    """A whole number in a query, in the one spelling of it: Python would read more as such."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not re.fullmatch(r"[0-9]{1,9}", str(value)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, *args, **kwargs)


class Listed(fields.List[Any]):
    """A list whose length is looked at before its items are, which can take much longer."""

    def __init__(self, item: fields.Field[Any], *, longest: int, **kwargs: Any) -> None:
        super().__init__(item, validate=Length(1, longest), **kwargs)
        self._longest = longest

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > self._longest:
            raise ValidationError(f"Longer than {self._longest}.")
        return super()._deserialize(value, *args, **kwargs)


class Ids(Listed):
    """Ids of seats, each named once."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return _each_once(super()._deserialize(value, *args, **kwargs))


class Words(DelimitedList):
    """Words separated by commas: in one parameter or, as many clients write lists, in several."""

    is_multiple = True

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        words = ",".join(map(str, value))
        return super()._deserialize(words, *args, **kwargs)  # type: ignore[no-untyped-call]


class IdWords(Words):
    """Ids of seats in a query, each named once."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return _each_once(super()._deserialize(value, *args, **kwargs))


def _each_once(ids: list[Any]) -> list[Any]:
    if len(set(ids)) < len(ids):
        raise ValidationError("Names a seat twice.")
    return ids
