#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Runs our tests, or any command, on Debian 12's own kernel in a virtual machine.

    tests/vm/vm.py                              the kernel tests, with $GATE or build/bin/gate
    tests/vm/vm.py --junitxml FILE -k PATTERN   the same, those whose name has PATTERN, the
                                                results to FILE
    tests/vm/vm.py tests/e2e/test_x.py          the tests in these files
    tests/vm/vm.py --shell 'uname -r; nft -f x' any command, as root
    tests/vm/vm.py --reboot --shell CMD         CMD on each of two boots: $BOOT is 1, then 2;
                                                what it leaves in $STATE is there again

The guest is a processor emulated by QEMU with Debian's kernel (image.py). It sees the whole
file system of this machine at the same paths, read-only below a layer in memory: so it has our
repository, Python, pytest, nft, and nothing it does there is seen here. It has no network, but
`lo`; in it all modules of netfilter load by themselves.

The exit code is the command's; 1 when the guest died or took too long, with what its kernel said
last; 77 with a reason when there is no QEMU or no package of the kernel here. QEMU ends with this
program, however that ends."""
import argparse
import ctypes
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import image

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "build/vm"
# The rest takes minutes on an emulated processor.
TESTS = ("tests/vm", "tests/kernel/test_elements.py", "tests/kernel/test_foreign.py",
         "tests/kernel/test_partial_fields.py", "tests/kernel/test_transactions.py",
         "tests/e2e/test_readme.py", "tests/differential/test_files.py",
         "tests/agree/test_facts_bridge.py", "tests/agree/test_facts_bridge_ct.py",
         "tests/agree/test_facts_answers.py")
SHARE = "/run/vm/share"  # the guest's name of the shared folder (init.sh)
BOOT_TIMEOUT_S = 300
STUCK_S = 400  # a test that takes longer says where it is
CONSOLE_LINES = 60  # of a guest that died
SKIP = 77  # Automake's exit code for a skipped test
PR_SET_PDEATHSIG = 1
# panic=-1 with -no-reboot: a panic ends QEMU at once.
KERNEL_WORDS = ("console=ttyS0 loglevel=5 panic=-1 oops=panic random.trust_cpu=on mitigations=off "
                "nokaslr no_timer_check tsc=reliable cryptomgr.notests ipv6.disable_ipv6=0")


class Died(Exception):
    """The guest came to no end of its own; the text says how."""


def qemu_argv(qemu, folder, run, options):
    """QEMU's command line: console to a file, the command's output to our own."""
    return [qemu, "-machine", "pc,usb=off", "-nodefaults", "-no-user-config", "-nographic",
            "-accel", options.accel, "-cpu", "max", "-smp", "2", "-m", "1536",
            "-monitor", "none", "-no-reboot",
            "-kernel", folder / "vmlinux", "-initrd", run / "initramfs",
            "-append", KERNEL_WORDS,
            "-serial", f"file:{run / 'console'}", "-serial", "stdio",
            "-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,"
                       "multidevs=remap",
            "-virtfs", f"local,path={run},mount_tag=run,security_model=none"]


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def boot(argv, run, timeout):
    """One life of the guest: returns the command's exit code and the seconds until it started."""
    for name in ("booted", "code"):
        (run / name).unlink(missing_ok=True)
    start, booted = time.monotonic(), None
    qemu = subprocess.Popen(argv, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent)
    try:
        while qemu.poll() is None:
            now = time.monotonic() - start
            if booted is None and (run / "booted").exists():
                booted = now
            if booted is None and now > BOOT_TIMEOUT_S:
                raise Died(f"it did not start within {BOOT_TIMEOUT_S} seconds")
            if now > timeout:
                raise Died(f"it was not done after {timeout} seconds")
            time.sleep(0.05)
    finally:
        qemu.kill()
        qemu.wait()
    try:
        return int((run / "code").read_text()), booted
    except (OSError, ValueError):
        raise Died(f"QEMU ended with exit code {qemu.returncode} before the command did") from None


def remove_abandoned():
    """Removes the folders of runs whose vm.py was killed."""
    for path in CACHE.glob("run-*"):
        if not pathlib.Path("/proc", path.name.split("-")[1]).exists():
            shutil.rmtree(path)


def command_of(options):
    """The shell command to run."""
    if options.shell:
        return options.shell
    # Interrupted before the guest's own time is over, pytest still writes its results.
    words = ["timeout", "--signal=INT", "--kill-after=20", str(max(options.timeout - 60, 1)),
             "/usr/bin/python3", "-B", "-m", "pytest", "-q", f"--junitxml={SHARE}/junit.xml",
             "-o", "junit_logging=all", "-o", f"faulthandler_timeout={STUCK_S}",
             "--basetemp=/tmp/pytest"]
    return shlex.join([*words, "-k", options.k, *options.tests])


def write_run(run, folder, version, options):
    """The shared folder as the guest's first program wants it."""
    gate = pathlib.Path(os.environ.get("GATE", ROOT / "build/bin/gate")).absolute()
    (run / "state").mkdir()
    image.make_initramfs(folder, version, run / "initramfs")
    (run / "modules").write_text(f"{image.modules_of(folder, version)}\n")
    (run / "command").write_text(
        f"export GATE={shlex.quote(str(gate))} GATE_VM={shlex.quote(str(folder))} STATE={SHARE}/state\n"
        f"BOOT=$(($(cat {SHARE}/boots 2>/dev/null || echo 0) + 1)); export BOOT\n"
        f"echo $BOOT >{SHARE}/boots\n"
        f"cd {shlex.quote(str(ROOT))} && {command_of(options)}\n")


def work(options, run):
    """Boots the guest as often as wanted; returns the first exit code that is not 0."""
    qemu = image.need("qemu-system-x86_64", "qemu-system-x86")
    folder, version = image.make(CACHE)
    write_run(run, folder, version, options)
    for _ in range(2 if options.reboot else 1):
        try:
            code, booted = boot(qemu_argv(qemu, folder, run, options), run, options.timeout)
        finally:
            if options.junitxml and (run / "junit.xml").exists():
                shutil.copy(run / "junit.xml", options.junitxml)
        print(f"vm: Linux {version}, up in {booted:.1f} seconds, exit code {code}",
              file=sys.stderr)
        if code:
            return code
    return 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shell", metavar="CMD", help="run this instead of the tests")
    parser.add_argument("--reboot", action="store_true", help="boot twice")
    parser.add_argument("--junitxml", metavar="FILE", type=pathlib.Path)
    parser.add_argument("--timeout", metavar="SECONDS", type=int, default=1500, help="of a boot")
    parser.add_argument("--accel", default="tcg", help="QEMU's accelerator (tcg)")
    parser.add_argument("-k", metavar="PATTERN", default="", help="of the names of tests")
    parser.add_argument("tests", nargs="*", metavar="TESTS", default=TESTS,
                        help=f"files or folders ({' '.join(TESTS)})")
    return parser.parse_args()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    CACHE.mkdir(parents=True, exist_ok=True)
    remove_abandoned()
    with tempfile.TemporaryDirectory(prefix=f"run-{os.getpid()}-", dir=CACHE) as name:
        run = pathlib.Path(name)
        try:
            return work(options, run)
        except image.Unavailable as reason:
            print(f"vm: skipped: {reason}", file=sys.stderr)
            return SKIP
        except Died as reason:
            console = run / "console"
            said = console.read_text(errors="replace") if console.exists() else ""
            print("\n".join(said.splitlines()[-CONSOLE_LINES:]), file=sys.stderr)
            print(f"vm: the guest died: {reason}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
