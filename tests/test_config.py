"""Settings: each is read, each wrong value is told in one line, and secrets stay secret."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reservations.config import ConfigError, Settings

SECRET = "7XU0nJr0Ff1nqzB5pYyGvW3mJpV8sKcQ2dTtLhAeRo4"
PRODUCTION = {"JWT_SECRET": SECRET}
DEVELOPMENT = {"MODE": "development"}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin with nothing set, in an empty folder."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    """Read settings from an environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.from_env()


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """Return the one line that says what is wrong with an environment."""
    with pytest.raises(ConfigError) as refused:
        read(monkeypatch, **environment)
    message = str(refused.value)
    assert len(message.splitlines()) == 1 and len(message) < 300
    return message


@pytest.mark.parametrize(("usable", "workers"), [({5}, 2), ({1, 4, 6}, 3), (set(range(8)), 8)])
def test_there_is_a_worker_for_each_core_that_may_be_used(
    monkeypatch: pytest.MonkeyPatch, usable: set[int], workers: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: usable, raising=False)
    assert read(monkeypatch, **PRODUCTION).workers == workers


def test_where_nobody_tells_all_cores_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert read(monkeypatch, **PRODUCTION).workers == 64


def test_a_secret_is_all_that_has_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert read(monkeypatch, **PRODUCTION) == Settings(
        development=False,
        host="127.0.0.1",
        port=9000,
        workers=3,
        threads=8,
        worker_cpu_affinity="auto",
        data_dir=Path(".data"),
        redis_url=None,
        durability="local",
        jwt_secret=SECRET,
        jwt_accepted_secrets=(),
        jwt_public_keys=None,
        jwt_issuer="reservations",
        jwt_audience="reservations",
        jwt_max_lifetime_seconds=30 * 86_400,
        seat_hold_time_seconds=60,
        seat_user_limit=4,
        tokens_per_minute=60_000,
        keyed_requests_per_hour=6_000,
        cors_origins=(),
        change_log_length=100_000,
        log_level="INFO",
    )


EVERY_SETTING: dict[str, tuple[str, str, Any]] = {
    "HOST": ("0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - in production only
    "PORT": ("8080", "port", 8080),
    "WEB_CONCURRENCY": ("3", "workers", 3),
    "THREADS": ("5", "threads", 5),
    "WORKER_CPU_AFFINITY": ("off", "worker_cpu_affinity", "off"),
    "DATA_DIR": ("/srv/data", "data_dir", Path("/srv/data")),
    "REDIS_URL": ("rediss://:pass@store:6380/1", "redis_url", "rediss://:pass@store:6380/1"),
    "DURABILITY": ("one", "durability", "one"),
    "JWT_SECRET": (SECRET[::-1], "jwt_secret", SECRET[::-1]),
    "JWT_ACCEPTED_SECRETS": (
        f"{SECRET[::-1]}\n\n  {SECRET},;/ with punctuation\r\n",
        "jwt_accepted_secrets",
        (SECRET[::-1], f"{SECRET},;/ with punctuation"),
    ),
    "JWT_ISSUER": ("shop", "jwt_issuer", "shop"),
    "JWT_AUDIENCE": ("seats", "jwt_audience", "seats"),
    "JWT_MAX_LIFETIME": ("60", "jwt_max_lifetime_seconds", 60),
    "SEAT_HOLD_TIME": ("3600", "seat_hold_time_seconds", 3600),
    "SEAT_USER_LIMIT": ("100", "seat_user_limit", 100),
    "TOKENS_PER_MINUTE": ("10", "tokens_per_minute", 10),
    "KEYED_REQUESTS_PER_HOUR": ("20", "keyed_requests_per_hour", 20),
    "CORS_ORIGINS": (
        "https://shop.test, http://[::1]:3000,",
        "cors_origins",
        ("https://shop.test", "http://[::1]:3000"),
    ),
    "CHANGE_LOG_LENGTH": ("1000", "change_log_length", 1000),
    "LOG_LEVEL": ("DEBUG", "log_level", "DEBUG"),
}


def test_every_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, **{name: text for name, (text, *_) in EVERY_SETTING.items()})
    for _, attribute, value in EVERY_SETTING.values():
        assert getattr(settings, attribute) == value
    read_here = {attribute for _, attribute, _ in EVERY_SETTING.values()}
    assert set(Settings.__dataclass_fields__) - read_here == {"development", "jwt_public_keys"}


