"""Bodies that are broken, huge, ambiguous or of wrong types are refused, and change nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from flask import Flask
from werkzeug.test import TestResponse

from tests.actors import Actor
from tests.security.problems import assert_problem

NUMBER = "9" * 5000
KIB = 1024
MIB = 1024 * KIB

Members = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A request with a body, and one that would be taken."""

    method: str
    path: str
    good: Members
    status: int


TARGETS = {
    "event": Target("PUT", "/v1/events", {"name": "Opening night", "seats": 12}, 201),
    "seat": Target("PATCH", "/v1/events/{event}/seats/1", {"action": "release"}, 409),
    "terms": Target("PATCH", "/v1/events/{event}", {"description": "By request"}, 200),
    "holds": Target("POST", "/v1/events/{event}/holds", {"seats": ["12"]}, 409),
    "best": Target("POST", "/v1/events/{event}/holds", {"best_available": {"count": 50}}, 409),
    "reservation": Target("POST", "/v1/events/{event}/reservations", {"seats": ["12"]}, 409),
    "move": Target(
        "POST",
        "/v1/events/{event}/reservations/0123456789abcdef012345/move",
        {"from": "1", "to": "2"},
        404,
    ),
    "block": Target("PUT", "/v1/events/{event}/blocks", {"seats": ["12"]}, 200),
    "unblock": Target("DELETE", "/v1/events/{event}/blocks", {"seats": ["11"]}, 200),
    "token": Target("POST", "/v1/tokens", {"subject": "alice", "role": "patron"}, 201),
    "jwt": Target("POST", "/jwt", {"id": "alice", "name": "Alice"}, 200),
}

Send = Callable[..., TestResponse]


@pytest.fixture
def send(admin: Actor, event: dict[str, Any]) -> Send:
    """Send a body to a target."""

    def to(target: str, body: bytes | Members, **kwargs: Any) -> TestResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = TARGETS[target].path.format(event=event["id"])
        given = {"content_type": "application/json"} | kwargs
        return admin.request(TARGETS[target].method, path, data=content, **given)

    return to


@pytest.fixture
def refused(send: Send, raw: redis.Redis) -> Callable[..., Members]:
    """Send a body that must be refused, and check that nothing was changed."""

    def check(target: str, body: bytes | Members, status: int, code: str, **kwargs: Any) -> Members:
        before = _everything(raw)
        problem = assert_problem(send(target, body, **kwargs), status, code)
        assert _everything(raw) == before
        return problem

    return check


def _everything(raw: redis.Redis) -> dict[bytes, Any]:
    return {key: raw.dump(key) for key in raw.keys()}


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_corpus_is_made_from_is_acceptable(send: Send, target: str) -> None:
    assert send(target, TARGETS[target].good).status_code == TARGETS[target].status


MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "whitespace": b" \t\r\n ",
    "null": b"null",
    "true": b"true",
    "integer": b"5",
    "fraction": b"0.5",
    "string": b'"name"',
    "array": b"[]",
    "array of an object": b'[{"name": "x"}]',
    "word": b"name",
    "form": b"name=Opening+night&seats=12",
    "xml": b"<event/>",
    "unclosed": b'{"name": "Opening night"',
    "trailing comma": b'{"name": "Opening night",}',
    "single quotes": b"{'name': 'Opening night'}",
    "comment": b'{"name": "Opening night"} // hello',
    "two objects": b'{"name": "x"}{"name": "y"}',
    "trailing word": b'{"name": "x"} x',
    "lone quote": b'"',
    "newline in a string": b'{"name": "a\nb"}',
    "NUL in a string": b'{"name": "a\x00b"}',
    "NUL before": b'\x00{"name": "x"}',
    "NUL after": b'{"name": "x"}\x00',
    "only NUL": b"\x00" * 100,
    "wrong escape": rb'{"name": "\x41"}',
    "short escape": rb'{"name": "\u12"}',
    "20,000 nested arrays": b"[" * 20_000 + b"]" * 20_000,
    "20,000 nested arrays, open": b"[" * 20_000,
    "20,000 nested arrays in a member": b'{"x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "9,000 nested objects": b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
    "9,000 nested objects with an escape": b'{"\\u0061":' * 4_500 + b"1" + b"}" * 4_500,
    "40 nested arrays in a member": b'{"x": ' + b"[" * 40 + b"]" * 40 + b"}",
    "500 nested objects": b'{"a":' * 500 + b"1" + b"}" * 500,
    "5,000 digits": NUMBER.encode(),
    "5,000 digits in a member": b'{"seats": %s}' % NUMBER.encode(),
    "5,000 digits, negative": b'{"seats": -%s}' % NUMBER.encode(),
    "5,000 digits in an array": b'{"seats": [[%s]]}' % NUMBER.encode(),
    "5,000 digits of a fraction": b'{"seats": 0.%s}' % NUMBER.encode(),
    "5,000 digits of an exponent": b'{"seats": 1e%s}' % NUMBER.encode(),
    "5,000 digits of a negative exponent": b'{"seats": 1E-%s}' % NUMBER.encode(),
    "1,001 digits": b'{"seats": 1%s}' % (b"0" * 1000),
    "beyond a double": b'{"seats": 1e999}',
    "beyond a double, negative": b'{"seats": -1e309}',
    "NaN": b'{"seats": NaN}',
    "Infinity": b'{"seats": Infinity}',
    "-Infinity": b'{"seats": -Infinity}',
    "NaN alone": b"NaN",
    "leading zero": b'{"seats": 012}',
    "plus sign": b'{"seats": +12}',
    "hexadecimal": b'{"seats": 0x12}',
    "digits of another script": '{"seats": ١٢}'.encode(),
    "half a surrogate pair": rb'{"name": "abc\ud800"}',
    "low surrogate": rb'{"name": "abc\udc00"}',
    "surrogates the wrong way round": rb'{"name": "\ude00\ud83d"}',
    "surrogate in a member's name": rb'{"\ud800": "abc"}',
    "surrogate deep inside": rb'{"a": [{"b": ["\udfff"]}]}',
    "surrogate in UTF-8": b'{"name": "abc\xed\xa0\x80"}',
    "invalid UTF-8": b'{"name": "abc\xff\xfe"}',
    "cut UTF-8": b'{"name": "abc\xe2\x82"}',
    "overlong UTF-8": b'{"name": "abc\xc0\xaf"}',
    "overlong NUL": b'{"name": "abc\xc0\x80"}',
    "beyond Unicode": b'{"name": "abc\xf4\x90\x80\x80"}',
    "Latin-1": '{"name": "Café"}'.encode("latin-1"),
    "UTF-16": '{"name": "abc", "seats": 12}'.encode("utf-16"),
    "UTF-16-LE": '{"name": "abc", "seats": 12}'.encode("utf-16-le"),
    "UTF-16-BE": '{"name": "abc", "seats": 12}'.encode("utf-16-be"),
    "UTF-32": '{"name": "abc", "seats": 12}'.encode("utf-32"),
    "UTF-32-BE": '{"name": "abc", "seats": 12}'.encode("utf-32-be"),
    "byte order mark": b'\xef\xbb\xbf{"name": "abc", "seats": 12}',
    "UTF-7": '{"name": "abc€"}'.encode("utf-7")[:-1],
    "repeated member": b'{"name": "abc", "name": "abc"}',
    "repeated member, escaped": rb'{"name": "abc", "n\u0061me": "xyz"}',
    "repeated member of a section": b'{"sections": [{"rows": 1, "rows": 100}]}',
    "repeated member deep inside": b'{"a": {"b": [{"c": {"d": 1, "d": 2}}]}}',
    "repeated empty member": b'{"": 1, "": 2}',
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_unambiguous_json_object_is_malformed(
    refused: Callable[..., Members], target: str, body: bytes
) -> None:
    refused(target, body, 400, "malformed")


