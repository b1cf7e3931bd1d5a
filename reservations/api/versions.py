"""Versions of the API: /v1 is served, the same without a prefix, and /v0 is gone."""

from __future__ import annotations

from typing import NoReturn

from flask import Blueprint, Flask

from reservations.api.openapi import Api
from reservations.api.openapi.decorators import Blueprint as DocumentedBlueprint
from reservations.api.problems import VersionGone

CURRENT = "/v1"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

gone = Blueprint("gone", __name__)


@gone.route("/v0", methods=METHODS)
@gone.route("/v0/", methods=METHODS)
@gone.route("/v0/<path:_path>", methods=METHODS)
def refuse_old_version(_path: str = "") -> NoReturn:
    """Tell clients of version 0 that it is gone."""
    raise VersionGone("Version 0 is gone. The same addresses begin with /v1 now.")


def register(app: Flask, api: Api, blueprint: DocumentedBlueprint, path: str) -> None:
    """Serve a blueprint at `path` of the current version, and without its prefix.

    Only the former is in the OpenAPI document.
    """
    api.register_blueprint(blueprint, url_prefix=CURRENT + path)
    app.register_blueprint(blueprint, name=f"{blueprint.name}-unversioned", url_prefix=path)
