#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`./dev run`: gate's main job on real traffic, in a network of namespaces.

Raises a server, its neighbour, a router and a host on the internet, loads
examples/server.nft into the server with gate, sends real traffic through it, and prints
what was tried, expected, happened, and the rule that decided (from the kernel's trace).

The lab runs inside process, mount and network namespaces of its own, so the machine's
network is out of its reach, and when the outer process ends, however it ends, the kernel
ends every process of the lab and takes the namespaces down.
"""

import argparse
import contextlib
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from table import Row, Screen, counter_lines  # noqa: E402
from topology import LabError, build, run  # noqa: E402
from trace import LAB_RULES, LAB_TABLE, LAB_UNLOAD, Tracer  # noqa: E402

from listing import read_rules  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULESET = ROOT / "examples" / "server.nft"
PYTHON = "/usr/bin/python3"  # Debian's own, which python3-scapy belongs to
INSIDE = "--inside"  # given by the outer process to the inner one
PROGRAMS = {"ip": "iproute2", "ping": "iputils-ping", "unshare": "util-linux",
            "setpriv": "util-linux", "mount": "mount"}
EXIT_GOOD, EXIT_UNEXPECTED, EXIT_NO_LAB = 0, 1, 2
EXIT_SIGNAL = 128
TRACE_WAIT_S = 1.0
LISTEN_S = 2.0  # how long the lab may take to hear that it should end


def find_gate():
    """The gate to use: $GATE, or the one that ./dev build made."""
    gate = pathlib.Path(os.environ.get("GATE") or ROOT / "build" / "bin" / "gate")
    if not os.access(gate, os.X_OK) or gate.is_dir():
        raise LabError(f"{gate} is not there: run ./dev build, or set GATE")
    return str(gate.resolve())


def check_needs():
    """Say what is missing before anything is raised."""
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if subprocess.run([PYTHON, "-c", "import scapy"], check=False,
                      capture_output=True).returncode != 0:
        missing.add("python3-scapy")
    if missing:
        raise LabError(f"missing packages: apt-get install {' '.join(sorted(missing))}")


def namespace_command():
    """The command line that starts a program in namespaces of its own.

    Its processes die when ours does (--pdeathsig, --kill-child). Without root a user
    namespace gives what is needed, where the machine allows one.
    """
    command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid",
               "--fork", "--kill-child"]
    if os.geteuid() != 0:
        command.append("--map-root-user")
    probe = subprocess.run([*command, "true"], check=False, capture_output=True, text=True)
    if probe.returncode != 0:
        raise LabError("this machine lets you make no namespaces; run it as root "
                       f"(in a container: with CAP_SYS_ADMIN)\n{probe.stderr.strip()}")
    return command


def run_outside(arguments):
    """The outer process: starts the lab, waits, and is the leash that holds it."""
    check_needs()
    environment = os.environ | {"GATE": find_gate()}
    command = [*namespace_command(), PYTHON, __file__, INSIDE, *arguments]

    def end(number, _frame):
        raise SystemExit(EXIT_SIGNAL + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end)
    # A session of its own keeps Ctrl-C to us; on stdin nothing comes but our death.
    lab = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE,
                           start_new_session=True)
    try:
        return lab.wait()
    finally:
        end_lab(lab)


def end_lab(lab):
    """End the lab if it still runs, and return when its last process is gone.

    Its first process dies only after all others of the process namespace, and unshare
    returns only after that one: so it is that one, unshare's child, that is asked to end
    and, should it not listen, killed.
    """
    if lab.poll() is not None:
        return
    try:
        with open(f"/proc/{lab.pid}/task/{lab.pid}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:  # a kernel without CONFIG_PROC_CHILDREN
        children = []
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in children or [lab.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            lab.wait(LISTEN_S)
            return


class Lab:
    """The running lab: the hosts, the server's ruleset, its tracer, the traffic."""

    def __init__(self, gate, ruleset):
        from traffic import Traffic  # scapy takes a while to load: only where needed

        self.gate = gate
        self.hosts = build()
        self.server = self.hosts["server"]
        self.server.run(gate, "-f", str(ruleset))
        self.server.run(gate, "-f", "-", text=LAB_RULES)
        self.rules = self.read_rules()
        self.by_handle = {(r.family, r.table, r.handle): r for r in self.rules}
        self.tracer = Tracer(self.server)
        self.traffic = Traffic(self.hosts, pathlib.Path(gate).parent)

    def read_rules(self):
        """The server's rules as gate lists them now."""
        return read_rules(self.server.run(self.gate, "-a", "list", "ruleset"))

    def rule_text(self, event):
        """The text of the rule or policy that a trace event names."""
        if "handle" not in event:
            return f"policy {event['verdict']} of {event['family']} chain {event['chain']}"
        rule = self.by_handle.get((event["family"], event["table"], event["handle"]))
        return rule.text() if rule else f"rule with handle {event['handle']}, not listed"

    def state(self, packet):
        """The connection's state, by the rule of the lab's own that the packet matched."""
        event = packet.state_event()
        return self.rule_text(event).split()[2] if event else ""

    def attempt(self, attempt):
        """Do one row of the table."""
        self.tracer.forget()
        expected = in_words(attempt.answer, attempt.state, attempt.verdict)
        outcome = attempt.send(self.traffic)
        packet = self.find_packet(attempt.seen)
        if packet is None:
            lost = " (the kernel lost trace messages)" if self.tracer.lost else ""
            return Row(False, attempt.tried, expected, outcome.word, f"no trace of it{lost}")
        decision = packet.decision()
        happened = in_words(outcome.word, self.state(packet), decision["verdict"])
        detail = f" ({outcome.detail})" if outcome.detail else ""
        return Row(happened == expected, attempt.tried, expected, happened + detail,
                   self.rule_text(decision), attempt.note)

    def find_packet(self, wanted):
        """The last traced packet with these fields whose fate is known."""
        deadline = time.monotonic() + TRACE_WAIT_S
        while time.monotonic() < deadline:
            found = [p for p in self.tracer.collect() if p.matches(wanted) and p.decision()]
            if found:
                return found[-1]
        return None

    def watch(self, screen):
        """Show the counters, second by second, until killed."""
        self.server.run(self.gate, "-f", "-", text=LAB_UNLOAD)
        before = {}
        for second in range(1 << 62):
            started = time.monotonic()
            rules = self.read_rules()
            screen.redraw(counter_lines(rules, before))
            before = {(r.family, r.table, r.handle): r.counts() for r in rules if r.counts()}
            self.traffic.background(second)
            time.sleep(max(0, started + 1 - time.monotonic()))


def in_words(answer, state, verdict):
    """How a row puts it: what was seen, the state, the verdict."""
    return ", ".join(filter(None, (answer, state, verdict)))


def run_inside(options):
    """The inner process: the lab itself."""
    if select.select([sys.stdin], [], [], 0)[0]:  # the outer process died meanwhile
        return EXIT_NO_LAB
    signal.signal(signal.SIGTERM, lambda number, _frame: os._exit(EXIT_SIGNAL + number))
    screen = Screen()
    lab = Lab(os.environ["GATE"], options.ruleset)
    from traffic import ATTEMPTS

    screen.headings()
    rows = []
    for attempt in ATTEMPTS:
        rows.append(lab.attempt(attempt))
        screen.row(rows[-1])
    failed = sum(not row.good for row in rows)
    screen.line(f"{len(rows)} tried, {len(rows) - failed} as expected, {failed} not")
    if not options.once:
        pid = os.readlink("/proc/self")  # /proc is the machine's: our number out there
        user = "-U --preserve-credentials " if in_user_namespace() else ""
        screen.line("\nThe lab stays up until Ctrl-C. Try something from another terminal:")
        screen.line(f"  nsenter {user}-m -p -t {pid} ip netns exec internet ping 192.168.1.12")
        lab.watch(screen)
    return EXIT_UNEXPECTED if failed else EXIT_GOOD


def in_user_namespace():
    """Were we started without root, with a user namespace instead?"""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return file.read().split()[2] != str((1 << 32) - 1)


def main(arguments):
    """Run the lab; inside its namespaces when told so."""
    parser = argparse.ArgumentParser(
        prog="./dev run", description="Watch a server's ruleset work on real traffic.")
    parser.add_argument("--once", action="store_true",
                        help="print the table and leave: 0 all as expected, 1 not, 2 no lab")
    parser.add_argument("ruleset", nargs="?", type=pathlib.Path, default=RULESET,
                        help="another ruleset to put to the same test")
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    try:
        return run_inside(options) if options.inside else run_outside(arguments)
    except LabError as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return EXIT_NO_LAB
    except BrokenPipeError:  # nobody reads on: `./dev run | head`
        os._exit(EXIT_UNEXPECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