@pytest.mark.parametrize("target", TARGETS)
def test_a_good_body_with_a_repeated_member_is_malformed(
    refused: Callable[..., Members], target: str
) -> None:
    good = json.dumps(TARGETS[target].good)
    refused(target, f"{good[:-1]}, {good[1:]}".encode(), 400, "malformed")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/problem+json",
        "application/octet-stream",
        "application/json;charset=latin-1",
        "application/json; charset=utf-16",
        'application/json; charset="iso-8859-1"',
        "application/json; charset=utf-8-sig",
        "application/json; charset=unknown",
        "application",
        "json",
        "*/*",
        ";",
        "application/json, text/plain",
        "x" * 5000,
        "application/json\x00",
    ],
    ids=lambda content_type: repr(content_type)[:45],
)
def test_a_body_of_another_type_is_not_supported(
    refused: Callable[..., Members], target: str, content_type: str | None
) -> None:
    refused(
        target,
        TARGETS[target].good,
        415,
        "unsupported_media_type",
        content_type=None,
        environ_overrides={} if content_type is None else {"CONTENT_TYPE": content_type},
    )


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        'application/json; charset="UTF-8"',
        "application/json; profile=x",
    ],
)
def test_json_in_utf_8_may_be_announced_in_many_ways(send: Send, content_type: str) -> None:
    assert send("jwt", TARGETS["jwt"].good, content_type=content_type).status_code == 200


@pytest.mark.parametrize("target", TARGETS)
def test_a_compressed_body_is_refused(refused: Callable[..., Members], target: str) -> None:
    squeezed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3"
    encoding = {"Content-Encoding": "gzip"}
    refused(target, squeezed, 400, "malformed", headers=encoding)


