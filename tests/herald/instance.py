# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A herald of the test's own."""
import os
import socket
import subprocess
import tempfile
import time


def free_ports(count):
    """So many ports of the loopback that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def is_root():
    """Root of the machine, who can become other users; that of a user namespace cannot."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        everybody = file.read().split()[2] == str((1 << 32) - 1)
    return os.geteuid() == 0 and everybody


class Herald:
    """A running herald with hosts a.example and b.example in a folder of its own. `extra` goes
    to the end of its configuration, `options` to its first listener."""

    def __init__(self, programs, folder, extra="", options=""):
        self.programs, self.folder = programs, folder
        self.port, self.tls_port = free_ports(2)
        # Paths of sockets are short (108 bytes), those of pytest's folders are not.
        self.run_dir = tempfile.TemporaryDirectory(prefix="herald-")
        self.config = folder / "herald.yml"
        self.config.write_text(f"""\
hosts: [a.example, b.example]
spool_dir: {folder}/spool
run_dir: {self.run_dir.name}
backup_dirs: [{folder.parent}]
loglevel: debug
listen:
  - {{port: {self.port}, ip: 127.0.0.1, module: ejabberd_c2s, {options}starttls_required: true}}
  - {{port: {self.tls_port}, ip: 127.0.0.1, module: ejabberd_c2s, tls: true}}
{extra}""")
        self.log = folder / "log"
        self.process = None
        self.prefix = []  # a command that becomes herald, such as nsenter
        self.environment = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.prefix, self.programs / "herald", "-c", self.config],
                                            stderr=log, env=self.environment)
        deadline = time.monotonic() + 20
        while self.ctl("status", check=False).returncode != 0:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "herald does not answer"
            time.sleep(0.02)

    def ctl(self, *words, check=True):
        """heraldctl with these words."""
        done = subprocess.run([self.programs / "heraldctl", "-c", self.config, *words],
                              capture_output=True, text=True, timeout=30, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done

    def register(self, *users, host="a.example", password="secret"):
        for user in users:
            self.ctl("register", user, host, password)

    def stop(self):
        """Asks it to end; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=20)
