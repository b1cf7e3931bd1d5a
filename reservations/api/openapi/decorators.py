"""Decorators by which a view says what it takes, and which problems it can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import flask_smorest
from flask import g

from reservations.api.bodies import BodyParser
from reservations.domain.errors import ReservationError

View = Callable[..., Any]

PROBLEM_CODES = "x-problem-codes"
MORE_PARAMETERS = "x-more-parameters"
SECURITY_SCHEME = "bearer"
OF_BODIES = ("malformed", "payload_too_large", "unsupported_media_type", "invalid")


class Blueprint(flask_smorest.Blueprint):
    """flask-smorest's Blueprint whose views name the problems that they can answer."""

    ARGUMENTS_PARSER = BodyParser()

    def arguments(self, schema: Any, *, location: str = "json", **kwargs: Any) -> Any:
        """Validate a part of the request, as flask-smorest does, and document how it fails."""
        inject = super().arguments(schema, location=location, **kwargs)
        document = problems(*(OF_BODIES if location == "json" else ("invalid",)))
        return lambda view: document(inject(view))

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

    @staticmethod
    def doc(**kwargs: Any) -> Callable[[View], View]:
        """Document a view by hand; its `parameters` join those of its arguments."""
        # flask-smorest would put them in the place of those.
        named = {parameter["name"]: parameter for parameter in kwargs.pop("parameters", [])}
        document: Callable[[View], View] = flask_smorest.Blueprint.doc(
            **{MORE_PARAMETERS: named}, **kwargs
        )
        return document

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


def problems(*codes: str) -> Callable[[View], View]:
    """Document problems that a view can answer, by their codes."""
    document: Callable[[View], View] = flask_smorest.Blueprint.doc(
        **{PROBLEM_CODES: dict.fromkeys(codes, True)}
    )
    return document


def secured(view: View) -> View:
    """Document that a view wants a token."""
    documented: View = flask_smorest.Blueprint.doc(security=[{SECURITY_SCHEME: []}])(view)
    return documented