class TestSize:
    """64 KiB are taken, of a new event 4 MiB; whether or not the client says how many come."""

    LIMITS = {name: 4 * MIB if name == "event" else 64 * KIB for name in TARGETS}
    WAYS = {
        "announced": {},
        "chunked": {
            "headers": {"Transfer-Encoding": "chunked"},
            "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        },
    }

    @staticmethod
    def _padded(target: str, size: int) -> bytes:
        return json.dumps(TARGETS[target].good).encode().ljust(size)

    @pytest.mark.parametrize("target", TARGETS)
    @pytest.mark.parametrize("way", WAYS)
    def test_a_body_of_the_allowed_size_is_taken(self, send: Send, target: str, way: str) -> None:
        body = self._padded(target, self.LIMITS[target])
        assert send(target, body, **self.WAYS[way]).status_code == TARGETS[target].status

    @pytest.mark.parametrize("target", TARGETS)
    @pytest.mark.parametrize("way", WAYS)
    def test_one_byte_more_is_too_large(
        self, refused: Callable[..., Members], target: str, way: str
    ) -> None:
        body = self._padded(target, self.LIMITS[target] + 1)
        refused(target, body, 413, "payload_too_large", **self.WAYS[way])

    @pytest.mark.parametrize("target", [target for target in TARGETS if target != "event"])
    @pytest.mark.parametrize("way", WAYS)
    def test_70_kb_are_too_large(
        self, refused: Callable[..., Members], target: str, way: str
    ) -> None:
        refused(target, self._padded(target, 70_000), 413, "payload_too_large", **self.WAYS[way])

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    @pytest.mark.parametrize("path", ["/events", "/v1/events"])
    def test_an_event_of_70_kb_is_taken_by_every_address(
        self, admin: Actor, path: str, method: str, way: str
    ) -> None:
        response = admin.request(
            method,
            path,
            data=self._padded("event", 70_000),
            content_type="application/json",
            **self.WAYS[way],
        )
        assert response.status_code == 201

    @pytest.mark.parametrize("length", ["-1", "abc", "1e3", "0x10", " ", "9" * 5000])
    def test_a_content_length_that_is_none_makes_no_error_of_ours(
        self, send: Send, length: str
    ) -> None:
        response = send("jwt", TARGETS["jwt"].good, environ_overrides={"CONTENT_LENGTH": length})
        assert_problem(response, response.status_code, "malformed", "payload_too_large")
        assert response.status_code in (400, 413)

    def test_without_a_token_size_does_not_matter(self, app: Flask) -> None:
        response = app.test_client().put("/v1/events", data=b"[" * 5 * MIB)
        assert_problem(response, 401, "unauthorized")


WRONG_STRINGS: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 5,
    "fraction": 1.5,
    "array": ["abc"],
    "object": {"abc": "abc"},
}
WRONG_LINES = {
    "newline": "abc\ndef",
    "carriage return": "abc\rdef",
    "trailing newline": "abcdef\n",
    "NUL": "abc\x00def",
    "tab": "abc\tdef",
    "escape": "abc\x1b[31m",
    "delete": "abc\x7f",
}
WRONG_INTEGERS: dict[str, Any] = {
    "true": True,
    "false": False,
    "fraction": 20.5,
    "whole fraction": 20.0,
    "string": "20",
    "zero": 0,
    "negative": -20,
    "huge": 10**30,
    "hugely negative": -(10**30),
    "999 digits": 10**998,
    "array": [20],
    "object": {"value": 20},
    "tiny": 1e-300,
    "wide": 1e300,
}
WRONG_IDS = {
    "empty": "",
    "65 characters": "a" * 65,
    "space": "a b",
    "brace": "{e:x}",
    "bar": "a|b",
    "slash": "a/b",
    "newline": "alice\n",
    "umlaut": "jürgen",
    "digits of another script": "١٢٣",
    "look-alike": "аlice",
    "NUL": "alice\x00",
}
WRONG_ROLES = {
    "unknown": "owner",
    "capital": "Admin",
    "empty": "",
    "space": "admin ",
    "both": "admin,patron",
}
WRONG_TIMES: dict[str, Any] = {
    "naive": "2027-01-01T20:00:00",
    "date only": "2027-01-01",
    "no seconds": "2027-01-01T20:00Z",
    "year 0": "0000-01-01T00:00:00Z",
    "beyond the last year": "9999-12-31T23:59:59-14:00",
    "before the first year": "0001-01-01T00:00:00+14:00",
    "year of five digits": "10000-01-01T00:00:00Z",
    "negative year": "-001-01-01T00:00:00Z",
    "leap second": "2026-12-31T23:59:60Z",
    "hour 24": "2027-01-01T24:00:00Z",
    "minute 60": "2027-01-01T20:60:00Z",
    "month 13": "2027-13-01T20:00:00Z",
    "day 30 of February": "2028-02-30T20:00:00Z",
    "29 February of no leap year": "2027-02-29T20:00:00Z",
    "Arabic digits": "٢٠٢٧-٠١-٠١T٢٠:٠٠:٠٠Z",
    "full-width digits": "２０２７-01-01T20:00:00Z",
    "space for T": "2027-01-01 20:00:00Z",
    "basic format": "20270101T200000Z",
    "week": "2027-W01-1T20:00:00Z",
    "ordinal": "2027-001T20:00:00Z",
    "no fraction": "2027-01-01T20:00:00.Z",
    "comma": "2027-01-01T20:00:00,5Z",
    "10 digits of a second": "2027-01-01T20:00:00.0123456789Z",
    "offset without a colon": "2027-01-01T20:00:00+0100",
    "offset of hours": "2027-01-01T20:00:00+01",
    "offset of seconds": "2027-01-01T20:00:00+01:00:00",
    "offset of a day": "2027-01-01T20:00:00+24:00",
    "named zone": "2027-01-01T20:00:00 CET",
    "two zones": "2027-01-01T20:00:00ZZ",
    "leading space": " 2027-01-01T20:00:00Z",
    "trailing newline": "2027-01-01T20:00:00Z\n",
    "NUL": "2027-01-01T20:00:00Z\x00",
    "word": "tomorrow",
    "empty": "",
    "5,000 characters": "2" * 5000,
    "number": 1798747200,
    "fraction": 1798747200.5,
    "true": True,
    "array": ["2027-01-01T20:00:00Z"],
    "object": {"date": "2027-01-01T20:00:00Z"},
}
WRONG_SEATS: dict[str, Any] = {
    "empty": [],
    "string": "1",
    "list in a string": "1,2",
    "number": 1,
    "true": True,
    "object": {"1": "2"},
    "number in it": [1],
    "null in it": ["1", None],
    "true in it": [True],
    "list in it": [["1"]],
    "object in it": [{"id": "1"}],
    "empty id": [""],
    "65 characters": ["1" * 65],
    "60,000 characters": ["1" * 60_000],
    "a seat twice": ["1", "1"],
    "a seat twice among others": ["1", "2", "3", "1"],
    "101 seats": [str(number) for number in range(1, 102)],
    "101 times one seat": ["1"] * 101,
    "12,000 seats": ["1"] * 12_000,
    "101 objects": [{}] * 101,
}
WRONG_WISHES: dict[str, Any] = {
    "null": None,
    "number": 2,
    "string": "2",
    "array": [{"count": 2}],
    "empty": {},
    "unknown member": {"count": 2, "near": "1"},
    "unknown together": {"count": 2, "together": "maybe"},
    "together true": {"count": 2, "together": True},
    "category of another type": {"count": 2, "category": ["A"]},
    "section of another type": {"count": 2, "section": 1},
    "101 seats": {"count": 101},
}
SECTION = {"name": "Stalls", "rows": 2, "seats_per_row": 10}


