"""Requests whose ends are in doubt, as smugglers send them: data, and what may come of it.

Where two that read a request one after the other disagree on where it ends, the rest of it is
taken for somebody else's request. All cases carry such a hidden request, for `HIDDEN_PATH`,
which nobody who reads as RFC 9112 says would ever carry out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HIDDEN_PATH = "/hidden"
HIDDEN = f"GET {HIDDEN_PATH} HTTP/1.1\r\nHost: h\r\n\r\n".encode()

TOKEN = b"{token}"
"""Stands for an admin's token, without which no body would be read."""

_GET = b"GET /health HTTP/1.1\r\nHost: h\r\n"
_POST = b"POST /v1/events HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + TOKEN
_POST += b"\r\nContent-Type: application/json\r\n"
_ENDED = b"0\r\n\r\n" + HIDDEN
"""Whoever reads chunks ends here; whoever counts bytes does not."""


@dataclass(frozen=True)
class Case:
    """A request to send, and what is right to answer.

    Attributes:
        name: of the case.
        sent: the bytes.
        requests: that an honest reader finds in them.
        is_refused: whether the framing itself has to be refused; else an honest reader may
            take it, for what it is to him.
    """

    name: str
    sent: bytes
    requests: int = 1
    is_refused: bool = True

    @property
    def has_version(self) -> bool:
        """Whether its first line says which HTTP it is."""
        return b"HTTP/" in self.sent.partition(b"\n")[0]


def _lengths() -> Iterator[Case]:
    size = len(HIDDEN)
    for name, headers in {
        "the same length twice": f"Content-Length: {size}\r\nContent-Length: {size}",
        "two lengths": f"Content-Length: 0\r\nContent-Length: {size}",
        "two lengths the other way round": f"Content-Length: {size}\r\nContent-Length: 0",
        "a list of one length": f"Content-Length: {size}, {size}",
        "a list of lengths": f"Content-Length: 0, {size}",
        "a plus sign": "Content-Length: +0",
        "a minus sign": "Content-Length: -1",
        "a hexadecimal length": "Content-Length: 0x0",
        "a fraction": "Content-Length: 0.0",
        "an exponent": "Content-Length: 0e0",
        "an underscore": "Content-Length: 0_0",
        "no digits": "Content-Length:",
        "a letter after it": "Content-Length: 0a",
        "a space within": "Content-Length: 0 0",
        "a vertical tab": "Content-Length: \x0b0",
        "quotes": 'Content-Length: "0"',
        "other digits": "Content-Length: ٠",
        "more than 64 bits": "Content-Length: 18446744073709551616",
        "a space before the colon": "Content-Length : 0",
        "a tab before the colon": "Content-Length\t: 0",
    }.items():
        yield Case(f"length: {name}", _POST + headers.encode() + b"\r\n\r\n" + HIDDEN)
    counted = f"Content-Length: {size}\r\nConnection: close\r\n\r\n".encode() + HIDDEN
    for name, sent in {
        "with an underscore is another header": _POST + b"Content_Length: 0\r\n" + counted,
        "of the body of a GET": _GET + counted,
        "of the body of a HEAD": b"HEAD" + _GET[3:] + counted,
        "named as a header of this hop": _POST + b"Connection: Content-Length\r\n" + counted,
        "with zeros before it": _POST + b"Content-Length: 000" + counted[16:],
    }.items():
        yield Case(f"length: {name}", sent, is_refused=False)


def _codings() -> Iterator[Case]:
    body = b"\r\n\r\n" + _ENDED
    length = f"Content-Length: {len(_ENDED)}\r\n".encode()
    for name, headers in {
        "a length too": length + b"Transfer-Encoding: chunked",
        "a length too, after it": b"Transfer-Encoding: chunked\r\n" + length[:-2],
        "a length of nothing too": b"Content-Length: 0\r\nTransfer-Encoding: chunked",
        "not the last": length + b"Transfer-Encoding: chunked, identity",
        "twice": length + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "twice in a list": length + b"Transfer-Encoding: chunked, chunked",
        "and another": length + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "after another": length + b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "one nobody has": length + b"Transfer-Encoding: xchunked",
        "identity": length + b"Transfer-Encoding: identity",
        "none": length + b"Transfer-Encoding:",
        "quoted": length + b'Transfer-Encoding: "chunked"',
        "with a parameter": length + b"Transfer-Encoding: chunked;q=1",
        "after a vertical tab": length + b"Transfer-Encoding: \x0bchunked",
        "after a NUL": length + b"Transfer-Encoding: \x00chunked",
        "before a NUL": length + b"Transfer-Encoding: chunked\x00",
        "a space before the colon": length + b"Transfer-Encoding : chunked",
        "a line end before the colon": length + b"Transfer-Encoding\n: chunked",
        "on the next line": length + b"Transfer-Encoding:\r\n chunked",
        "on the next line, by a tab": length + b"Transfer-Encoding:\r\n\tchunked",
        "after a bare CR": length + b"X: y\rTransfer-Encoding: chunked",
        "after a space": length + b" Transfer-Encoding: chunked",
        "compressed": b"Transfer-Encoding: gzip, chunked",
    }.items():
        yield Case(f"coding: {name}", _POST + headers + body)
    old = _POST.replace(b"HTTP/1.1", b"HTTP/1.0")
    yield Case("coding: in HTTP/1.0", old + length + b"Transfer-Encoding: chunked" + body)
    closing = _POST + b"Connection: close\r\n" + length
    underscore = closing + b"Transfer_Encoding: chunked" + body
    yield Case("coding: with an underscore is another header", underscore, is_refused=False)
    injected = closing + b"X: y\nTransfer-Encoding: chunked" + body
    yield Case("coding: after a bare LF", injected)


