"""Decorators by which a view says what it takes, and which problems it can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

import flask_smorest
from flask import g, request

from reservations.api.arguments import ArgumentsParser
from reservations.api.bodies import MAX_EVENT_BODY_BYTES
from reservations.domain.errors import ReservationError

View = Callable[..., Any]

PROBLEM_CODES = "x-problem-codes"
MORE_PARAMETERS = "x-more-parameters"
SECURITY_SCHEME = "bearer"
OF_BODIES = ("malformed", "payload_too_large", "unsupported_media_type", "invalid")


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's Blueprint whose views name the problems that they can answer."""

    ARGUMENTS_PARSER = ArgumentsParser()

    def arguments(
        self, schema: Any, *, location: str = "json", alike: bool = False, **kwargs: Any
    ) -> Callable[[View], View]:
        """Validate a part of the request, as flask-smorest does, and document how it fails.

        Args:
            schema: what it has to be.
            location: which part.
            alike: whether many send the same few bytes, so that they are read only once
                (see `ArgumentsParser.remembering`).
            **kwargs: document the part.
        """
        # Made here once; webargs would make one for each request.
        made = schema() if isinstance(schema, type) else schema
        parser = self.ARGUMENTS_PARSER
        read = parser.remembering(made, location) if alike else partial(parser.read, made, location)
        document = _documentation(super().arguments(made, location=location, **kwargs))
        document_failures = problems(*(OF_BODIES if location == "json" else ("invalid",)))

        def decorate(view: View) -> View:
            @wraps(view)
            def given(*args: Any, **kwargs: Any) -> Any:
                return view(*args, read(), **kwargs)

            return document_failures(document(given))

        return decorate

    def response(
        self,
        status_code: int,
        schema: Any = None,
        *,
        shows: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Render what a view returns, as flask-smorest does.

        Args:
            status_code: of the answer.
            schema: of its body; None if it has none.
            shows: makes of the view's result what is to be rendered, with headers if it
                has any; by default the result itself.
            **kwargs: document the answer.
        """
        document = super().response(status_code, schema, **kwargs)
        present = shows or (lambda result: None if schema is None else result)
        # Also by itself, for an answer that is wanted before the view returns.
        render = document(present)

        def decorate(view: View) -> View:
            @wraps(view)
            def rendered(*args: Any, **kwargs: Any) -> Any:
                g.render = render
                return present(view(*args, **kwargs))

            decorated: View = document(rendered)
            return decorated

        return decorate

    def alt_response(self, *args: Any, **kwargs: Any) -> Callable[[View], View]:
        """Document an answer that a view makes by itself."""
        return _documentation(super().alt_response(*args, **kwargs))

    @staticmethod
    def doc(**kwargs: Any) -> Callable[[View], View]:
        """Document a view by hand; its `parameters` join those of its arguments."""
        # flask-smorest would put them in the place of those.
        named = {parameter["name"]: parameter for parameter in kwargs.pop("parameters", [])}
        return _documented(**{MORE_PARAMETERS: named}, **kwargs)

    @staticmethod
    def refuses(*errors: type[ReservationError]) -> Callable[[View], View]:
        """Document the errors that a view lets through."""
        return problems(*(error.code for error in errors))

    @staticmethod
    def problems(*codes: str) -> Callable[[View], View]:
        """Document problems that are no errors of the domain."""
        return problems(*codes)

    def tags_of_views(self) -> Iterator[str]:
        """Yield the tags of all views, the blueprint's name where a view has none of its own."""
        for view in self._docs.values():
            for method, documented in view.items():
                if method != "parameters":
                    yield from documented["tags"] or [self.name]


def takes_long_bodies(view: View) -> View:
    """Let a view take as much as a large event says of its seats, also to refuse it."""

    @wraps(view)
    def given(*args: Any, **kwargs: Any) -> Any:
        request.max_content_length = MAX_EVENT_BODY_BYTES
        return view(*args, **kwargs)

    return given


def problems(*codes: str) -> Callable[[View], View]:
    """Document problems that a view can answer, by their codes."""
    return _documented(**{PROBLEM_CODES: dict.fromkeys(codes, True)})


def secured(view: View) -> View:
    """Document that a view wants a token."""
    return _documented(security=[{SECURITY_SCHEME: []}])(view)


def _documented(**members: Any) -> Callable[[View], View]:
    return _documentation(flask_smorest.Blueprint.doc(**members))


def _documentation(decorate: Callable[[View], View]) -> Callable[[View], View]:
    """Return what documents a view as a decorator of flask-smorest does, and does nothing else.

    Each of its wrappers is one more that all requests go through.
    """

    def document(view: View) -> View:
        view._apidoc = decorate(view)._apidoc  # type: ignore[attr-defined]
        return view

    return document