def _without(*names: str) -> Callable[..., dict[str, Any]]:
    return lambda table: {name: value for name, value in table.items() if name not in names}


WRONG_PATRONS = _without("null")(WRONG_STRINGS) | WRONG_IDS
WRONG_REASONS = _without("null")(WRONG_STRINGS) | WRONG_LINES | {"empty": "", "long": "a" * 201}
WRONG_PLACES = WRONG_STRINGS | {"empty": "", "65 characters": "1" * 65}

MEMBERS: dict[str, dict[str, dict[str, Any]]] = {
    "event": {
        "name": WRONG_STRINGS
        | WRONG_LINES
        | {
            "empty": "",
            "2 characters": "ab",
            "201 characters": "a" * 201,
            "blank": " \u2003 \u00a0 ",
        },
        "description": _without("null")(WRONG_STRINGS) | {"10,001 characters": "a" * 10_001},
        "location": _without("null")(WRONG_STRINGS) | WRONG_LINES | {"501 characters": "a" * 501},
        "date": WRONG_TIMES,
        "on_sale_from": WRONG_TIMES,
        "on_sale_until": WRONG_TIMES,
        "seats": WRONG_INTEGERS | {"null": None, "9": 9, "100,001": 100_001},
        "hold_time": WRONG_INTEGERS | {"null": None, "3,601": 3601},
        "hold_max": WRONG_INTEGERS | {"null": None, "36,001": 36_001},
        "seat_user_limit": WRONG_INTEGERS | {"null": None, "101": 101},
        "seat_total_limit": WRONG_INTEGERS | {"100,001": 100_001},
    },
    "seat": {
        "action": WRONG_STRINGS | {"unknown": "steal", "capital": "Hold", "empty": ""},
        "patron": WRONG_PATRONS,
    },
    "holds": {"seats": WRONG_SEATS | {"null": None}, "patron": WRONG_PATRONS},
    "best": {"best_available": WRONG_WISHES, "patron": WRONG_PATRONS},
    "reservation": {
        "seats": WRONG_SEATS,
        "patron": WRONG_PATRONS,
        "reference": WRONG_REASONS,
        "data": {
            "true": True,
            "number": 5,
            "string": "{}",
            "array": [{}],
            "4 KiB and a byte": {"a": "b" * 4089},
            "4 KiB of many bytes each": {"a": "座" * 1400},
            "60,000 bytes": {"a": ["b"] * 12_000},
        },
    },
    "move": {"from": WRONG_PLACES, "to": WRONG_PLACES},
    "block": {"seats": WRONG_SEATS | {"null": None}, "reason": WRONG_REASONS},
    "unblock": {"seats": WRONG_SEATS | {"null": None}, "reason": WRONG_REASONS},
    "token": {
        "subject": WRONG_STRINGS | WRONG_IDS,
        "role": WRONG_STRINGS | WRONG_ROLES,
        "name": _without("null")(WRONG_STRINGS) | WRONG_LINES | {"empty": "", "long": "a" * 201},
        "expires_in": WRONG_INTEGERS | {"null": None, "30 days and a second": 30 * 86_400 + 1},
    },
    "jwt": {
        "id": WRONG_STRINGS | WRONG_IDS,
        "role": WRONG_STRINGS | WRONG_ROLES,
        "name": WRONG_STRINGS | WRONG_LINES | {"empty": "", "long": "a" * 201},
    },
}

MEMBERS["terms"] = {n: wrong for n, wrong in MEMBERS["event"].items() if n != "seats"}
MEMBERS["terms"]["status"] = WRONG_STRINGS | {"unknown": "sold_out", "capital": "Closed"}


@pytest.mark.parametrize(
    ("target", "member", "value"),
    [
        pytest.param(target, member, value, id=f"{target}-{member}-{what}")
        for target, members in MEMBERS.items()
        for member, values in members.items()
        for what, value in values.items()
    ],
)
def test_a_member_of_a_wrong_type_or_value_is_invalid(
    refused: Callable[..., Members], target: str, member: str, value: Any
) -> None:
    problem = refused(target, TARGETS[target].good | {member: value}, 422, "invalid")
    assert any(path.split(".")[0] == member for path in problem["errors"]), problem["errors"]


