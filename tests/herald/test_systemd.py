# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""herald under a service manager: readiness, watchdog, the unit, its sandbox, its user."""
import os
import pathlib
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

import pytest

from chat import Client, run
from instance import Herald, is_root


class Manager:
    """Listens where systemd would."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)

    def next(self, timeout=10):
        """The lines of the next message."""
        self.socket.settimeout(timeout)
        return self.socket.recv(4096).decode().split("\n")

    def wait_for(self, line):
        deadline = time.monotonic() + 10
        while line not in self.next():
            assert time.monotonic() < deadline, line


@pytest.fixture
def short_folder():
    """Paths of sockets have 108 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="herald-") as folder:
        yield folder


@pytest.fixture
def start(make_herald, monkeypatch):
    """A function that starts a server with that environment; it is stopped after the test."""
    def begin(extra="", **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return make_herald(extra)

    return begin


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_is_told_how_it_goes(start, short_folder, abstract):
    name = f"\0herald-test-{os.getpid()}" if abstract else f"{short_folder}/notify"
    manager = Manager(name)
    herald = start(NOTIFY_SOCKET=name.replace("\0", "@"))
    assert manager.next() == ["READY=1", "STATUS=Clients are served"]
    herald.ctl("reload_config")
    assert manager.next() == ["STATUS=The configuration is read again"]
    assert manager.next() == ["STATUS=Clients are served"]
    herald.stop()
    assert manager.next()[0] == "STOPPING=1"


def test_the_watchdog_hears_of_it_as_long_as_the_loop_runs(start, short_folder):
    manager = Manager(f"{short_folder}/notify")
    herald = start(NOTIFY_SOCKET=f"{short_folder}/notify", WATCHDOG_USEC="200000")
    manager.wait_for("READY=1")
    began = time.monotonic()
    for _ in range(5):
        assert manager.next(2) == ["WATCHDOG=1"]
    assert 0.3 < time.monotonic() - began < 2
    herald.process.send_signal(signal.SIGSTOP)
    time.sleep(0.3)
    with pytest.raises(TimeoutError):
        for _ in range(5):
            manager.next(0.5)
    herald.process.send_signal(signal.SIGCONT)
    assert manager.next(2) == ["WATCHDOG=1"]


def test_the_watchdog_of_another_process_is_not_ours(start, short_folder):
    manager = Manager(f"{short_folder}/notify")
    start(NOTIFY_SOCKET=f"{short_folder}/notify", WATCHDOG_USEC="100000", WATCHDOG_PID="1")
    manager.wait_for("READY=1")
    with pytest.raises(TimeoutError):
        manager.next(0.5)


def test_under_the_journal_lines_begin_with_their_priority(start):
    herald = start(JOURNAL_STREAM="8:12345")
    lines = herald.log.read_text().splitlines()
    assert any(line.startswith("<5>[notice] started: ") for line in lines)
    assert all(line[0] == "<" and line[2:4] == ">[" for line in lines)


def test_the_unit_is_good(programs, root, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze: systemd is not installed")
    text = (root / "packaging/systemd/herald.service").read_text()
    assert "ExecStart=/usr/sbin/herald\n" in text
    unit = tmp_path / "herald.service"
    unit.write_text(text.replace("/usr/sbin/herald", str(programs / "herald"))
                    .replace("Documentation=man:herald(8) man:heraldctl(8) man:herald.yml(5)\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True,
                          text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("WatchdogSec=60", "WatchdogSec=soon"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True,
                          text=True, timeout=30, check=False)
    assert "Failed to parse sec value" in done.stderr  # it does look


# ---- the sandbox ----------------------------------------------------------------------------

def status_of(herald):
    text = pathlib.Path(f"/proc/{herald.process.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines())


@pytest.mark.release_only
def test_the_process_gives_up_what_it_does_not_need(herald):
    status = status_of(herald)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    limits = pathlib.Path(f"/proc/{herald.process.pid}/limits").read_text()
    core, = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert core.split()[4:6] == ["0", "0"]
    for thread in pathlib.Path(f"/proc/{herald.process.pid}/task").iterdir():
        assert "Seccomp:\t2" in (thread / "status").read_text()


def test_files_elsewhere_are_out_of_reach(herald, make_herald, tmp_path):
    if "no Landlock" in herald.log.read_text():
        pytest.skip("needs Landlock: this kernel has none")
    done = herald.ctl("import", "/etc/hostname", check=False)
    assert "/etc/hostname: Permission denied; herald reaches only what is below" in done.stderr
    assert herald.ctl("backup", "/etc/herald-test.db", check=False).returncode == 1
    assert not os.path.exists("/etc/herald-test.db")
    free = make_herald("sandbox: false\n")
    done = free.ctl("import", "/etc/hostname", check=False)
    assert "/etc/hostname: line 1: " in done.stderr


def make_certificate(path, name):
    key = path.with_suffix(".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                    "-out", path, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-days", "2"], capture_output=True, check=True)
    path.write_text(path.read_text() + key.read_text())


def certificate_of(port):
    return ssl.get_server_certificate(("127.0.0.1", port)).strip()


def test_a_renewed_certificate_behind_a_link_is_read(make_herald, tmp_path):
    """As certbot does: live/x.pem is a link into archive/, and points to a new file later."""
    live, archive = tmp_path / "live", tmp_path / "archive"
    live.mkdir()
    archive.mkdir()
    for number in (1, 2):
        make_certificate(archive / f"x{number}.pem", "a.example")
    link = live / "x.pem"
    link.symlink_to("../archive/x1.pem")
    herald = make_herald(f"certfiles: [{link}]\n")
    assert certificate_of(herald.tls_port) in (archive / "x1.pem").read_text()
    link.unlink()
    link.symlink_to("../archive/x2.pem")
    herald.ctl("reload_config")
    assert certificate_of(herald.tls_port) in (archive / "x2.pem").read_text()


def test_it_runs_as_a_user_without_rights(programs, tmp_path):
    if not is_root():
        pytest.skip("needs root: to become another user")
    nobody = pwd.getpwnam("nobody")
    server = Herald(programs, tmp_path)
    folder = pathlib.Path(server.run_dir.name)  # pytest's own folders are closed to others
    for program in ("herald", "heraldctl"):
        shutil.copy(programs / program, folder)
    server.programs = folder
    server.config = folder / "herald.yml"
    server.config.write_text((tmp_path / "herald.yml").read_text()
                             .replace(f"{tmp_path}/spool", f"{folder}/spool"))
    for path in (folder, *folder.iterdir()):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    with open(server.log, "ab") as log:
        server.process = subprocess.Popen([folder / "herald", "-c", server.config], stderr=log,
                                          user=nobody.pw_uid, group=nobody.pw_gid,
                                          extra_groups=[])
    deadline = time.monotonic() + 20
    while server.ctl("status", check=False).returncode != 0:
        assert server.process.poll() is None, server.log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    server.register("alice")
    assert "as_root" not in server.log.read_text()

    async def scenario():
        await (await Client(server, "alice@a.example").login()).leave()

    run(scenario())
    # Its user may use the socket, others may not.
    argv = [folder / "heraldctl", "-c", server.config, "status"]
    assert subprocess.run(argv, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[],
                          capture_output=True, timeout=20, check=False).returncode == 0
    os.chmod(folder, 0o755)
    os.chmod(folder / "herald.sock", 0o666)
    assert subprocess.run(argv, user=1, group=1, extra_groups=[], capture_output=True,
                          timeout=20, check=False).returncode != 0
    assert server.stop() == 0
    server.run_dir.cleanup()


# ---- stopping -------------------------------------------------------------------------------

def test_a_stop_tells_clients_and_takes_seconds(herald):
    herald.register("alice")

    async def scenario():
        alice = await (await Client(herald, "alice@a.example").login()).come()
        errors = []
        alice.add_event_handler("stream_error", errors.append)
        began = time.monotonic()
        herald.process.terminate()
        await alice.ended
        assert errors[0]["condition"] == "system-shutdown"
        assert herald.process.wait(timeout=5) == 0
        assert time.monotonic() - began < 3

    run(scenario())
