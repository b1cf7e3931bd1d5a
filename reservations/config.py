"""Settings, read once from the environment; a leaf that only the wiring reads.

Every setting `X` may instead be given as a file, by its path in `X_FILE`. An empty
setting counts as not set, because Compose files pass on what is not set as empty.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from environs import EnvError, FileAwareEnv
from marshmallow.validate import OneOf, Range

from reservations.affinity import usable_cores

SECRET_BYTES = 32
"""HS256 wants a key at least as long as its hash (RFC 7518, section 3.2)."""

SAMPLE_SECRET = re.compile(
    r"change.?(me|this|it)|replace.?(me|this)|your.?(jwt.?)?secret|example|sample|placeholder",
    re.IGNORECASE,
)
ORIGIN = re.compile(r"https?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
REDIS_SCHEMES = {"redis", "rediss", "unix"}
HOSTS = r"(?:{0})(?:,(?:{0}))*".format(r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
LOGIN = re.compile(r"[^@/?#\s]*")
SEVERAL_SERVERS = {
    "redis+sentinel": (
        re.compile(rf"(?P<hosts>{HOSTS})/[A-Za-z0-9._-]+(/[0-9]{{1,5}})?"),
        "redis+sentinel://[user:password@]host:26379,host2:26379/primary[/db]",
    ),
    "redis+cluster": (
        re.compile(rf"(?P<hosts>{HOSTS})/?"),
        "redis+cluster://[user:password@]host:7000,host2:7000",
    ),
}
"""What follows the credentials in the URLs of several servers, and how one looks."""


class ConfigError(Exception):
    """A setting is missing or wrong; the message is one line that says which."""


class _Environment(FileAwareEnv):
    def _get_value(self, env_key: str, default: Any) -> Any:
        try:
            value = super()._get_value(env_key, default)
            if isinstance(value, str):
                value.encode()
        except (OSError, UnicodeError) as error:
            raise ConfigError(f"{env_key} or its file is not readable text.") from error
        return default if value == "" else value


@dataclass(frozen=True, slots=True)
class Settings:
    """How one instance of the service runs.

    Attributes:
        development: for trying things out: loopback only, `POST /jwt`, no secret needed.
        host: address that gunicorn listens on.
        port: and its port.
        workers: number of gunicorn's processes.
        threads: threads of each.
        worker_cpu_affinity: whether each process keeps to a core: `auto` where each core gets
            as many, or `off`.
        data_dir: where the embedded store keeps its data.
        redis_url: the store, with `REDIS_PASSWORD` if that is given; None for the embedded
            one.
        durability: how many replicas have to confirm each change: `local` for none,
            `one`, or `all` that the primary should have.
        jwt_secret: signs and verifies tokens; None where `jwt_public_keys` are given.
        jwt_accepted_secrets: others that tokens may be signed with, while the secret is
            changed.
        jwt_public_keys: an identity provider's, as a JSON Web Key Set or in PEM.
        jwt_issuer: `iss` of all tokens.
        jwt_audience: `aud` of all tokens.
        jwt_max_lifetime_seconds: tokens made to live longer are refused.
        seat_hold_time_seconds: how long a hold lasts, unless the event says otherwise.
        seat_user_limit: live holds of one patron in an event, unless the event says
            otherwise.
        tokens_per_minute: that one admin may have issued by each worker.
        keyed_requests_per_hour: that one patron may send to each worker with an
            `Idempotency-Key`.
        cors_origins: web pages of these origins may call the service.
        change_log_length: entries kept in each event's change log, about.
        log_level: least severe level that is logged.
    """

    development: bool
    host: str
    port: int
    workers: int
    threads: int
    worker_cpu_affinity: str
    data_dir: Path
    redis_url: str | None = field(repr=False)
    durability: str
    jwt_secret: str | None = field(repr=False)
    jwt_accepted_secrets: tuple[str, ...] = field(repr=False)
    jwt_public_keys: str | None
    jwt_issuer: str
    jwt_audience: str
    jwt_max_lifetime_seconds: int
    seat_hold_time_seconds: int
    seat_user_limit: int
    tokens_per_minute: int
    keyed_requests_per_hour: int
    cors_origins: tuple[str, ...]
    change_log_length: int
    log_level: str

    @classmethod
    def from_env(cls) -> Settings:
        """Read and check all settings.

        Raises:
            ConfigError: one is missing or wrong.
        """
        try:
            return cls._read(_Environment(strip_whitespace=True))
        except (EnvError, ValueError) as error:
            raise ConfigError(" ".join(str(error).split())) from error

    @classmethod
    def _read(cls, env: _Environment) -> Settings:
        development = env.str("MODE", "production", validate=OneOf(MODES)) == "development"
        data_dir = Path(env.str("DATA_DIR", ".data"))
        redis_url = _redis_url(env.str("REDIS_URL", None), env.str("REDIS_PASSWORD", None))
        durability = env.str("DURABILITY", "local", validate=OneOf(DURABILITIES))
        public_keys = env.str("JWT_PUBLIC_KEYS", None)
        secret = env.str("JWT_SECRET", None)
        accepted = _accepted_secrets(env.str("JWT_ACCEPTED_SECRETS", ""))
        if public_keys is None:
            secret = _checked_secret(secret, development, data_dir)
        elif secret is not None:
            raise ConfigError("JWT_SECRET and JWT_PUBLIC_KEYS are set; only one can be used.")
        elif accepted:
            raise ConfigError(
                "JWT_ACCEPTED_SECRETS and JWT_PUBLIC_KEYS are set; only one can be used."
            )
        return cls(
            development=development,
            host=_host(env.str("HOST", "127.0.0.1"), development),
            port=env.int("PORT", 9000, validate=Range(1, 65535)),
            workers=env.int("WEB_CONCURRENCY", max(2, _cores()), validate=Range(1, 512)),
            threads=env.int("THREADS", 8, validate=Range(1, 512)),
            worker_cpu_affinity=env.str("WORKER_CPU_AFFINITY", "auto", validate=OneOf(AFFINITIES)),
            data_dir=data_dir,
            redis_url=redis_url,
            durability=_durability(durability, redis_url),
            jwt_secret=secret,
            jwt_accepted_secrets=accepted,
            jwt_public_keys=public_keys,
            jwt_issuer=env.str("JWT_ISSUER", "reservations"),
            jwt_audience=env.str("JWT_AUDIENCE", "reservations"),
            jwt_max_lifetime_seconds=env.int(
                "JWT_MAX_LIFETIME", 30 * 86_400, validate=Range(60, 366 * 86_400)
            ),
            seat_hold_time_seconds=env.int("SEAT_HOLD_TIME", 60, validate=Range(1, 3600)),
            seat_user_limit=env.int("SEAT_USER_LIMIT", 4, validate=Range(1, 100)),
            tokens_per_minute=env.int("TOKENS_PER_MINUTE", 60_000, validate=Range(1, 10**7)),
            keyed_requests_per_hour=env.int(
                "KEYED_REQUESTS_PER_HOUR", 6_000, validate=Range(1, 10**7)
            ),
            cors_origins=_origins(env.str("CORS_ORIGINS", "")),
            change_log_length=env.int(
                "CHANGE_LOG_LENGTH", 100_000, validate=Range(1_000, 10_000_000)
            ),
            log_level=env.str("LOG_LEVEL", "INFO", validate=OneOf(LOG_LEVELS)),
        )


MODES = ("development", "production")
AFFINITIES = ("auto", "off")
DURABILITIES = ("local", "one", "all")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _cores() -> int:
    """Return how many cores this process may use: all there are, where nobody tells."""
    return len(usable_cores()) or os.cpu_count() or 1


def _host(host: str, development: bool) -> str:
    if development and host not in LOOPBACK:
        raise ConfigError(f"HOST is {host}, but development mode serves on loopback only.")
    return host


def _redis_url(url: str | None, password: str | None) -> str | None:
    if url is None:
        if password is not None:
            raise ConfigError("REDIS_PASSWORD is set without REDIS_URL.")
        return None
    url = _checked_redis_url(url)
    return url if password is None else _with_password(url, password)


def _with_password(url: str, password: str) -> str:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    login, _, servers = authority.rpartition("@")
    if ":" in login:
        raise ConfigError("REDIS_PASSWORD is set, and REDIS_URL has a password too.")
    return f"{scheme}://{login}:{quote(password, safe='')}@{servers}{slash}{path}"


def _checked_redis_url(url: str) -> str:
    if _is_several(url):
        return _url_of_several(url)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigError("REDIS_URL is not a URL, or its port is not a number.") from error
    if parts.scheme not in REDIS_SCHEMES:
        raise ConfigError(
            "REDIS_URL begins with none of redis://, rediss://, unix://, redis+sentinel:// and "
            "redis+cluster://."
        )
    return url


def _url_of_several(url: str) -> str:
    scheme, _, rest = url.partition("://")
    form, example = SEVERAL_SERVERS[scheme]
    login, _, servers = rest.rpartition("@")
    found = form.fullmatch(servers) if LOGIN.fullmatch(login) else None
    ports = re.findall(r":([0-9]+)(?=,|\Z)", found["hosts"]) if found else [""]
    if not all(port and 0 < int(port) < 65536 for port in ports):
        # Not as it is: it may have a password.
        raise ConfigError(f"REDIS_URL is not like {example}.")
    return url


def _durability(durability: str, redis_url: str | None) -> str:
    if durability != "local" and redis_url is None:
        raise ConfigError(f"DURABILITY is {durability}, but the embedded store has no replicas.")
    if durability == "all" and not _is_several(redis_url):
        raise ConfigError(
            "DURABILITY is all, but only redis+sentinel:// and redis+cluster:// in REDIS_URL tell "
            "how many replicas there should be."
        )
    return durability


def _is_several(url: str | None) -> bool:
    return url is not None and url.partition("://")[0] in SEVERAL_SERVERS


def _origins(listed: str) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in listed.split(",") if origin.strip())
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ConfigError(f"CORS_ORIGINS has {origin!r}, which is not like https://shop.test.")
    return origins


def _checked_secret(secret: str | None, development: bool, data_dir: Path) -> str:
    if secret is None and development:
        secret = _development_secret(data_dir)
    if secret is None:
        raise ConfigError(
            "JWT_SECRET is not set. Make one with: python3 -c "
            "'import secrets; print(secrets.token_urlsafe(48))'"
        )
    _refuse_weak_secret(secret, "JWT_SECRET is")
    return secret


def _accepted_secrets(listed: str) -> tuple[str, ...]:
    accepted = tuple(line.strip() for line in listed.splitlines() if line.strip())
    for secret in accepted:
        _refuse_weak_secret(secret, "JWT_ACCEPTED_SECRETS has a secret that is")
        # Taken for one secret, they would be found out only when tokens are refused.
        parts = re.split(r"[\s,;]+", secret)
        if len(parts) > 1 and all(len(part) >= SECRET_BYTES for part in parts):
            raise ConfigError("JWT_ACCEPTED_SECRETS has a line of several; write one a line.")
    return accepted


def _refuse_weak_secret(secret: str, said: str) -> None:
    if len(secret.encode()) < SECRET_BYTES:
        raise ConfigError(f"{said} shorter than {SECRET_BYTES} bytes.")
    if SAMPLE_SECRET.search(secret):
        raise ConfigError(f"{said} a sample value, which anybody could know.")


def _development_secret(data_dir: Path) -> str:
    """Return the data folder's own secret, so that tokens outlive a restart."""
    path = data_dir / "jwt-secret"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written whole under another name and linked into place: of several processes
        # that start at once, all read the secret of the one that came first.
        draft = data_dir / f"jwt-secret.{os.getpid()}.{secrets.token_hex(4)}"
        if not path.exists():
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text()
    except OSError as error:
        raise ConfigError(f"DATA_DIR {data_dir} cannot be used: {error.strerror}.") from error
