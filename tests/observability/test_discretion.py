"""What is left out of every log: tokens, and what gunicorn repeats of requests."""

from __future__ import annotations

import json
import logging
import time

import pytest

from reservations.observability.discretion import without_tokens
from reservations.observability.gunicorn_log import leave_out_what_was_sent
from reservations.observability.logs import JsonLines
from tests.observability.test_logs import TOKEN


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seat stalls-C-12 is held", "seat stalls-C-12 is held"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: [token]"),
        ("b'authorization: bearer abc'", "b'authorization: [token]'"),
        ('{"Authorize": "Bearer abc"}', '{"Authorize": "[token]"}'),
        ("ewogICJhbGciOiAiSFMyNTYifQ.e30.abc", "[token]"),
        ("eyAiYWxnIjogIkhTMjU2IiB9.e30.abc x", "[token] x"),
        ("0a9a3be1b3c54f3f8d7f6c3e9f4f5b52", "0a9a3be1b3c54f3f8d7f6c3e9f4f5b52"),
        ("eyes and ewes: 1.2", "eyes and ewes: 1.2"),
    ],
)
def test_tokens_are_left_out(text: str, told: str) -> None:
    assert without_tokens(text) == told


@pytest.mark.parametrize("unit", ["eyJ", "a", "bearer ", "eyJa.", "ew-", "bearer%20", ". "])
def test_long_texts_are_read_in_no_time(unit: str) -> None:
    began = time.perf_counter()
    without_tokens(unit * (200_000 // len(unit)))
    assert time.perf_counter() - began < 5


class TestGunicorns:
    def record(self, message: str, *args: object) -> logging.LogRecord:
        return logging.LogRecord("gunicorn.error", logging.ERROR, "", 1, message, args, None)

    def test_queries_are_left_out(self) -> None:
        record = self.record("Error handling request %s %s", "GET", "/x?token=1")
        assert leave_out_what_was_sent(record)
        assert record.getMessage() == "Error handling request GET /x"

    def test_what_repeats_a_request_is_left_out(self) -> None:
        assert not leave_out_what_was_sent(self.record("Invalid request from ip=::1: 'x'"))

    def test_all_else_is_told_in_one_line(self) -> None:
        record = self.record("Worker (pid:%s) was sent %s\n!", 1, "SIGKILL")
        assert leave_out_what_was_sent(record)
        (line,) = JsonLines().format(record).splitlines()
        assert json.loads(line)["message"] == "Worker (pid:1) was sent SIGKILL\n!"
