"""Addresses, query strings and headers that no honest client sends: refused, never obeyed."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
import redis
from flask import Flask
from werkzeug.test import TestResponse

from tests.actors import Actor
from tests.security.problems import assert_problem

SEGMENTS = {
    "NUL": "%00",
    "NUL after an id": "1%00",
    "parent": "..",
    "parent, encoded": "%2e%2e%2f",
    "parent, encoded twice": "%252e%252e%252f",
    "parent, backslash": "..%5c..%5cetc",
    "this": ".",
    "encoded slash": "1%2f2",
    "Arabic digit": "%D9%A1",
    "full-width digit": "%EF%BC%91",
    "superscript digit": "%C2%B9",
    "leading zero": "01",
    "plus": "%2B1",
    "negative": "-1",
    "fraction": "1.0",
    "exponent": "1e0",
    "underscore": "1_0",
    "hexadecimal": "0x1",
    "5,000 characters": "a" * 5000,
    "5,000 digits": "9" * 5000,
    "5,000 NULs": "%00" * 5000,
    "hash tag": "%7Be:x%7D",
    "closing brace": "x%7D:event",
    "space": "%20",
    "space after": "1%20",
    "newline": "1%0a",
    "carriage return": "%0d%0aX-Evil:%201",
    "invalid UTF-8": "%ff",
    "overlong UTF-8": "%c0%af",
    "surrogate in UTF-8": "%ed%a0%80",
    "bar": "a%7Cb",
    "quotes": "%22%27%60",
    "markup": "%3Cscript%3E",
    "question mark": "%3F",
    "semicolon": "1;v=2",
    "star": "*",
    "percent": "%25s%25n",
    "right-to-left": "%E2%80%AE1",
    "null": "null",
    "comma": "1,2",
    "converter": "%3Cevent_id%3E",
}

NOBODYS = "0123456789abcdef012345"

PLACES = {
    "an event": ("GET", "/v1/events/{hostile}"),
    "an event, unversioned": ("GET", "/events/{hostile}"),
    "an event's seats": ("GET", "/v1/events/{hostile}/seats"),
    "an event's seat": ("GET", "/v1/events/{hostile}/seats/1"),
    "a hold of an event": ("PATCH", "/v1/events/{hostile}/seats/1"),
    "a seat": ("GET", "/v1/events/{event}/seats/{hostile}"),
    "a hold of a seat": ("PATCH", "/v1/events/{event}/seats/{hostile}"),
    "a hold, unversioned": ("PATCH", "/events/{event}/seats/{hostile}"),
    "an event to be changed": ("PATCH", "/v1/events/{hostile}"),
    "an event to be deleted": ("DELETE", "/v1/events/{hostile}"),
    "holds of an event": ("GET", "/v1/events/{hostile}/holds"),
    "new holds of an event": ("POST", "/v1/events/{hostile}/holds"),
    "holds of an event to be released": ("DELETE", "/v1/events/{hostile}/holds"),
    "reservations of an event": ("GET", "/v1/events/{hostile}/reservations"),
    "a new reservation of an event": ("POST", "/v1/events/{hostile}/reservations"),
    "a reservation of an event": ("GET", f"/v1/events/{{hostile}}/reservations/{NOBODYS}"),
    "blocks of an event": ("PUT", "/v1/events/{hostile}/blocks"),
    "changes of an event": ("GET", "/v1/events/{hostile}/changes"),
    "a reservation": ("GET", "/v1/events/{event}/reservations/{hostile}"),
    "a reservation, unversioned": ("GET", "/events/{event}/reservations/{hostile}"),
    "a reservation to be cancelled": ("DELETE", "/v1/events/{event}/reservations/{hostile}"),
    "a reservation to be moved": ("POST", "/v1/events/{event}/reservations/{hostile}/move"),
    "below reservations": ("POST", f"/v1/events/{{event}}/reservations/{NOBODYS}/{{hostile}}"),
    "below holds": ("GET", "/v1/events/{event}/holds/{hostile}"),
    "below blocks": ("DELETE", "/v1/events/{event}/blocks/{hostile}"),
    "below changes": ("GET", "/v1/events/{event}/changes/{hostile}"),
    "below a seat": ("GET", "/v1/events/{event}/seats/1/{hostile}"),
    "an unknown resource": ("GET", "/v1/{hostile}/x"),
    "the root": ("GET", "/{hostile}"),
    "another version": ("GET", "/v9/{hostile}"),
    "a file": ("GET", "/swagger/assets/{hostile}"),
}

BODIES = {
    ("PATCH", "seats"): {"action": "hold"},
    ("PATCH", "events"): {"description": "By request"},
    ("POST", "holds"): {"seats": ["1"]},
    ("POST", "reservations"): {},
    ("POST", "move"): {"from": "1", "to": "2"},
    ("PUT", "blocks"): {"seats": ["1"]},
}

NOT_FOUND = ("not_found", "event_not_found", "seat_not_found", "reservation_not_found")


def body_of(method: str, template: str) -> dict[str, Any]:
    """Return what a request carries besides its address, by the last word of this that tells."""
    words = [word for word in reversed(template.split("/")) if (method, word) in BODIES]
    return {"json": BODIES[method, words[0]]} if words else {}


def send(actor: Actor, method: str, path: str, **kwargs: Any) -> TestResponse:
    """Send a path as gunicorn would pass it on: the bytes that were meant, not corrected."""
    address, _, query = path.partition("?")
    environ = {
        "PATH_INFO": unquote_to_bytes(address).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": path,
        **kwargs.pop("environ_overrides", {}),
    }
    return actor.request(method, "/", environ_overrides=environ, **kwargs)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("hostile", SEGMENTS.values(), ids=SEGMENTS)
def test_what_names_nothing_is_not_found(
    admin: Actor, event: dict[str, Any], raw: redis.Redis, place: str, hostile: str
) -> None:
    method, path = PLACES[place]
    known = sorted(raw.keys())
    address = path.format(event=event["id"], hostile=hostile)
    response = send(admin, method, address, **body_of(method, path))
    assert_problem(response, 404, *NOT_FOUND)
    assert "Location" not in response.headers
    assert "X-Evil" not in response.headers
    assert sorted(raw.keys()) == known


ODD_RESERVATIONS = {
    "one that does not exist": NOBODYS,
    "only zeros": "0" * 22,
    "greatest": "f" * 22,
    "upper case": NOBODYS.upper(),
    "21 digits": NOBODYS[1:],
    "23 digits": NOBODYS + "0",
    "cursor": f"r{NOBODYS}",
    "newline after": f"{NOBODYS}%0a",
    "NUL after": f"{NOBODYS}%00",
    "no hexadecimal digit": NOBODYS.replace("a", "g"),
    "Arabic digits": "%D9%A1" * 22,
    "hash tag": "%7Be:x%7D",
    "another key": "%7Be:x%7D:r:" + NOBODYS,
    "parent": "..",
    "move": "move",
    "an id in upper case": "{upper}",
    "an id and a newline": "{id}%0a",
    "an id and a space": "{id}%20",
    "half an id": "{half}",
}


@pytest.mark.parametrize("odd", ODD_RESERVATIONS.values(), ids=ODD_RESERVATIONS)
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_what_names_no_reservation_is_not_found_and_changes_none(
    admin: Actor, raw: redis.Redis, odd: str, prefix: str
) -> None:
    event = admin.create_event(seats=10)
    known = admin.has_reserved(event, "1")["id"]
    named = odd.format(id=known, upper=known.upper(), half=known[:11])
    before = {key: raw.dump(key) for key in raw.keys()}
    path = f"{prefix}/events/{event['id']}/reservations/{named}"
    for answer in (
        send(admin, "GET", path),
        send(admin, "DELETE", path),
        send(admin, "POST", f"{path}/move", json={"from": "1", "to": "2"}),
    ):
        assert_problem(answer, 404, "reservation_not_found", "not_found")
    assert {key: raw.dump(key) for key in raw.keys()} == before


VALID_JTI = {"this", "parent", "leading zero", "negative", "fraction", "exponent"}
VALID_JTI |= {"plus", "underscore", "hexadecimal", "null"}


@pytest.mark.parametrize(
    "hostile", [pytest.param(SEGMENTS[name], id=name) for name in SEGMENTS if name not in VALID_JTI]
)
@pytest.mark.parametrize("prefix", ["/v1", ""])
def test_what_cannot_be_a_tokens_id_is_not_revoked(
    admin: Actor, raw: redis.Redis, prefix: str, hostile: str
) -> None:
    response = send(admin, "DELETE", f"{prefix}/tokens/{hostile}")
    assert response.status_code in (404, 422)
    assert_problem(response, response.status_code, "not_found", "invalid")
    assert not raw.exists("revocations")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/events%2f",
        "/v1//events",
        "/v1/events/",
        "/v1/events//",
        "/v1/events//seats",
        "/v1/events/{event}/",
        "/v1/events/{event}/seats/",
        "/v1/events/{event}//seats",
        "/v1/events/{event}/seats/1/",
        "/v1/events/../events",
        "/v1/../v1/events",
        "/v1/./events",
        "/V1/events",
        "/v1/Events",
        "/v01/events",
        "/v1",
        "/v1/",
        "/v2/events",
        "/user/",
        "/v1/user/",
        "/health/",
        "/openapi.json/",
        "/jwt/",
        "/.env",
        "/.git/config",
        "/wp-login.php",
        "/%2fevil.example/..",
        "//evil.example/%2e%2e",
        "/\\evil.example",
        "/http://evil.example",
        "/swagger/assets/../__init__.py",
        "/swagger/assets/..%2f__init__.py",
        "/swagger/assets/%2e%2e/%2e%2e/__init__.py",
        "/swagger/assets//etc/passwd",
        "/swagger/assets/%2fetc%2fpasswd",
        "/swagger/assets/..%5c__init__.py",
        "/swagger/assets/",
        "/swagger/assets/.",
        "/" + "a/" * 4000,
        "*",
        "%",
        "http://evil.example/v1/events",
    ],
    ids=lambda path: path[:40],
)
def test_an_address_is_taken_literally_or_not_at_all(
    admin: Actor, event: dict[str, Any], path: str
) -> None:
    response = send(admin, "GET", path.replace("{event}", event["id"]))
    assert_problem(response, 404, *NOT_FOUND)


@pytest.mark.parametrize("path", ["//v1/events", "////v1/events", "//health"])
def test_slashes_before_an_address_lead_nowhere_else(alice: Actor, path: str) -> None:
    response = send(alice, "GET", path)
    assert (response.status_code, response.headers.get("Location")) == (200, None)


@pytest.mark.parametrize(
    "path",
    ["/v0/", "/v0", "/v0/events", "/v0/%00", "/v0/..", "/v0/%ff"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_version_0_is_gone_whatever_is_asked_of_it(admin: Actor, method: str, path: str) -> None:
    assert_problem(send(admin, method, path), 410, "version_gone")


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"]
METHODS += ["BREW", "G\u00cbT"]


@pytest.mark.parametrize("token", ["with a token", "without a token"])
def test_a_method_that_a_route_does_not_have_is_answered_with_those_it_has(
    app: Flask, admin: Actor, token: str
) -> None:
    by_rule: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        by_rule.setdefault(rule.rule, set()).update(rule.methods or ())
    client = app.test_client()
    for rule, methods in by_rule.items():
        path = re.sub("<[^>]+>", "1", rule)
        for method in set(METHODS) - methods:
            if token == "with a token":  # noqa: S105
                response = admin.request(method, path)
            else:
                response = client.open(path, method=method)
            if method != "HEAD":
                assert_problem(response, 405, "method_not_allowed")
            assert response.status_code == 405, (method, path)
            allowed = set(response.headers["Allow"].split(", "))
            assert allowed == methods, (method, path)


def test_options_says_what_a_route_takes_and_does_nothing(
    app: Flask, event: dict[str, Any], raw: redis.Redis
) -> None:
    known = sorted(raw.keys())
    for rule in app.url_map.iter_rules():
        path = re.sub("<[^>]+>", "1", rule.rule)
        response = app.test_client().options(path)
        assert response.status_code == 200, path
        assert set(response.headers["Allow"].split(", ")) >= rule.methods
        assert response.data == b""
    assert sorted(raw.keys()) == known


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]
)
def test_the_method_cannot_be_overridden(admin: Actor, raw: redis.Redis, header: str) -> None:
    response = admin.request("GET", "/v1/tokens/abc", headers={header: "DELETE"})
    assert_problem(response, 405, "method_not_allowed")
    assert not raw.exists("revocations")


REFUSED_QUERIES = [
    pytest.param(resource, query, id=f"{resource or '/events'}?{query[:40]}", marks=marks)
    for resource, query, marks in [
        *(
            ("", query, ())
            for query in [
                "limit=0",
                "limit=501",
                "limit=-1",
                "limit=abc",
                "limit=1e3",
                "limit=1.5",
                "limit=",
                "limit=%00",
                "limit=%ff",
                "limit=null",
                "limit=true",
                "limit=0x10",
                "limit=" + "9" * 5000,
                "limit=0&limit=10",
                "after=garbage",
                "after=",
                "after=c",
                "after=cg",
                "after=C1",
                "after=-1",
                "after=1",
                "after=c-1",
                "after=c1%00",
                "after=c1%0a",
                "after=c%D9%A1",
                "after=%00",
                "after=%ff",
                "after=c" + "f" * 13,
                "after=c" + "1" * 8000,
                "after=" + "%00" * 2000,
                "after=%2Binf",
                "after=(1",
                "limit=%D9%A1%D9%A0",
                "limit=%EF%BC%91",
                "limit=1_0",
                "limit=%2010",
                "limit=%2B5",
            ]
        ),
        *(
            ("/{event}/seats", query, ())
            for query in [
                "status=sold",
                "status=",
                "status=FREE",
                "status=free,sold",
                "status=free,",
                "status=,",
                "status=free%00",
                "status=free;held",
                "status=%ff",
                "status=" + "free," * 1000 + "x",
                "status=sold&status=free",
            ]
        ),
        *(
            ("/{event}/reservations", query, ())
            for query in [
                "limit=0",
                "limit=501",
                "limit=-1",
                "limit=1.5",
                "limit=",
                "limit=%D9%A1",
                "limit=" + "9" * 5000,
                "after=",
                "after=garbage",
                "after=r",
                "after=c1",
                "after=" + NOBODYS,
                "after=r" + NOBODYS[1:],
                "after=r" + NOBODYS + "0",
                "after=R" + NOBODYS,
                "after=r" + NOBODYS.upper(),
                "after=r" + NOBODYS + "%00",
                "after=r" + NOBODYS + "%0a",
                "after=r" + "%D9%A1" * 22,
                "after=r" + "f" * 8000,
                "after=%ff",
                "patron=",
                "patron=a%20b",
                "patron=a%0a",
                "patron=%7Be:x%7D",
                "patron=a%7Cb",
                "patron=" + "a" * 65,
                "patron=%ff",
                "patron=a%20r&patron=b",
            ]
        ),
        *(
            ("/{event}/changes", query, ())
            for query in [
                "limit=0",
                "limit=5001",
                "limit=-1",
                "limit=1e3",
                "limit=" + "9" * 5000,
                "after=",
                "after=0",
                "after=0-0",
                "after=$",
                "after=-",
                "after=%2B",
                "after=(1-1",
                "after=l",
                "after=l1",
                "after=l1.",
                "after=l.1",
                "after=l1-1",
                "after=L1.1",
                "after=l1.1%0a",
                "after=l1.1%00",
                "after=lA.0",
                "after=l-1.0",
                "after=l%D9%A1.0",
                "after=l" + "f" * 13 + ".0",
                "after=l0." + "f" * 13,
                "after=l" + "1" * 8000 + ".0",
                "after=r" + NOBODYS,
                "after=%ff",
            ]
        ),
        *(
            ("/{event}/holds", query, ())
            for query in ["patron=", "patron=%00", "patron=a,b", "patron=" + "a" * 8000]
        ),
    ]
]


@pytest.mark.parametrize(("resource", "query"), REFUSED_QUERIES)
@pytest.mark.parametrize("prefix", ["/v1/events", "/events"])
def test_a_parameter_that_makes_no_sense_is_invalid(
    alice: Actor, event: dict[str, Any], prefix: str, resource: str, query: str
) -> None:
    path = f"{prefix}{resource.format(event=event['id'])}?{query}"
    problem = assert_problem(send(alice, "GET", path), 422, "invalid")
    name = query.partition("=")[0]
    assert [path for path in problem["errors"] if path.split(".")[0] == name]


@pytest.mark.parametrize(
    ("resource", "query"),
    [
        *(("", f"force={value}") for value in ["maybe", "", "2", "%00", "%ff", "truetrue", "null"]),
        ("", "force=" + "1" * 8000),
        *(
            ("/holds", f"seats={value}")
            for value in ["", ",", "1,", ",1", "1,,2", "1,1", "1,2,1", "1&seats=1", "1" * 65]
        ),
        ("/holds", "seats=" + ",".join(map(str, range(1, 102)))),
        ("/holds", "seats=" + "1," * 4000 + "1"),
        *(("/holds", f"patron={value}") for value in ["", "a%20b", "%7Be:x%7D", "a" * 65]),
    ],
    ids=lambda text: text[:40],
)
def test_nothing_is_deleted_by_a_parameter_that_makes_no_sense(
    admin: Actor, event: dict[str, Any], raw: redis.Redis, resource: str, query: str
) -> None:
    before = {key: raw.dump(key) for key in raw.keys()}
    response = send(admin, "DELETE", f"/v1/events/{event['id']}{resource}?{query}")
    problem = assert_problem(response, 422, "invalid")
    assert {path.split(".")[0] for path in problem["errors"]} == {query.partition("=")[0]}
    assert {key: raw.dump(key) for key in raw.keys()} == before


@pytest.mark.parametrize(
    "seat_id", ["0", "13", "01", "%2B1", "1%00", "%D9%A1", "%7Be:x%7D", "..", "1%7C2", "%ff", "*"]
)
def test_a_seat_that_the_event_does_not_have_is_not_released(
    admin: Actor, event: dict[str, Any], seat_id: str
) -> None:
    path = f"/v1/events/{event['id']}/holds?seats=1,{seat_id}"
    assert_problem(send(admin, "DELETE", path), 404, "seat_not_found")


@pytest.mark.parametrize(
    "cursor", ["l0.0", "l1.1", "lffffffffffff.ffffffffffff", "lffffffffffff.0", "l0.ffffffffffff"]
)
def test_a_cursor_that_nobody_was_given_has_expired(
    alice: Actor, event: dict[str, Any], cursor: str
) -> None:
    assert_problem(alice.changes(event, after=cursor), 410, "cursor_expired")


@pytest.mark.parametrize(
    ("resource", "query"),
    [
        ("", "limit=1"),
        ("", "limit=500"),
        ("", "limit=1&limit=2"),
        ("", "after=c0"),
        ("", "after=c" + "f" * 12),
        ("", "unknown=1"),
        ("", "%00=1"),
        ("", "%ff=%ff"),
        ("", "&&&==&;"),
        ("", "__class__=1&self=2"),
        ("", "a=1&" * 2000),
        ("/{event}/seats", "section=%00"),
        ("/{event}/seats", "section=%ff"),
        ("/{event}/seats", "section="),
        ("/{event}/seats", "category=" + "a" * 8000),
        ("/{event}/seats", "category=*"),
        ("/{event}/seats", "status=all,all,all"),
        ("/{event}/seats", "status=" + "free," * 1000 + "free"),
        ("/{event}/seats", "status=free&status=held"),
        ("/{event}/holds", "unknown=1"),
        ("/{event}/holds", "seats=1,1"),
        ("/{event}/reservations", "limit=500"),
        ("/{event}/reservations", "after=r" + "0" * 22),
        ("/{event}/reservations", "after=r" + "f" * 22),
        ("/{event}/reservations", "reference="),
        ("/{event}/reservations", "reference=%00"),
        ("/{event}/reservations", "reference=%ff"),
        ("/{event}/reservations", "reference=%0d%0aX-Evil:%201"),
        ("/{event}/reservations", "reference=" + "a" * 8000),
        ("/{event}/reservations", "patron=alice&reference=*"),
        ("/{event}/changes", "limit=5000"),
        ("/{event}/changes", "cursor=l0.0"),
    ],
    ids=lambda text: text[:40],
)
def test_a_strange_but_acceptable_query_is_answered(
    alice: Actor, event: dict[str, Any], resource: str, query: str
) -> None:
    path = f"/v1/events{resource.format(event=event['id'])}?{query}"
    assert send(alice, "GET", path).status_code == 200


class TestRequestIds:
    @pytest.mark.parametrize(
        "sane", ["a", "A-b_c.d:e", "0" * 128, "b3d1f0c2-1f5e-4c4e-9c1a-1d2e3f4a5b6c"]
    )
    @pytest.mark.parametrize("path", ["/health", "/nowhere", "/v1/events"])
    def test_a_sane_one_is_the_answers_too(self, app: Flask, path: str, sane: str) -> None:
        response = app.test_client().get(path, headers={"X-Request-ID": sane})
        assert response.headers.getlist("X-Request-ID") == [sane]

    @pytest.mark.parametrize(
        "odd",
        [
            "",
            " ",
            "a" * 129,
            "a" * 8000,
            "a b",
            "a\r\nX-Evil: 1",
            "a\nX-Evil: 1",
            "a\n",
            "a\x00",
            "a,b",
            '"a"',
            "<script>",
            "{e:x}",
            "é",
            "\u00d9\u00a1",
            "%0d%0a",
            "a/b",
        ],
        ids=lambda odd: repr(odd)[:30],
    )
    @pytest.mark.parametrize("path", ["/health", "/nowhere"])
    def test_any_other_is_replaced(self, app: Flask, path: str, odd: str) -> None:
        response = app.test_client().get(path, environ_overrides={"HTTP_X_REQUEST_ID": odd})
        (made,) = response.headers.getlist("X-Request-ID")
        assert re.fullmatch("[0-9a-f]{32}", made)
        assert "X-Evil" not in response.headers

    def test_each_request_has_its_own(self, app: Flask) -> None:
        client = app.test_client()
        made = {client.get("/health").headers["X-Request-ID"] for _ in range(20)}
        assert len(made) == 20


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("garbage", 200),
        ("", 200),
        ('"', 200),
        ('"unclosed', 200),
        ("W/", 200),
        ('W/"', 200),
        ('w/""', 200),
        ("é", 200),
        ("\x00", 200),
        (",,,", 200),
        ('"a" "b"', 200),
        ('"' * 8192, 200),
        ("," * 8192, 200),
        ("W/" * 4096, 200),
        ('"a",' * 2048, 200),
        (" " * 8192, 200),
        ("a" * 8192, 200),
        ("*", 304),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_an_odd_if_none_match_is_only_a_miss(
    alice: Actor, event: dict[str, Any], header: str, status: int
) -> None:
    path = f"/v1/events/{event['id']}/seats"
    response = alice.get(path, environ_overrides={"HTTP_IF_NONE_MATCH": header})
    assert response.status_code == status
    assert response.headers["ETag"]
    assert (response.data == b"") == (status == 304)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", ""),
        ("Host", "evil.example"),
        ("Host", "a b"),
        ("Host", "[::1"),
        ("Host", "evil.example:99999999"),
        ("Host", "é"),
        ("Host", "a/b?c#d@e"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Original-Url", "/v1/tokens"),
        ("X-Rewrite-Url", "/v1/tokens"),
        ("Forwarded", "host=evil.example"),
        ("Accept", "garbage"),
        ("Accept", "text/html;q=abc"),
        ("Accept", "," * 8000),
        ("Accept-Encoding", "\x00"),
        ("Accept-Language", "xx-" * 2000),
        ("Range", "bytes=0-1"),
        ("Range", "bytes=-99999999999999999999"),
        ("If-Match", "garbage"),
        ("If-Match", "*"),
        ("If-Modified-Since", "garbage"),
        ("If-Modified-Since", "Thu, 01 Jan 9999 00:00:00 GMT"),
        ("If-Unmodified-Since", "\u00d9\u00a1"),
        ("Cookie", "access_token_cookie=x; session=" + "a" * 7000),
        ("Cookie", "\x00=\x00;;;="),
        ("Expect", "100-continue"),
        ("Date", "garbage"),
        ("User-Agent", "\x00\x1b[31m"),
        ("Idempotency-Key", "a b"),
        ("Traceparent", "garbage"),
        ("Origin", "garbage\x00"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_odd_header_changes_nothing(
    admin: Actor, event: dict[str, Any], name: str, value: str
) -> None:
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value}
    seen = admin.get(f"/v1/events/{event['id']}", environ_overrides=environ)
    assert (seen.status_code, seen.json["id"]) == (200, event["id"])
    missing = admin.get("/v1/events/none", environ_overrides=environ)
    assert_problem(missing, 404, "event_not_found")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/csv", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/csv; charset=utf-8", "text/csv"),
        ("text/*", "text/csv"),
        ("application/json;q=0.1, text/csv", "text/csv"),
        ("text/csv;q=0.1, application/json", "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("garbage", "application/json"),
        ("text/csv;q=abc, \x00", "application/json"),
        ("," * 8000, "application/json"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_reservations_come_as_json_unless_csv_is_asked_for(
    alice: Actor, event: dict[str, Any], accept: str, media_type: str
) -> None:
    answer = alice.get(
        f"/v1/events/{event['id']}/reservations", environ_overrides={"HTTP_ACCEPT": accept}
    )
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize("host", ["a" * 5000, "a" * 64 + ".example", "a..b", ".a"])
def test_a_host_that_cannot_be_one_is_refused(app: Flask, host: str) -> None:
    response = app.test_client().get("/health", environ_overrides={"HTTP_HOST": host})
    assert_problem(response, 400, "malformed")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "a b", ""])
def test_no_address_in_an_answer_is_made_from_the_host_header(admin: Actor, host: str) -> None:
    environ = {"HTTP_HOST": host, "HTTP_X_FORWARDED_HOST": host}
    made = admin.request(
        "POST", "/v1/events", json={"name": "Opening night", "seats": 10}, environ_overrides=environ
    )
    assert made.headers["Location"] == f"/v1/events/{made.json['id']}"
    admin.create_event(seats=10)
    page = admin.get("/v1/events?limit=1", environ_overrides=environ)
    assert page.headers["Link"].startswith("</v1/events?limit=1&after=c")
    home = admin.get("/", environ_overrides=environ)
    assert (home.status_code, home.headers["Location"]) == (302, "/swagger")
