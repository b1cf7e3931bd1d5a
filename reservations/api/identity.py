"""Tokens, and whom they speak for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from reservations import tokens
from reservations.api.auth import caller, requires
from reservations.api.limits import count_token
from reservations.api.openapi.decorators import Blueprint
from reservations.api.schemas.identity import (
    CallerSchema,
    NewTokenSchema,
    TokenPath,
    TokenSchema,
    TryOutSchema,
    TryOutTokenSchema,
)
from reservations.api.wiring import service
from reservations.domain.caller import Caller, Role
from reservations.domain.errors import OutcomeUnknown

TRY_OUT_LIFETIME = timedelta(hours=12)
EXAMPLE_TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSJ9.q1c"  # noqa: S105

issuing = Blueprint("issuing", __name__, description="Tokens for a shop's patrons.")
revoking = Blueprint("revoking", __name__)
user = Blueprint("user", __name__, description="Whom a token speaks for.")
try_out = Blueprint("try-out", __name__, description="Tokens for trying things out.")


@issuing.route("", methods=["POST"], tags=["tokens"])
@requires(Role.ADMIN)
@issuing.arguments(
    NewTokenSchema, example={"subject": "alice", "role": "patron", "expires_in": 3600}
)
@issuing.response(
    201,
    TokenSchema,
    description="The token.",
    example={"access_token": EXAMPLE_TOKEN, "token_type": "Bearer", "expires_in": 3600},
)
def issue_token(new: dict[str, Any]) -> dict[str, Any]:
    """Issue a token, such as a shop's back end gives to its shopper"""
    count_token()
    lifetime = new.get("expires_in") or tokens.default_lifetime()
    token = tokens.issue(new["subject"], new["role"], new["name"], lifetime)
    return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime.total_seconds()}


@revoking.route("/<jti>", methods=["DELETE"], tags=["tokens"])
@requires(Role.ADMIN)
@revoking.arguments(TokenPath, location="path")
@revoking.response(204, description="It is revoked; every worker knows within 2 seconds.")
@revoking.refuses(OutcomeUnknown)
def revoke_token(_path: dict[str, str], jti: str) -> None:
    """Revoke a token for the rest of its life"""
    service().revoke_token(jti)


@user.route("/user")
@requires()
@user.response(
    200,
    CallerSchema,
    description="The token's `sub`, `name` and `role`.",
    example={"id": "alice", "name": "Alice", "role": "patron"},
)
def get_user() -> Caller:
    """Tell whom the token speaks for"""
    return caller()


@try_out.route("/jwt", methods=["POST"])
@try_out.arguments(TryOutSchema, example={"name": "Alice", "id": "alice", "role": "admin"})
@try_out.response(
    200,
    TryOutTokenSchema,
    description="The value of the header `Authorization`.",
    example={"Authorize": f"Bearer {EXAMPLE_TOKEN}"},
)
def get_try_out_token(who: dict[str, Any]) -> dict[str, str]:
    """Get a token for whomever you like: in development mode only"""
    lifetime = min(TRY_OUT_LIFETIME, tokens.longest_lifetime())
    return {"Authorize": f"Bearer {tokens.issue(who['id'], who['role'], who['name'], lifetime)}"}
