# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Line 46 of the project's security checklist: no descriptors, no room, no memory, a database that
is locked or damaged, a clock that jumps. The server serves on as well as it can, says what is
wrong, and never loses a message that it has acknowledged."""
import mmap
import os
import pathlib
import resource
import signal
import sqlite3
import struct
import subprocess
import time

import pytest

from raw import NS, Raw, name
from stream import SM, Stream
from test_hostile import cpu_s


def wait_for(server, text, count=1):
    deadline = time.monotonic() + 15
    while server.log.read_text().count(text) < count:
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.02)


def waiting_messages(server, user, last):
    """What waits for the account as far as a message, in order: what stands before the `-`."""
    client = Raw(server.port).session(user)
    got = []
    while not got or got[-1] != last:
        x = client.until(lambda x: name(x) == "message")
        got.append(x.findtext("c:body", namespaces=NS).partition("-")[0])
    client.close()
    return got


def flood(client, to, size, most):
    """Messages to who is not there, each acknowledged before the next; as long as it goes well.
    Gives how many were sent."""
    try:
        for n in range(most):
            client.message(to, f"m{n}-" + "x" * size)
            client.sync()
        return most
    except (EOFError, OSError, AssertionError, AttributeError):  # whatever ends the stream
        return n + 1


def check_acknowledged(server, acked, sent):
    """All that was acknowledged is there, once and in order; then perhaps what was under way."""
    server.register("carol")
    carol = Raw(server.port).session("carol")
    carol.send("<message to='bob@a.example' type='chat'><body>end-</body></message>")
    got = waiting_messages(server, "bob", "end")
    carol.close()
    assert acked > 3 and got[:acked] == [f"m{i}" for i in range(acked)]
    assert len(got) - 1 in (acked, sent)


def test_without_descriptors_who_is_there_is_served(herald):
    herald.register("alice", "bob")
    alice, bob = Stream.begin(herald, "alice", "a"), Stream.begin(herald, "bob", "b")
    pid = herald.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 2, limits[1]))
    crowd = [Raw(herald.port, timeout=30) for _ in range(10)]
    wait_for(herald, "listen.trouble")
    start, cpu = time.monotonic(), cpu_s(herald)
    alice.message("bob@a.example/b", "hello")
    alice.sync()
    assert bob.take_message() == "hello"
    bob.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        bob.take()
    assert cpu_s(herald) - cpu < 0.5 * (time.monotonic() - start)  # it does not spin
    assert herald.log.read_text().count("listen.trouble") == 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    for client in crowd:
        assert name(client.open()) == "features"
        client.close()
    wait_for(herald, "listen.recovered")
    alice.close()
    bob.close()


@pytest.fixture
def small_disk(make_herald):
    """A server whose spool_dir is a file system of 2 MiB that outlives it; and a function that
    fills that or makes it larger."""
    server = make_herald()
    assert server.stop() == 0
    spool = server.folder / "spool"
    ready = server.folder / "ready"
    keeper = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c",
                               f"mount -t tmpfs -o size=2m tmpfs {spool} && touch {ready} && exec cat"],
                              stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while not ready.exists() and keeper.poll() is None:
        time.sleep(0.02)
    if keeper.poll() is not None:
        pytest.skip("needs to mount a file system: not allowed here")
    enter = ["nsenter", "-m", "-t", str(keeper.pid)]

    def resize(size):
        subprocess.run([*enter, "mount", "-o", f"remount,size={size}", spool], check=True, timeout=30)

    server.prefix = enter
    server.start()
    yield server, resize
    if server.process.poll() is None:
        server.stop()
    keeper.stdin.close()
    keeper.wait(timeout=10)


def test_a_full_disk_loses_nothing_that_was_acknowledged(small_disk):
    server, resize = small_disk
    server.register("alice", "bob")
    alice = Stream.begin(server, "alice", "a")
    sent = flood(alice, "bob@a.example", 40000, 90)
    assert sent < 90
    wait_for(server, "store.trouble")
    client = Raw(server.port)
    assert name(client.login("bob")) == "features"  # which needs no room
    client.close()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    resize("64m")
    server.start()
    check_acknowledged(server, alice.acked, sent)
    alice.close()


def test_the_server_goes_on_when_there_is_room_again(small_disk):
    """Without XEP-0198 who sent what cannot be stored is told."""
    server, resize = small_disk
    server.register("alice", "bob")
    alice = Raw(server.port).session("alice")
    for i in range(90):
        alice.send(f"<message to='bob@a.example' type='chat' id='{i}'><body>{'x' * 40000}</body></message>")
    x = alice.until(lambda x: name(x) == "message")
    assert x.get("type") == "error" and x.find("c:error/stanzas:resource-constraint", NS) is not None
    assert server.log.read_text().count("store.trouble") == 1
    resize("64m")
    alice.send("<message to='bob@a.example' type='chat'><body>again-</body></message>")
    wait_for(server, "store.recovered")
    alice.send("<message to='bob@a.example' type='chat'><body>and again-</body></message>")
    waiting_messages(server, "bob", "and again")
    alice.close()


def test_a_slow_database_delays_acks_and_nothing_else(herald):
    herald.register("alice", "bob")
    alice, bob = Stream.begin(herald, "alice", "a"), Stream.begin(herald, "bob", "b")
    other = sqlite3.connect(herald.folder / "spool/herald.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    alice.message("bob@a.example/b", "hello")
    alice.send(f"<r {SM}/>")
    alice.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        alice.next()
    alice.sock.settimeout(10)
    # What needs no write is answered all the while.
    carol = Raw(herald.port)
    assert name(carol.open()) == "features"
    carol.close()
    other.execute("ROLLBACK")
    other.close()
    alice.sync()
    assert bob.take_message() == "hello"
    alice.close()
    bob.close()


def test_a_damaged_database_is_refused_and_left_alone(herald):
    herald.register("alice")
    assert herald.stop() == 0
    path = herald.folder / "spool/herald.db"
    data = path.read_bytes()
    damaged = data[:100] + os.urandom(4000) + data[4100:]
    path.write_bytes(damaged)
    done = subprocess.run([herald.programs / "herald", "-c", herald.config], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 1 and str(path) in done.stderr
    assert "malformed" in done.stderr or "damaged" in done.stderr
    assert path.read_bytes() == damaged
    path.write_bytes(data)
    herald.start()
    assert herald.ctl("registered_users", "a.example").stdout == "alice\n"


@pytest.mark.release_only
def test_without_memory_nothing_acknowledged_is_lost(herald):
    """There is no way on without memory: the process ends, and comes back as after a kill."""
    herald.register("alice", "bob")
    alice, bob = Stream.begin(herald, "alice", "a"), Stream.begin(herald, "bob", "b")
    pid = herald.process.pid
    size = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]) * mmap.PAGESIZE
    resource.prlimit(pid, resource.RLIMIT_AS, (size + (8 << 20), resource.RLIM_INFINITY))
    sent = flood(alice, "bob@a.example/b", 100000, 1000)  # for one who acknowledges nothing
    assert herald.process.wait(timeout=20) != 0
    assert "memory" in herald.log.read_text()
    herald.start()
    assert alice.acked > 3 and bob.resume(herald, "bob")
    herald.register("carol")
    carol = Raw(herald.port).session("carol")
    carol.send("<message to='bob@a.example/b' type='chat'><body>end-</body></message>")
    got = []
    while not got or got[-1] != "end":
        got.append(bob.take_message().partition("-")[0])
    assert got[:alice.acked] == [f"m{i}" for i in range(alice.acked)]
    assert len(got) - 1 in (alice.acked, sent)
    for each in (alice, bob, carol):
        each.close()


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile int64_t *jump; /* seconds, shared with the test */
static int (*get)(clockid_t, struct timespec *);

__attribute__((constructor)) static void init(void)
{
	jump = mmap(NULL, 8, PROT_READ, MAP_SHARED, open(getenv("CLOCK_JUMP"), O_RDONLY), 0);
	get = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	int r = get(id, t);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		t->tv_sec += *jump;
	return r;
}

int gettimeofday(struct timeval *t, void *zone)
{
	struct timespec s;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &s);
	t->tv_sec = s.tv_sec;
	t->tv_usec = s.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec s;
	clock_gettime(CLOCK_REALTIME, &s);
	return out ? *out = s.tv_sec : s.tv_sec;
}
"""