@pytest.mark.parametrize(
    ("target", "member"),
    [("event", "name"), ("event", "seats"), ("seat", "action"), ("token", "subject")]
    + [("token", "role"), ("jwt", "id"), ("jwt", "name"), ("holds", "seats")]
    + [("move", "from"), ("move", "to"), ("block", "seats"), ("unblock", "seats")],
)
def test_a_required_member_must_be_there(
    refused: Callable[..., Members], target: str, member: str
) -> None:
    body = {name: value for name, value in TARGETS[target].good.items() if name != member}
    assert member in refused(target, body, 422, "invalid")["errors"]


UNKNOWN = {
    "event": "id status created_at counts patron expires_at reservation_id role owner event "
    "terms plan cursor Name NAME __class__ __proto__ constructor hold_time_seconds",
    "seat": "id status expires_at reservation_id mine role seats seat event_id Action "
    "hold_time force admin as",
    "terms": "id seats sections created_at counts hold_time_seconds force terms __class__",
    "holds": "seat seat_id patrons expires_at hold_time force count together reference action "
    "limit bound admin",
    "best": "count category section together seat expires_at spread bound",
    "reservation": "id seat patrons reserved_at status reservation_id best_available bound "
    "force price",
    "move": "seats seat patron from_id to_id reservation_id force bound",
    "block": "seat status patron reasons force",
    "unblock": "seat status patron reasons force",
    "token": "sub id jti exp iat nbf iss aud type expires_at lifetime admin roles scope "
    "algorithm kid",
    "jwt": "sub subject jti exp iat iss aud expires_in admin roles type",
}


@pytest.mark.parametrize(
    ("target", "member"),
    [(target, member) for target, members in UNKNOWN.items() for member in members.split()]
    + [(target, odd) for target in TARGETS for odd in ("", " ", "a.b", "\x00", "\u202e", "é")],
)
def test_a_member_that_is_not_declared_is_invalid(
    refused: Callable[..., Members], target: str, member: str
) -> None:
    problem = refused(target, TARGETS[target].good | {member: "admin"}, 422, "invalid")
    assert problem["errors"] == {member: ["Unknown field."]}


@pytest.mark.parametrize("count", [*WRONG_INTEGERS.values(), None], ids=lambda n: str(n)[:25])
def test_a_number_of_best_seats_that_is_none_is_invalid(
    refused: Callable[..., Members], count: Any
) -> None:
    problem = refused("best", {"best_available": {"count": count}}, 422, "invalid")
    assert list(problem["errors"]) == ["best_available.count"]


ODD_SEATS = {
    "zero": "0",
    "13": "13",
    "leading zero": "01",
    "plus": "+1",
    "negative": "-1",
    "fraction": "1.0",
    "space": " 1",
    "newline": "1\n",
    "NUL": "1\x00",
    "comma": "1,2",
    "Arabic digit": "١",
    "full-width digit": "１",
    "superscript digit": "¹",
    "hash tag": "{e:x}",
    "closing brace": "1}:event",
    "bar": "1|2",
    "colon": "1:2",
    "parent": "..",
    "slash": "1/2",
    "encoded": "%31",
    "star": "*",
    "emoji": "💺",
    "right-to-left": "\u202e1",
    "quotes": "\"'`",
    "markup": "<script>",
    "64 digits": "9" * 64,
    "another event's": "stalls-A-1",
}


@pytest.mark.parametrize("odd", ODD_SEATS.values(), ids=ODD_SEATS)
@pytest.mark.parametrize("target", ["holds", "reservation", "block", "unblock", "move"])
def test_a_seat_that_the_event_does_not_have_is_not_found(
    refused: Callable[..., Members], target: str, odd: str
) -> None:
    bodies = [{"seats": [odd]}, {"seats": ["1", "2", odd]}]
    if target == "move":
        bodies = [{"from": odd, "to": "2"}, {"from": "1", "to": odd}]
    for body in bodies:
        refused(target, body, 404, "seat_not_found")


def test_a_category_that_is_none_has_no_seats(refused: Callable[..., Members]) -> None:
    for odd in ("", "*", "A", "None", "\x00", "{e:x}", "a" * 50_000):
        for member in ("category", "section"):
            wish = {"best_available": {"count": 1, member: odd}}
            assert refused("best", wish, 409, "not_enough_seats")["free"] == 0


