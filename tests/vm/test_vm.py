# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""The virtual machine's own tool, on the host: what it hands back, keeps, and leaves behind."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

VM = pathlib.Path(__file__).with_name("vm.py")
pytestmark = pytest.mark.release_only


def argv(*words):
    return [sys.executable, "-B", VM, *words]


def run(*words, **options):
    """vm.py's result; skips where it says there can be no virtual machine."""
    result = subprocess.run(argv(*words), capture_output=True, text=True, timeout=600,
                            check=False, **options)
    if result.returncode == 77:
        pytest.skip(result.stderr.strip())
    return result


def qemus(parent):
    """QEMU processes that `parent` started."""
    path = pathlib.Path(f"/proc/{parent}/task/{parent}/children")
    return [int(pid) for pid in path.read_text().split()
            if "qemu" in pathlib.Path(f"/proc/{pid}/comm").read_text()]


def gone(pid):
    """Whether a process ends within ten seconds."""
    for _ in range(100):
        if not pathlib.Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


def test_state_lasts_over_a_reboot_and_nothing_else_does():
    result = run("--reboot", "--shell", "echo boot $BOOT; ls $STATE /etc/left; "
                 "touch $STATE/kept-$BOOT /etc/left; true")
    assert result.returncode == 0, result.stderr
    first, second = result.stdout.split("boot 2\n")
    assert "kept" not in first and "kept-1\n" in second
    assert "cannot access '/etc/left'" in second
    assert not pathlib.Path("/etc/left").exists()


def test_output_and_exit_code_are_the_commands():
    result = run("--shell", "printf 'a\\nb'; exit 7")
    assert (result.returncode, result.stdout) == (7, "a\nb")


def test_a_guest_that_dies_is_a_failure_with_the_kernels_words():
    result = run("--shell", "echo c >/proc/sysrq-trigger")
    assert result.returncode == 1
    assert "sysrq triggered crash" in result.stderr and "the guest died" in result.stderr


def test_a_guest_that_takes_too_long_is_ended():
    result = run("--timeout", "30", "--shell", "echo on; sleep 1000")
    assert result.returncode == 1
    assert result.stdout == "on\n" and "not done after 30 seconds" in result.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_qemu_ends_with_the_tool(how):
    run("--shell", "true")  # skips where it cannot run
    tool = subprocess.Popen(argv("--shell", "echo on; sleep 1000"), stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True)
    assert tool.stdout.readline() == "on\n"
    (qemu,) = qemus(tool.pid)
    tool.send_signal(how)
    assert gone(qemu)
    assert tool.wait(timeout=10) != 0
    tool.stdout.close()


def test_without_qemu_it_skips_with_a_reason(tmp_path):
    code = ("import sys, vm, image; real = image.need\n"
            "def need(program, package):\n"
            "    return real(program.replace('qemu', 'no-qemu'), package)\n"
            "image.need = need; sys.argv[1:] = ['--shell', 'true']; sys.exit(vm.main())")
    result = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True,
                            check=False, cwd=tmp_path,
                            env={**os.environ, "PYTHONPATH": str(VM.parent)})
    assert result.returncode == 77
    assert "needs no-qemu-system-x86_64 (package qemu-system-x86)" in result.stderr