@pytest.fixture
def jumping(make_herald, tmp_path):
    """A server, and a function that sets its wall clock so many seconds ahead."""
    (tmp_path / "clock.c").write_text(CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "clock.so", tmp_path / "clock.c"],
                   check=True, capture_output=True, timeout=60)
    (tmp_path / "jump").write_bytes(bytes(8))
    server = make_herald("sandbox: false\n")
    assert server.stop() == 0
    server.environment = {**os.environ, "LD_PRELOAD": str(tmp_path / "clock.so"),
                          "CLOCK_JUMP": str(tmp_path / "jump")}
    server.start()

    def jump(seconds):
        with open(tmp_path / "jump", "r+b") as file:
            file.write(struct.pack("=q", seconds))

    return server, jump


@pytest.mark.release_only
def test_a_clock_that_jumps_moves_no_deadline_and_no_message(jumping):
    server, jump = jumping
    server.register("alice", "bob")
    alice, bob = Stream.begin(server, "alice", "a"), Stream.begin(server, "bob", "b")
    between = Raw(server.port)
    between.starttls()
    for i, days in enumerate((1, -2, 40, 0)):
        jump(days * 86400)
        alice.message("bob@a.example/b", f"m{i}")
        alice.sync()
        assert bob.take_message() == f"m{i}"
        Raw(server.port).close()
        now = time.gmtime(time.time() + days * 86400)
        wait_for(server, time.strftime("%Y-%m-%d", now))  # in the log: it did jump
    bob.send(f"<a {SM} h='{bob.h}'/></stream:stream>")
    bob.rest()
    for i, days in enumerate((1, -2, 40, 0)):  # what waits, waits in the order it came
        jump(days * 86400)
        alice.message("bob@a.example", f"w{i}-")
        alice.sync()
    assert waiting_messages(server, "bob", "w3") == [f"w{i}" for i in range(4)]
    # A negotiation of before all that has its time still.
    assert name(between.plain("bob")) == "success"
    for each in (alice, between):
        each.close()
