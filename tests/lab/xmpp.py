# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The lab's chat server, and the shortest client there can be: it logs in and says so."""

import base64
import pathlib
import re
import ssl
import subprocess
import tempfile
import time

from topology import LabError

DOMAIN, USER, PASSWORD = "example.org", "alice", "lab"
PORT, TLS_PORT, CLOSED_PORT = 5222, 5223, 5269
START_S, ANSWER_S = 15, 10

HEADER = (f"<stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' "
          "xmlns:stream='http://etherx.jabber.org/streams'>")
STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
AUTH = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{PLAIN}</auth>"
BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"


class ChatServer:
    """herald on the lab's server. Its folder is in the lab's own /run and goes with it."""

    def __init__(self, host, programs):
        self.host = host
        self.folder = pathlib.Path(tempfile.mkdtemp(dir="/run", prefix="herald-"))
        self.config = self.folder / "herald.yml"
        self.config.write_text(f"hosts: [{DOMAIN}]\nspool_dir: {self.folder}/spool\n"
                               f"run_dir: {self.folder}\nlog_dir: {self.folder}\n")
        self.ctl = [programs / "heraldctl", "-c", self.config]
        if not (programs / "herald").exists():
            raise LabError(f"{programs / 'herald'} is not there: run ./dev build")
        with host.inside():
            self.process = subprocess.Popen([programs / "herald", "-c", self.config])
        self.wait()
        host.run(*map(str, self.ctl), "register", USER, DOMAIN, PASSWORD)

    def wait(self):
        deadline = time.monotonic() + START_S
        while subprocess.run([*self.ctl, "status"], capture_output=True, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise LabError("herald does not start")
            time.sleep(0.05)


class Stream:
    """A client's end of a connection."""

    def __init__(self, sock):
        self.sock, self.text = sock, ""
        self.sock.settimeout(ANSWER_S)

    def secure(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is self-signed
        self.sock = context.wrap_socket(self.sock, server_hostname=DOMAIN)

    def ask(self, text, answer):
        """Sends, and reads until the pattern is there; False when the server ends or waits."""
        self.text = ""
        self.sock.sendall(text.encode())
        while not re.search(answer, self.text):
            part = self.sock.recv(65536)
            if not part:
                return False
            self.text += part.decode()
        return True


def login(sock, direct):
    """Logs in over a connection; the word for what came of it."""
    stream = Stream(sock)
    try:
        if direct:
            stream.secure()
        elif not (stream.ask(HEADER, "</stream:features>") and stream.ask(STARTTLS, "<proceed")):
            return "no TLS"
        else:
            stream.secure()
        steps = ((HEADER, "</stream:features>"), (AUTH, "<success"),
                 (HEADER, "</stream:features>"), (BIND, f"<jid>{USER}@{DOMAIN}/"))
        if all(stream.ask(*step) for step in steps):
            return "logged in"
        return "refused by herald"
    except OSError as problem:
        return f"broken: {problem}"
    finally:
        stream.sock.close()
