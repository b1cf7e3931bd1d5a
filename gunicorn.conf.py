"""How gunicorn serves the application; read by gunicorn from the current folder.

The master starts the embedded store before its first worker and stops it after the
last; the workers only connect to it.
"""

import ctypes
import errno
import gc
import os
import signal
import socket
import sys
from typing import Any

from reservations import affinity, metrics_folder
from reservations.config import LOOPBACK, ConfigError, Settings
from reservations.embedded import EmbeddedStore, EmbeddedStoreError
from reservations.worker import replace_all

try:
    _settings = Settings.from_env()
except ConfigError as error:
    sys.exit(f"reservations: {error}")

# Before anything is imported that counts: all else of ours is imported where it is used.
metrics_folder.choose()

wsgi_app = "wsgi:app"
bind = (
    f"[{_settings.host}]:{_settings.port}"
    if ":" in _settings.host
    else f"{_settings.host}:{_settings.port}"
)
workers = _settings.workers
worker_class = "reservations.worker.Worker"
threads = _settings.threads
keepalive = 75
# A worker that has not answered a beat for this long is taken for stuck.
timeout = 30
graceful_timeout = 10
control_socket_disable = True
# A client's request must fit; longer lines and headers are refused.
limit_request_line = 8190
# No header of a request is taken for a setting of the server.
forwarder_headers = ""
# A worker's heartbeat file on a disk that is busy syncing would stall the worker.
worker_tmp_dir = "/dev/shm" if sys.platform == "linux" else None  # noqa: S108
loglevel = _settings.log_level.lower()
logger_class = "reservations.observability.gunicorn_log." + (
    "DevelopmentLogger" if _settings.development else "ProductionLogger"
)


def on_starting(server: Any) -> None:
    """Make sure of the port, the application and the store, in this order."""
    metrics_folder.begin()
    _refuse_public_development(server.cfg.address)
    _refuse_taken_ports(server.cfg.address)
    _refuse_broken_application()
    server.embedded_store = None
    if _settings.redis_url is None:
        server.embedded_store = EmbeddedStore(_settings.data_dir)
        try:
            server.embedded_store.start()
        except EmbeddedStoreError as error:
            sys.exit(f"reservations: {error}")


def pre_fork(server: Any, worker: Any) -> None:
    """Choose a core for a worker."""
    if _settings.worker_cpu_affinity == "auto":
        worker.core = affinity.core_for_another(
            affinity.usable_cores(),
            server.num_workers,
            [other.core for other in server.WORKERS.values() if other.stays],
        )


def post_fork(_server: Any, worker: Any) -> None:
    """Let a worker keep to its core, and end with its master where the store does too."""
    affinity.keep_to(worker.core)
    # An orphan could only answer that the store is gone, and would keep the port from
    # whoever starts the service again. See prctl(2), PR_SET_PDEATHSIG.
    if _settings.redis_url is None and sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, ctypes.c_ulong(signal.SIGKILL))


def post_worker_init(worker: Any) -> None:
    """Let a worker answer all errors alike, and finish what it has begun, also on Ctrl+C."""
    from reservations.api.unparsed import answer_with_problems

    answer_with_problems(worker.wsgi)
    # What is there now stays: to look for garbage among it costs 2 % of a worker's time.
    gc.freeze()
    # gunicorn's own handler of these two shuts the thread pool down from within the
    # signal, which waits for ever if the worker is just giving the pool a request.
    for quick_stop in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(quick_stop, worker.handle_exit)


def on_reload(server: Any) -> None:
    """Let the workers serve on until those that come for them do."""
    replace_all(server.worker_age)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what is true only of a worker that lives; what it has counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def pre_exec(server: Any) -> None:
    """Let the master that takes this one's place count anew."""
    metrics_folder.disown(server.cfg.env_orig)


def when_ready(server: Any) -> None:
    """Tell a developer where to go from here."""
    if _settings.development:
        address = server.LISTENERS[0]
        print(
            f"\n  Swagger UI  {address}/swagger\n"
            f"  A token     curl -X POST {address}/jwt -H 'Content-Type: application/json' \\\n"
            '                   -d \'{"id": "me", "name": "Me", "role": "admin"}\'\n'
            "  Stop        Ctrl+C\n",
            flush=True,
        )


def on_exit(server: Any) -> None:
    """Stop the store that this master started."""
    if getattr(server, "embedded_store", None) is not None:
        server.embedded_store.stop()


def _refuse_taken_ports(addresses: list[Any]) -> None:
    # Sockets that somebody hands down are in use, and meant to be.
    if {"GUNICORN_FD", "LISTEN_FDS"} & os.environ.keys():
        return
    for address in addresses:
        if isinstance(address, tuple):
            _refuse_taken_port(*address)


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                sys.exit(f"reservations: cannot listen on {host}:{port}: {error.strerror}.")
            sys.exit(f"reservations: port {port} is taken; set PORT to another.")


def _refuse_broken_application() -> None:
    # A worker that cannot make it would be replaced by one that cannot either, for ever.
    from reservations.app import create_app

    try:
        create_app(_settings)
    except ValueError as error:
        sys.exit(f"reservations: {error}")


def _refuse_public_development(addresses: list[Any]) -> None:
    # The command line can name other addresses than the settings do.
    for address in addresses:
        if _settings.development and isinstance(address, tuple) and address[0] not in LOOPBACK:
            sys.exit(f"reservations: development mode serves on loopback only, not {address[0]}.")