@pytest.mark.parametrize(
    ("url", "with_password"),
    [
        ("redis://store", "redis://:p%40ss%2F%3A@store"),
        ("redis://seats@store:6380/1", "redis://seats:p%40ss%2F%3A@store:6380/1"),
        ("unix:///run/redis.sock", "unix://:p%40ss%2F%3A@/run/redis.sock"),
        ("redis+sentinel://u@a:1,b:2/seats", "redis+sentinel://u:p%40ss%2F%3A@a:1,b:2/seats"),
        ("redis+cluster://u@a:1,b:2", "redis+cluster://u:p%40ss%2F%3A@a:1,b:2"),
    ],
)
def test_the_password_of_the_store_goes_into_its_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, with_password: str
) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/:\n")
    named = {"REDIS_URL": url, "REDIS_PASSWORD_FILE": str(file)}
    assert read(monkeypatch, **PRODUCTION, **named).redis_url == with_password


def test_the_store_has_one_password_and_none_without_a_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    password = {"REDIS_PASSWORD": "hunter3"}
    assert "REDIS_URL" in refusal(monkeypatch, **PRODUCTION, **password)
    told = refusal(monkeypatch, **PRODUCTION, **password, REDIS_URL="redis://u:hunter2@store")
    assert "REDIS_PASSWORD" in told and "hunter" not in told


@pytest.mark.parametrize("name", EVERY_SETTING)
def test_every_setting_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    text, attribute, value = EVERY_SETTING[name]
    (tmp_path / "setting").write_text(f"{text}\n")
    environment = PRODUCTION | {f"{name}_FILE": str(tmp_path / "setting")}
    if name == "DURABILITY":
        environment["REDIS_URL"] = "redis://store"
    assert getattr(read(monkeypatch, **environment), attribute) == value


@pytest.mark.parametrize("name", EVERY_SETTING)
def test_an_empty_setting_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    defaults = read(monkeypatch, **PRODUCTION)
    if name == "JWT_SECRET":
        assert refusal(monkeypatch, JWT_SECRET="").startswith("JWT_SECRET is not set")
    else:
        assert read(monkeypatch, **{name: ""}) == defaults


def test_public_keys_stand_instead_of_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text('{"keys": []}\n')
    settings = read(monkeypatch, JWT_PUBLIC_KEYS_FILE=str(tmp_path / "keys"), JWT_SECRET="")
    assert (settings.jwt_public_keys, settings.jwt_secret) == ('{"keys": []}', None)
    assert "JWT_SECRET and JWT_PUBLIC_KEYS" in refusal(monkeypatch, **PRODUCTION)


def test_empty_public_keys_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, JWT_PUBLIC_KEYS="", **PRODUCTION)
    assert (settings.jwt_public_keys, settings.jwt_secret) == (None, SECRET)


SEVERAL = [
    "redis+sentinel://one:26379,two:26380,[::1]/seats",
    "redis+sentinel://user:p%40ss@one/seats/3",
    "redis+cluster://one:7000,127.0.0.1,[::1]:7001",
    "redis+cluster://:pass@one:7000/",
]


@pytest.mark.parametrize("url", SEVERAL)
@pytest.mark.parametrize("durability", ["local", "one", "all"])
def test_several_servers_and_how_many_confirm(
    monkeypatch: pytest.MonkeyPatch, url: str, durability: str
) -> None:
    settings = read(monkeypatch, **PRODUCTION, REDIS_URL=url, DURABILITY=durability)
    assert (settings.redis_url, settings.durability) == (url, durability)


