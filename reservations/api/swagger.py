"""Swagger UI, from files that a package ships: it works without the internet."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from flask import Blueprint, Response, redirect, send_from_directory
from werkzeug.wrappers import Response as WerkzeugResponse

PATH = "/swagger"
ASSETS_PATH = "/swagger/assets/"
START_PATH = "/swagger/start.js"

# Addresses are relative, so that the page works below whatever prefix a proxy has.
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Reservations API</title>
<link rel="icon" type="image/png" sizes="32x32" href="swagger/assets/favicon-32x32.png">
<link rel="icon" type="image/png" sizes="16x16" href="swagger/assets/favicon-16x16.png">
<link rel="stylesheet" href="swagger/assets/swagger-ui.css">
<link rel="stylesheet" href="swagger/assets/index.css">
<script defer src="swagger/assets/swagger-ui-bundle.js"></script>
<script defer src="swagger/start.js"></script>
</head>
<body>
<noscript>This page needs JavaScript; <a href="openapi.json">openapi.json</a> does not.</noscript>
<div id="swagger-ui"></div>
</body>
</html>
"""

START = """\
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: true,
  validatorUrl: null,
  // Swagger UI writes "Bearer " itself; whoever pastes it too means it once.
  requestInterceptor: (request) => {
    const { Authorization } = request.headers;
    if (Authorization) {
      request.headers.Authorization = Authorization.replace(/^(Bearer\\s+)+/i, "Bearer ");
    }
    return request;
  },
});
"""

# The page keeps a token, so nothing but this service's own files may run in it or
# be asked by it. Swagger UI sets styles of elements and draws icons from data URLs.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

swagger = Blueprint("swagger", __name__)


def assets_folder() -> Path:
    """Return the folder of Swagger UI's files in the package flask-swagger-ui."""
    package = importlib.util.find_spec("flask_swagger_ui")
    assert package is not None and package.origin is not None  # noqa: S101 - a requirement
    return Path(package.origin).parent / "dist"


def page() -> Response:
    """Answer Swagger UI's page."""
    return Response(
        PAGE,
        mimetype="text/html",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY},
    )


@swagger.route("/")
def home() -> WerkzeugResponse:
    """Lead whoever opens the service's address to its documentation."""
    return redirect(PATH)


@swagger.route(START_PATH)
def start() -> Response:
    """Serve what makes the page Swagger UI of this service."""
    return Response(START, mimetype="text/javascript")


@swagger.route(f"{ASSETS_PATH}<path:name>")
def asset(name: str) -> Response:
    """Serve one of Swagger UI's files."""
    return send_from_directory(assets_folder(), name, max_age=86_400)