def _chunks() -> Iterator[Case]:
    head = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
    for name, body in {
        "a hexadecimal prefix": b"0x2\r\n{}\r\n" + _ENDED,
        "a plus sign": b"+2\r\n{}\r\n" + _ENDED,
        "a minus sign": b"-2\r\n{}\r\n" + _ENDED,
        "a space before the size": b" 2\r\n{}\r\n" + _ENDED,
        "an underscore": b"0_2\r\n{}\r\n" + _ENDED,
        "no size": b"\r\n{}\r\n" + _ENDED,
        "no hexadecimal size": b"g\r\n{}\r\n" + _ENDED,
        "more than 64 bits": b"10000000000000002\r\n{}\r\n" + _ENDED,
        "more than 63 bits": b"8000000000000002\r\n{}\r\n" + _ENDED,
        "more than 31 bits": b"80000002\r\n{}\r\n" + _ENDED,
        "more than any body": b"7fffffffffffffff\r\n{}\r\n" + _ENDED,
        "less than was sent": b"1\r\n{}\r\n" + _ENDED,
        "far more than was sent": b"fff\r\n{}\r\n" + _ENDED,
        "no line end after the bytes": b"2\r\n{}" + _ENDED,
        "something else after the bytes": b"2\r\n{}xx" + _ENDED,
        "a bare CR after the size": b"2\r{}\r\n" + _ENDED,
        "a NUL in the size": b"2\x00\r\n{}\r\n" + _ENDED,
        "a bare LF in an extension": b"2;x\ny\r\n{}\r\n" + _ENDED,
        "a bare CR in an extension": b"2;x\ry\r\n{}\r\n" + _ENDED,
        "a semicolon without a size": b";x\r\n{}\r\n" + _ENDED,
    }.items():
        yield Case(f"chunks: {name}", head + body)
    closing = head.replace(b"Host", b"Connection: close\r\nHost")
    for name, body in {
        # The CR counts as a byte, and a bare LF ends the line.
        "one more than was sent": b"3\r\n{}\r\n0\r\n\r\n",
        "an extension": b"2;x=y\r\n{}\r\n0\r\n\r\n",
        "a quoted extension with a chunk in it": b'2;x="\r\n{}\r\n0\r\n\r\n',
        "an extension of 20,000 bytes": b"2;" + b"x" * 20_000 + b"\r\n{}\r\n0\r\n\r\n",
        "zeros before the size": b"000000000000000002\r\n{}\r\n0\r\n\r\n",
        "a space after the size": b"2 \r\n{}\r\n0\r\n\r\n",
        "bare LFs": b"2\n{}\n0\n\n",
        "a trailer": b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
        "a length in the trailer": b"2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n",
        "a coding in the trailer": b"2\r\n{}\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "a line without a colon in the trailer": b"2\r\n{}\r\n0\r\nxx\r\n\r\n",
        "a trailer of 20,000 bytes": b"2\r\n{}\r\n0\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        "a request in a chunk": f"{len(HIDDEN):x}\r\n".encode() + HIDDEN + b"\r\n0\r\n\r\n",
    }.items():
        yield Case(f"chunks: {name}", closing + body, is_refused=False)


def _headers() -> Iterator[Case]:
    end = b"Connection: close\r\n\r\n"
    for name, sent in {
        "no name": _GET + b": y\r\n" + end,
        "a space before the colon": _GET + b"X : y\r\n" + end,
        "a NUL in a value": _GET + b"X: a\x00b\r\n" + end,
        "a NUL in a name": _GET + b"X\x00Y: z\r\n" + end,
        "a bare CR in a value": _GET + b"X: a\rb\r\n" + end,
        "a space before the first": b"GET /health HTTP/1.1\r\n Host: h\r\n" + end,
        "a folded one": _GET + b"X: a\r\n b\r\n" + end,
        "no host": b"GET /health HTTP/1.1\r\n" + end,
        "two hosts": _GET + b"Host: other\r\n" + end,
        "a host with a path": b"GET /health HTTP/1.1\r\nHost: h/../x\r\n" + end,
        "a host with a space": b"GET /health HTTP/1.1\r\nHost: h x\r\n" + end,
    }.items():
        yield Case(f"headers: {name}", sent)
    for name, sent in {
        # nginx passes on all but these.
        "no colon": _GET + b"X\r\n" + end,
        "a name that is no word": _GET + b"X(Y): z\r\n" + end,
        "bare LFs": _GET.replace(b"\r", b"") + end.replace(b"\r", b""),
        "hundreds": _GET + b"X: y\r\n" * 300 + end,
        "one of 9,000 bytes": _GET + b"X: " + b"y" * 9_000 + b"\r\n" + end,
        "beyond ASCII": _GET + "X: ä\r\n".encode() + end,
        "a program's own": _GET + b"SCRIPT_NAME: /hidden\r\nPATH_INFO: /hidden\r\n" + end,
        "another address": _GET + b"X-Original-URL: /hidden\r\nX-Rewrite-URL: /hidden\r\n" + end,
        "another method": _GET + b"X-HTTP-Method-Override: DELETE\r\n" + end,
        "of this hop": _GET + b"Connection: close, X-Request-ID, Host\r\n\r\n",
        "an upgrade to HTTP/2": _GET
        + b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
        + b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        "an upgrade to a WebSocket": _GET
        + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        "an expectation": _POST + b"Expect: 200-maybe\r\nContent-Length: 2\r\n" + end + b"{}",
    }.items():
        yield Case(f"headers: {name}", sent, is_refused=False)