def test_one_server_does_not_tell_how_many_replicas_there_should_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = {"REDIS_URL": "redis://store", "DURABILITY": "one"}
    assert read(monkeypatch, **PRODUCTION, **one).durability == "one"
    every = {"REDIS_URL": "redis://store", "DURABILITY": "all"}
    assert "redis+sentinel://" in refusal(monkeypatch, **PRODUCTION, **every)


def test_a_password_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "redis+cluster://user:verysecret@store:abc"
    assert "verysecret" not in refusal(monkeypatch, **PRODUCTION, REDIS_URL=url)


NO_NUMBERS = ["x", "1.5", "1e3", "0x10", "-1", "0", "9" * 5000, "--", "True"]
WRONG: dict[str, list[str]] = {
    "MODE": ["Development", "dev", "test", "true"],
    "PORT": [*NO_NUMBERS, "65536"],
    "WEB_CONCURRENCY": [*NO_NUMBERS, "513"],
    "THREADS": [*NO_NUMBERS, "513"],
    "WORKER_CPU_AFFINITY": ["AUTO", "on", "0-1", "none"],
    "REDIS_URL": [
        "store",
        "store:6379",
        "http://store",
        "redis://[",
        "redis://store:abc",
        "redis://store:99999",
        "://",
        "redis+sentinel://store:26379",
        "redis+sentinel://store:26379/",
        "redis+sentinel://store:26379/seats/x",
        "redis+sentinel:///seats",
        "redis+cluster://",
        "redis+cluster://store:7000,",
        "redis+cluster://store:0",
        "redis+cluster://store:70000",
        "redis+cluster://one:7000,two:x",
        "redis+cluster://store:7000/seats",
    ],
    "DURABILITY": ["none", "ONE", "2", "one", "all"],
    "JWT_MAX_LIFETIME": [*NO_NUMBERS, "59", str(366 * 86_400 + 1)],
    "SEAT_HOLD_TIME": [*NO_NUMBERS, "3601"],
    "SEAT_USER_LIMIT": [*NO_NUMBERS, "101"],
    "TOKENS_PER_MINUTE": [*NO_NUMBERS, "10000001", "10 per minute"],
    "KEYED_REQUESTS_PER_HOUR": [*NO_NUMBERS, "10000001"],
    "CHANGE_LOG_LENGTH": [*NO_NUMBERS, "999", "10000001"],
    "CORS_ORIGINS": [
        "*",
        "null",
        "shop.test",
        "https://",
        "https://shop.test/",
        "https://shop.test/path",
        "https://*.shop.test",
        "https://shop.test https://other.test",
        "https://me@shop.test",
        "https://shop.test:123456",
        "ftp://shop.test",
        "https://shop.test,*",
        "https://.*",
        "https://shop.test$",
    ],
    "LOG_LEVEL": ["debug", "TRACE", "10"],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={value[:30]}")
        for name, values in WRONG.items()
        for value in values
    ],
)
def test_a_wrong_value_is_refused_in_a_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert name in refusal(monkeypatch, **PRODUCTION, **{name: value})


@pytest.mark.parametrize(
    "name", ["JWT_SECRET", "JWT_ACCEPTED_SECRETS", "JWT_PUBLIC_KEYS", "REDIS_URL", "PORT"]
)
@pytest.mark.parametrize("kind", ["missing", "folder", "below a file", "long name", "binary"])
def test_a_file_that_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, kind: str
) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\x00" * 40)
    path = {
        "missing": tmp_path / "none",
        "folder": tmp_path,
        "below a file": binary / "x",
        "long name": tmp_path / ("a" * 5000),
        "binary": binary,
    }[kind]
    assert name in refusal(monkeypatch, **{**PRODUCTION, f"{name}_FILE": str(path)})


