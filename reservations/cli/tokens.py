"""`flask tokens`: issue and revoke them."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from reservations import tokens
from reservations.api.schemas.identity import NewTokenSchema, TokenPath
from reservations.cli.exits import EXIT_CODES, REFUSED, RunningStore, exit_with, with_store
from reservations.cli.params import Id, as_json, load
from reservations.domain.caller import Role
from reservations.service import ReservationService

ROLES = [role.value for role in Role]


def tokens_group(service: ReservationService, running_store: RunningStore) -> AppGroup:
    """Make the commands of `flask tokens`."""
    group = AppGroup("tokens", help="Issue and revoke tokens.", epilog=EXIT_CODES)

    @group.command("issue")
    @click.argument("subject", type=Id())
    @click.option(
        "--role",
        type=click.Choice(ROLES),
        default=Role.PATRON.value,
        show_default=True,
        help="What the token lets do.",
    )
    @click.option("--name", help="Whose it is, for people to read.")
    @click.option(
        "--expires-in",
        "seconds",
        type=int,
        help="Seconds; by default 3600, or as many as JWT_MAX_LIFETIME allows.",
    )
    @as_json
    def issue(
        subject: str, role: str, name: str | None, seconds: int | None, as_json: bool
    ) -> None:
        """Print a token that speaks for SUBJECT."""
        if not tokens.can_issue():
            exit_with(
                "Tokens come from the identity provider whose JWT_PUBLIC_KEYS are set.", REFUSED
            )
        if seconds is None:
            seconds = int(tokens.default_lifetime().total_seconds())
        members = {"subject": subject, "role": role, "name": name, "expires_in": seconds}
        new = load(NewTokenSchema(), members)
        token = tokens.issue(new["subject"], new["role"], new["name"], new["expires_in"])
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        click.echo(json.dumps(answer) if as_json else token)

    @group.command("revoke")
    @click.argument("jti")
    @as_json
    @with_store(running_store)
    def revoke(jti: str, as_json: bool) -> None:
        """Revoke the token whose claim `jti` is JTI."""
        load(TokenPath(), {"jti": jti})
        service.revoke_token(jti)
        if as_json:
            click.echo(json.dumps({"jti": jti, "revoked": True}))
        else:
            click.echo(f"Revoked {jti}.", err=True)

    return group