IDEMPOTENT = ["event", "seat", "holds", "best", "reservation", "move", "block", "unblock"]

WRONG_KEYS = {
    "empty": "",
    "blank": " ",
    "129 characters": "a" * 129,
    "8,000 characters": "a" * 8000,
    "space": "a b",
    "space before": " a",
    "newline": "a\n",
    "carriage return": "a\r\nX-Evil: 1",
    "NUL": "a\x00",
    "comma": "a,b",
    "slash": "a/b",
    "bar": "a|b",
    "braces": "{e:x}",
    "at": "a@b",
    "quotes": '"a"',
    "percent": "%61",
    "plus": "a+b",
    "Latin-1": "é",
    "UTF-8": "\u00d9\u00a1",
}


@pytest.mark.parametrize("target", IDEMPOTENT)
@pytest.mark.parametrize("key", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_an_idempotency_key_of_another_shape_is_invalid(
    refused: Callable[..., Members], target: str, key: str
) -> None:
    environ = {"HTTP_IDEMPOTENCY_KEY": key}
    problem = refused(target, TARGETS[target].good, 422, "invalid", environ_overrides=environ)
    assert list(problem["errors"]) == ["Idempotency-Key"]


@pytest.mark.parametrize("key", ["a", "a" * 128, "A-b_c.d:e", "0", "-", ":", ".."])
def test_an_idempotency_key_may_be_odd_within_its_shape(send: Send, key: str) -> None:
    environ = {"HTTP_IDEMPOTENCY_KEY": key}
    answers = [send("best", TARGETS["best"].good, environ_overrides=environ) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].data == answers[1].data


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"": ""},
        {"__proto__": {"admin": True}},
        {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]},
        {"a": "b" * 4087},
        {"座": "\u0000\u001f\u202e💺 {e:x} %00"},
        {"a": [True, None, -1.5, 0, 10**30, 1e-300]},
    ],
    ids=lambda data: str(data)[:30],
)
def test_what_a_shop_keeps_with_a_reservation_comes_back_as_it_was(
    admin: Actor, data: dict[str, Any]
) -> None:
    event = admin.create_event(seats=10)
    for reference in ("'; DROP TABLE", "=1+1", "{e:x}", "a|b", "💺" * 200, " "):
        reservation = admin.has_reserved(event, "1", reference=reference, data=data)
        assert (reservation["reference"], reservation["data"]) == (reference, data)
        assert admin.reservation(event, reservation).json == reservation
        found = admin.reservations(event, reference=reference).json["items"]
        assert found == [reservation]
        assert admin.cancel(event, reservation).status_code == 204


@pytest.mark.parametrize(
    ("path", "sections"),
    [
        pytest.param(path, sections, id=what)
        for what, path, sections in [
            ("null", "sections", None),
            ("empty", "sections", []),
            ("object", "sections", SECTION),
            ("string", "sections", "Stalls"),
            ("number", "sections", 3),
            ("true", "sections", True),
            ("array of null", "sections.0", [None]),
            ("array of an array", "sections.0", [[SECTION]]),
            ("array of a string", "sections.0", ["Stalls"]),
            ("array of a number", "sections.0", [5]),
            ("1,001 sections", "sections", [SECTION] * 1001),
            ("100,001 seats", "sections", [SECTION | {"rows": 100_000, "seats_per_row": 2}]),
            (
                "10 billion seats",
                "sections",
                [SECTION | {"rows": 100_000, "seats_per_row": 100_000}],
            ),
            ("one name twice", "sections", [SECTION, SECTION]),
            ("names that look alike", "sections", [SECTION, SECTION | {"name": "stalls!"}]),
            (
                "no name that is the other's",
                "sections",
                [SECTION | {"name": "2"}, SECTION | {"name": "座"}],
            ),
            ("no rows", "sections.0.rows", [{"name": "Stalls", "seats_per_row": 10}]),
            ("empty section", "sections.0.name", [{}]),
            ("no category at all", "sections.0.category", [SECTION | {"category": ""}]),
            (
                "category of 51 characters",
                "sections.0.category",
                [SECTION | {"category": "a" * 51}],
            ),
            ("name of 101 characters", "sections.0.name", [SECTION | {"name": "a" * 101}]),
            ("empty name", "sections.0.name", [SECTION | {"name": ""}]),
        ]
        + [
            (f"{member} {wrong}", f"sections.0.{member}", [SECTION | {member: value}])
            for member in ("rows", "seats_per_row")
            for wrong, value in WRONG_INTEGERS.items()
        ]
        + [
            (f"{member} with a {wrong}", f"sections.0.{member}", [SECTION | {member: value}])
            for member in ("name", "category")
            for wrong, value in WRONG_LINES.items()
        ]
        + [
            (f"unknown {member}", f"sections.1.{member}", [SECTION, SECTION | {member: 1}])
            for member in ("id", "seats", "status", "slug", "price", "__class__")
        ]
    ],
)
def test_sections_that_make_no_plan_of_seats_are_invalid(
    refused: Callable[..., Members], path: str, sections: Any
) -> None:
    problem = refused("event", {"name": "Opening night", "sections": sections}, 422, "invalid")
    assert [found for found in problem["errors"] if found.startswith(path)], problem["errors"]


