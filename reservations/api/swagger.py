"""Swagger UI, from files that a package ships: it works without the internet."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from flask import Blueprint, Response, redirect, send_from_directory, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

PATH = "/swagger"
ASSETS_PATH = "/swagger/assets/"

swagger = Blueprint("swagger", __name__)


def assets_folder() -> Path:
    """Return the folder of Swagger UI's files in the package flask-swagger-ui."""
    package = importlib.util.find_spec("flask_swagger_ui")
    assert package is not None and package.origin is not None  # noqa: S101 - a requirement
    return Path(package.origin).parent / "dist"


@swagger.route("/")
def home() -> WerkzeugResponse:
    """Lead whoever opens the service's address to its documentation."""
    return redirect(PATH)


@swagger.route(f"{ASSETS_PATH}<path:name>")
def asset(name: str) -> Response:
    """Serve one of Swagger UI's files."""
    return send_from_directory(assets_folder(), name, max_age=86_400)
