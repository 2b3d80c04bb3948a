# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Debian's package: built, and installed into a copy of this system (an overlay, with a network
of its own), where it gives a running server."""
import shutil
import subprocess

import pytest

from instance import is_root

pytestmark = pytest.mark.release_only

# The system's own files below, what the installation writes above, in memory.
ENTER = """\
set -e
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
mount -t proc none "$1/root/proc"
mount --bind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/run"
mount -t tmpfs none "$1/root/tmp"
cp "$2" "$1/root/tmp/herald.deb"
ip link set lo up
rm -f "$1/root/usr/sbin/policy-rc.d" "$1/root/sbin/runlevel"
printf '#!/bin/sh\\necho N 2\\n' >"$1/root/sbin/runlevel" # as if init had started it
chmod 755 "$1/root/sbin/runlevel"
cat >"$1/root/tmp/script"
exec chroot "$1/root" sh -e /tmp/script
"""

INSTALL = """\
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
dpkg -i /tmp/herald.deb >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
"""


@pytest.fixture(scope="module")
def package(programs, root, tmp_path_factory):
    if not shutil.which("dpkg-shlibdeps"):
        pytest.skip("needs dpkg-dev: no packages can be built here")
    done = subprocess.run([root / "packaging/build-deb", programs, tmp_path_factory.mktemp("deb")],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def inside(package, tmp_path):
    """A function that runs a shell script where the package is being installed."""
    if not is_root() or shutil.which("dpkg") is None:
        pytest.skip("needs root: to install a package into an overlay")

    def execute(script):
        folder = tmp_path / "overlay"
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["unshare", "-m", "-n", "-p", "-f", "--kill-child", "sh", "-c", ENTER,
                               "sh", folder, package], input=script, capture_output=True,
                              text=True, timeout=60, check=False)
        if "wrong fs type" in done.stderr or "permission denied" in done.stderr:
            pytest.skip("needs overlayfs: " + done.stderr.strip())
        return done

    return execute


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True,
                          check=True).stdout.strip()


def test_the_package_has_what_a_server_needs(package):
    listing = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True,
                             check=True).stdout
    for path in ("usr/sbin/herald", "usr/sbin/heraldctl", "lib/systemd/system/herald.service",
                 "etc/init.d/herald", "etc/herald/herald.yml", "etc/logrotate.d/herald",
                 "usr/share/man/man8/herald.8.gz", "usr/share/man/man8/heraldctl.8.gz",
                 "usr/share/man/man5/herald.yml.5.gz"):
        assert f" ./{path}\n" in listing
    assert "libsqlite3-0" in field(package, "Depends")
    assert field(package, "Package") == "herald"


def test_an_installation_gives_a_running_server(inside):
    done = inside(INSTALL + """
heraldctl status
heraldctl register alice localhost secret
heraldctl check_password alice localhost secret
heraldctl register alice localhost secret && exit 1
stat -c '%U %a %n' /var/lib/herald /var/log/herald /run/herald /etc/herald/herald.yml
ps -o user= -C herald
grep -c started: /var/log/herald/herald.log
echo | openssl s_client -connect 127.0.0.1:5223 -alpn xmpp-client 2>&1 | grep ALPN
/etc/init.d/herald reload >/dev/null
sleep 0.3
grep -c config.reloaded /var/log/herald/herald.log
mv /var/log/herald/herald.log /var/log/herald/herald.log.1
sed -n '/postrotate/,/endscript/p' /etc/logrotate.d/herald | sed '1d;$d' | sh
/etc/init.d/herald restart >/dev/null
heraldctl registered_users localhost
grep -c started: /var/log/herald/herald.log
/etc/init.d/herald stop >/dev/null
heraldctl status || echo "stopped: $?"
""")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[1:] == [
        "herald 0.1.0 is running in that node",
        "User alice@localhost successfully registered",
        "herald 700 /var/lib/herald", "herald 750 /var/log/herald", "herald 700 /run/herald",
        "root 640 /etc/herald/herald.yml",
        "herald", "1", "ALPN protocol: xmpp-client", "1", "alice", "1", "stopped: 3"]


def test_a_removed_package_leaves_its_data_and_a_purged_one_nothing(inside):
    done = inside(INSTALL + """
heraldctl register alice localhost secret
dpkg -r herald >/dev/null 2>&1
ps -C herald >/dev/null && exit 1
ls /var/lib/herald/herald.db /etc/herald/herald.yml
dpkg -i /tmp/herald.deb >/tmp/log 2>&1
heraldctl registered_users localhost
dpkg -P herald >/tmp/log 2>&1 || cat /tmp/log
ls -d /var/lib/herald /etc/herald /etc/init.d/herald 2>/dev/null || true
getent passwd herald || echo nobody
""")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [
        "User alice@localhost successfully registered", "/etc/herald/herald.yml",
        "/var/lib/herald/herald.db", "alice", "nobody"]