def test_an_event_has_either_seats_or_sections(refused: Callable[..., Members]) -> None:
    both = TARGETS["event"].good | {"sections": [SECTION]}
    assert "seats" in refused("event", both, 422, "invalid")["errors"]


def test_thousands_of_wrong_members_cost_little_and_are_not_all_told(
    refused: Callable[..., Members],
) -> None:
    many = {"name": "Opening night", "sections": [{}] * 100_000}
    assert refused("event", many, 422, "invalid")["errors"] == {"sections": ["Longer than 1000."]}
    some = {"name": "Opening night", "sections": [{}] * 1000}
    assert len(refused("event", some, 422, "invalid")["errors"]) == 50


def test_a_hold_can_be_refreshed_at_least_as_long_as_it_lasts(
    refused: Callable[..., Members],
) -> None:
    body = TARGETS["event"].good | {"hold_time": 60, "hold_max": 59}
    assert "hold_max" in refused("event", body, 422, "invalid")["errors"]


@pytest.mark.parametrize("until", ["2027-01-01T19:00:00Z", "2027-01-01T18:59:59Z"])
def test_a_sale_must_not_end_before_it_begins(refused: Callable[..., Members], until: str) -> None:
    window = {"on_sale_from": "2027-01-01T20:00:00+01:00", "on_sale_until": until}
    problem = refused("event", TARGETS["event"].good | window, 422, "invalid")
    assert "on_sale_until" in problem["errors"]


@pytest.mark.parametrize("offset", ["+01:60", "-01:99"])
def test_an_offset_has_no_more_than_59_minutes(
    refused: Callable[..., Members], offset: str
) -> None:
    body = TARGETS["event"].good | {"date": f"2027-01-01T20:00:00{offset}"}
    refused("event", body, 422, "invalid")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2027-01-01T20:00:00Z", "2027-01-01T20:00:00.000Z"),
        ("2027-01-01t20:00:00z", "2027-01-01T20:00:00.000Z"),
        ("2027-01-01T20:00:00.1239+05:30", "2027-01-01T14:30:00.123Z"),
        ("2028-02-29T00:00:00-00:00", "2028-02-29T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"),
    ],
)
def test_a_timestamp_at_the_edge_is_kept_as_it_is(admin: Actor, given: str, kept: str) -> None:
    event = admin.create_event(seats=10, date=given, on_sale_until=given)
    assert (event["date"], event["on_sale_until"]) == (kept, kept)
    seen = admin.get(f"/v1/events/{event['id']}").json
    assert (seen["date"], seen["on_sale_until"]) == (kept, kept)


@pytest.mark.parametrize(
    "name",
    [
        "Ünïcödé 座席",
        "😀" * 200,
        "a\\u0000b",
        "'; DROP TABLE events; --",
        "<script>alert(1)</script>",
    ]
    + ["{e:x}:event", "%00%s%n{0}", "\u202eabc", '"quoted"'],
)
def test_text_that_only_looks_dangerous_comes_back_as_it_was(admin: Actor, name: str) -> None:
    event = admin.create_event(name, seats=10, description=f"{name}\n{name}")
    seen = admin.get(f"/v1/events/{event['id']}").json
    assert (seen["name"], seen["description"]) == (name, f"{name}\n{name}")