@pytest.mark.parametrize("name", ["JWT_SECRET", "REDIS_URL", "JWT_ISSUER"])
def test_a_value_that_is_not_text_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert name in refusal(monkeypatch, **{**PRODUCTION, name: "\udcff" * 40})


class TestSecret:
    @pytest.mark.parametrize("environment", [{}, {"MODE": "production"}, {"MODE": ""}])
    def test_outside_of_development_there_must_be_one(
        self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
    ) -> None:
        assert refusal(monkeypatch, **environment).startswith("JWT_SECRET is not set")
        assert not Path(".data").exists()

    @pytest.mark.parametrize("mode", ["production", "development"])
    @pytest.mark.parametrize("secret", ["x", "secret", "a" * 31, "é" * 15])
    def test_a_short_one_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, mode: str, secret: str
    ) -> None:
        message = refusal(monkeypatch, MODE=mode, JWT_SECRET=secret)
        assert message == "JWT_SECRET is shorter than 32 bytes."

    @pytest.mark.parametrize("secret", ["a1" * 16, "é" * 16])
    def test_32_bytes_are_enough(self, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
        assert read(monkeypatch, JWT_SECRET=secret).jwt_secret == secret

    @pytest.mark.parametrize("mode", ["production", "development"])
    @pytest.mark.parametrize(
        "secret",
        [
            "change-me-change-me-change-me-change-me",
            "please CHANGE THIS secret to something long",
            "changeit-changeit-changeit-changeit",
            "replace_me_with_32_random_bytes_please",
            "your-secret-key-your-secret-key-your-secret",
            "YOUR_JWT_SECRET_OF_AT_LEAST_32_BYTES",
            "an-example-of-a-secret-of-32-bytes-or-more",
            "this-is-a-sample-secret-of-32-bytes-or-more",
            "placeholder-placeholder-placeholder-placeholder",
        ],
    )
    def test_a_sample_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, mode: str, secret: str
    ) -> None:
        message = refusal(monkeypatch, MODE=mode, JWT_SECRET=secret)
        assert "sample value" in message and secret not in message

    def test_it_is_in_no_representation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        url = "redis://:hunter2@store:6379"
        settings = read(monkeypatch, JWT_SECRET=SECRET, REDIS_URL=url)
        for text in (repr(settings), str(settings), f"{settings}"):
            assert SECRET not in text
            assert "hunter2" not in text

    def test_it_is_in_no_refusal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for url in ("http://:hunter2@store", "redis://:hunter2@store:abc", "redis://hunter2["):
            assert "hunter2" not in refusal(monkeypatch, **{**PRODUCTION, "REDIS_URL": url})
        keys = {"JWT_PUBLIC_KEYS": "x", "REDIS_URL": ""}
        assert SECRET not in refusal(monkeypatch, **{**PRODUCTION, **keys})


