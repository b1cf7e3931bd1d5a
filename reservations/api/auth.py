"""Who may do what: the decorator that every view but the public ones has."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request

from reservations import tokens
from reservations.api.openapi.decorators import View, problems, secured
from reservations.api.problems import Forbidden, Unauthorized
from reservations.api.wiring import service
from reservations.domain.caller import Caller, Role
from reservations.tokens import TokenInvalid


def requires(*roles: Role) -> Callable[[View], View]:
    """Let only callers with one of the roles, and a good token, reach a view.

    With no role named, anybody with a good token may.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.caller = _authenticate()
            if roles and g.caller.role not in roles:
                raise Forbidden(f"Only {' or '.join(roles)} may do this.")
            return view(*args, **kwargs)

        document = problems("unauthorized", "store_unavailable", *(["forbidden"] if roles else []))
        return document(secured(guarded))

    return decorate


def caller() -> Caller:
    """Return who makes the current request, in a view that requires to know."""
    known: Caller = g.caller
    return known


def acting_for(patron: str | None) -> str:
    """Return the patron for whom the caller acts.

    Args:
        patron: named in the request; None for the caller itself.

    Raises:
        Forbidden: the caller names somebody else, and is no admin.
    """
    who = caller()
    if patron is not None and patron != who.id and not who.is_admin:
        raise Forbidden("Only an admin may act for another patron.")
    return patron or who.id


def is_bound(patron: str | None) -> bool:
    """Whether limits and sales window hold: but for an admin who acts for a patron."""
    return patron is None or not caller().is_admin


def is_anybodys(patron: str | None) -> bool:
    """Whether the caller may let go of anybody's holds: an admin who names nobody."""
    return patron is None and caller().is_admin


def visible_patron(patron: str | None) -> str | None:
    """Return whose reservations the caller sees: for an admin, of all if nobody is named.

    Raises:
        Forbidden: the caller names somebody else, and is no admin.
    """
    return None if is_anybodys(patron) else acting_for(patron)


def _authenticate() -> Caller:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        raise Unauthorized("Send a token: 'Authorization: Bearer <token>'.")
    try:
        token = tokens.verify(sent.token)
    except TokenInvalid as error:
        raise Unauthorized(str(error)) from error
    if service().is_token_revoked(token.jti):
        raise Unauthorized("The token was revoked.")
    return token.caller
