"""Another service under the same load: here, this one once more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from bench import peer
from bench.load import NEEDS_WRK, WRK
from tests.live import live_service
from tests.nginx import why_no_nginx
from tests.serving import serving


@pytest.mark.skipif(WRK is None, reason=NEEDS_WRK)
@pytest.mark.skipif(why_no_nginx() is not None, reason=str(why_no_nginx()))
def test_both_are_measured_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peer, "RESULTS", tmp_path)
    monkeypatch.setattr(peer, "PATRONS", 40)
    monkeypatch.setattr(peer, "CLIENTS", 4)
    with live_service(tmp_path) as other:
        peer.run(f"http://127.0.0.1:{other.port}/", rounds=1, seconds=1)
    cases = json.loads((tmp_path / "results-peer.json").read_text())["cases"]
    assert list(cases) == [
        f"{who}: {what}"
        for what in ("hold", "list of 1,000", "create 1,000 seats")
        for who in ("this service", "the peer")
    ]
    assert all(case["rate"] > 0 for case in cases.values())
    assert cases["the peer: hold"]["against"] == "this service: hold"
    assert "the peer: hold" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "results-peer.svg").read_text()


def test_what_has_no_such_calls_is_no_peer() -> None:
    with serving(Flask(__name__)) as url, pytest.raises(peer.NoPeer, match="POST /jwt: 404"):
        peer.Subject("the peer", peer.Elsewhere(url))


def test_what_does_not_answer_is_no_peer() -> None:
    with pytest.raises(peer.NoPeer, match="refused"):
        peer.Subject("the peer", peer.Elsewhere("http://127.0.0.1:1"))