class TestAcceptedSecrets:
    @pytest.mark.parametrize("mode", ["production", "development"])
    @pytest.mark.parametrize(
        ("listed", "reason"),
        [
            ("short", "shorter than 32 bytes"),
            (f"{SECRET}\nshort", "shorter than 32 bytes"),
            ("a" * 31, "shorter than 32 bytes"),
            (f"{SECRET}\n{'change-me-' * 5}", "a sample value"),
            (f"{SECRET},{SECRET[::-1]}", "one a line"),
            (f"{SECRET} {SECRET[::-1]}", "one a line"),
            (f"{SECRET}; {SECRET[::-1]}", "one a line"),
        ],
    )
    def test_they_are_as_strong_as_the_one_that_signs(
        self, monkeypatch: pytest.MonkeyPatch, mode: str, listed: str, reason: str
    ) -> None:
        environment = {**PRODUCTION, "MODE": mode, "JWT_ACCEPTED_SECRETS": listed}
        message = refusal(monkeypatch, **environment)
        assert message.startswith("JWT_ACCEPTED_SECRETS ") and reason in message
        assert SECRET not in message

    def test_they_alone_sign_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "JWT_SECRET is not set" in refusal(monkeypatch, JWT_ACCEPTED_SECRETS=SECRET)

    def test_they_may_name_the_one_that_signs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = read(monkeypatch, **PRODUCTION, JWT_ACCEPTED_SECRETS=SECRET)
        assert settings.jwt_accepted_secrets == (settings.jwt_secret,)

    def test_public_keys_stand_instead_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        environment = {"JWT_PUBLIC_KEYS": "x", "JWT_ACCEPTED_SECRETS": SECRET}
        assert "JWT_ACCEPTED_SECRETS and JWT_PUBLIC_KEYS" in refusal(monkeypatch, **environment)

    def test_they_are_in_no_representation(self, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = read(monkeypatch, **PRODUCTION, JWT_ACCEPTED_SECRETS=SECRET[::-1])
        assert SECRET[::-1] not in repr(settings)


class TestDevelopment:
    def test_a_secret_is_made_once_and_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first, again = (read(monkeypatch, **DEVELOPMENT).jwt_secret for _ in range(2))
        assert first is not None and len(first) >= 43
        assert first == again
        assert first != read(monkeypatch, **DEVELOPMENT, DATA_DIR="elsewhere").jwt_secret

    def test_only_the_owner_can_read_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        old = os.umask(0)
        try:
            read(monkeypatch, **DEVELOPMENT)
        finally:
            os.umask(old)
        assert stat.S_IMODE(Path(".data").stat().st_mode) == 0o700
        (kept,) = Path(".data").iterdir()
        assert (kept.name, stat.S_IMODE(kept.stat().st_mode)) == ("jwt-secret", 0o600)

    def test_ones_own_is_used_if_there_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert read(monkeypatch, **DEVELOPMENT, **PRODUCTION).jwt_secret == SECRET
        assert not Path(".data").exists()

    @pytest.mark.parametrize("content", ["", "\n", "short"])
    def test_a_kept_secret_must_be_long_enough_too(
        self, monkeypatch: pytest.MonkeyPatch, content: str
    ) -> None:
        Path(".data").mkdir()
        Path(".data/jwt-secret").write_text(content)
        assert "JWT_SECRET" in refusal(monkeypatch, **DEVELOPMENT)

    def test_processes_that_start_at_once_share_it(self, tmp_path: Path) -> None:
        program = (
            "from reservations.config import Settings\n"
            "print('ready', flush=True); input()\n"
            "print(Settings.from_env().jwt_secret)"
        )
        root = str(Path(__file__).parent.parent)
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**DEVELOPMENT, "DATA_DIR": str(tmp_path / "a/b"), "PYTHONPATH": root},
            )
            for _ in range(6)
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        secrets = {racer.communicate(timeout=30)[0] for racer in racers}
        assert len(secrets) == 1 and len(secrets.pop()) >= 43
        assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["jwt-secret"]

    @pytest.mark.parametrize("kind", ["file", "below a file"])
    def test_a_folder_that_cannot_be_used_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        Path("file").touch()
        folder = "file" if kind == "file" else "file/below"
        assert "DATA_DIR" in refusal(monkeypatch, **DEVELOPMENT, DATA_DIR=folder)

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", ""])
    def test_it_serves_on_loopback(self, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        assert read(monkeypatch, **DEVELOPMENT, HOST=host).host == (host or "127.0.0.1")

    @pytest.mark.parametrize(
        "host",
        ["0.0.0.0", "::", "*", "192.168.1.2", "127.0.0.1.evil.example", "localhost.evil.example"],  # noqa: S104
    )
    def test_it_serves_nowhere_else(self, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        assert "HOST" in refusal(monkeypatch, **DEVELOPMENT, HOST=host)
