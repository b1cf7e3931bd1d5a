"""What Flask itself can do here: the routes that the service's are compared with.

It is served as the service is, by the same gunicorn settings behind the same nginx.
"""

from __future__ import annotations

import json
import os

from flask import Flask, Response, jsonify, request
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["JWT_SECRET"]
app.config["JWT_DECODE_AUDIENCE"] = os.environ.get("JWT_AUDIENCE", "reservations")
JWTManager(app)

LISTS: dict[int, bytes] = {}
"""Lists of free seats as the service writes them, by the number of seats."""


@app.get("/health")
def health() -> Response:
    """Answer at once."""
    return jsonify(status="ok")


@app.route("/bare", methods=["GET", "PATCH"])
def bare() -> Response:
    """Answer a little JSON: what Flask and gunicorn cost by themselves."""
    return jsonify(id="stalls-C-12", name="Stalls C-12", status="held", mine=True)


@app.route("/guarded", methods=["GET", "PATCH"])
@jwt_required()  # type: ignore[untyped-decorator]
def guarded() -> Response:
    """Answer the same to who has a token, as flask-jwt-extended does it out of the box."""
    return jsonify(id="stalls-C-12", name="Stalls C-12", status="held", mine=True)


@app.get("/static")
def static_answer() -> Response:
    """Answer what a list of so many seats looks like, made once."""
    seats = int(request.args["seats"])
    if seats not in LISTS:
        listed = [
            {"id": str(number), "name": f"Seat #{number}", "status": "free"}
            for number in range(1, seats + 1)
        ]
        LISTS[seats] = json.dumps(listed, separators=(",", ":")).encode() + b"\n"
    return Response(LISTS[seats], mimetype="application/json")