def _lines() -> Iterator[Case]:
    end = b"Host: h\r\nConnection: close\r\n\r\n"
    for name, sent in {
        "nonsense": b"nonsense\r\n\r\n" + HIDDEN,
        "HTTP/0.9": b"GET /health\r\n" + HIDDEN,
        "HTTP/2": b"GET /health HTTP/2.0\r\n" + end,
        "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 9 + HIDDEN,
        "TLS": b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n" + HIDDEN,
        "no number of a version": b"GET /health HTTP/\r\n" + end,
        "a long number of a version": b"GET /health HTTP/1.1111111\r\n" + end,
        "a version in small letters": b"GET /health http/1.1\r\n" + end,
        "a NUL in the address": b"GET /hea\x00lth HTTP/1.1\r\n" + end,
        "an address with a space": b"GET /health /hidden HTTP/1.1\r\n" + end,
        "an address without a slash": b"GET hidden HTTP/1.1\r\n" + end,
        "no address": b"GET  HTTP/1.1\r\n" + end,
        "a method of controls": b"G\x01T /health HTTP/1.1\r\n" + end,
        "a bare CR": b"GET /health\rX HTTP/1.1\r\n" + end,
        "a host and port for a GET": b"GET h:80 HTTP/1.1\r\n" + end,
        "CONNECT": b"CONNECT h:80 HTTP/1.1\r\n" + end,
        "TRACE": b"TRACE /health HTTP/1.1\r\n" + end,
        "9,000 bytes": b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n" + end,
    }.items():
        yield Case(f"line: {name}", sent)
    for name, sent in {
        "an address above the root": b"GET /../../hidden HTTP/1.1\r\n" + end,
        "a NUL in the address, in numbers": b"GET /health%00 HTTP/1.1\r\n" + end,
        "half a number in the address": b"GET /health%a HTTP/1.1\r\n" + end,
        "a whole URL": b"GET http://other/health HTTP/1.1\r\n" + end,
        "a URL without a path": b"GET http://other?x HTTP/1.1\r\n" + end,
        "a star": b"OPTIONS * HTTP/1.1\r\n" + end,
        "empty lines before it": b"\r\n\r\nGET /health HTTP/1.1\r\n" + end,
        "HTTP/1.0 without a host": b"GET /health HTTP/1.0\r\n\r\n",
        "HTTP/1.9": b"GET /health HTTP/1.9\r\n" + end,
        "two spaces": b"GET  /health  HTTP/1.1\r\n" + end,
        "tabs": b"GET\t/health\tHTTP/1.1\r\n" + end,
        "a method in small letters": b"get /health HTTP/1.1\r\n" + end,
        "a line end in numbers": b"GET /health%0d%0aX:%20y HTTP/1.1\r\n" + end,
        "a line end in the query": b"GET /health?%0d%0a%0d%0aGET%20/hidden HTTP/1.1\r\n" + end,
        "a slash in numbers": b"GET /v1%2f..%2fhealth HTTP/1.1\r\n" + end,
        "two slashes": b"GET //other/health HTTP/1.1\r\n" + end,
    }.items():
        yield Case(f"line: {name}", sent, is_refused=False)


def _pipelines() -> Iterator[Case]:
    last = _GET + b"Connection: close\r\n\r\n"
    yield Case("pipeline: two", _GET + b"\r\n" + last, requests=2, is_refused=False)
    counted = _POST + b"Content-Length: 2\r\n\r\n{}"
    yield Case("pipeline: after a body", counted + last, requests=2, is_refused=False)
    yield Case("pipeline: after the last", last + HIDDEN, is_refused=False)
    broken = _GET + b"\r\n" + _POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield Case("pipeline: a broken one", broken + _ENDED, requests=2, is_refused=False)


CORPUS = (
    *_lengths(),
    *_codings(),
    *_chunks(),
    *_headers(),
    *_lines(),
    *_pipelines(),
)
