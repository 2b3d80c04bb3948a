# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""Debian's kernel for the virtual machine, made once into a cache folder:

    kernel/version     as `uname -r` says it
    kernel/vmlinux     the kernel, unpacked (an emulated processor would unpack for seconds)
    kernel/config      the options it was built with
    kernel/modules/    what of lib/modules/VERSION a firewall's tests can ask for
    kernel/recipe      the digest of this file that made it: another one makes it anew

and its initramfs: busybox, init.sh and the modules that mount the real root. The package is
fetched and unpacked with apt's and dpkg's own tools; nothing is installed."""
import fcntl
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile

INIT = pathlib.Path(__file__).with_name("init.sh")
# Folders of lib/modules/VERSION/kernel, and single modules of the big folders.
MODULE_FOLDERS = ("arch/x86/crypto", "crypto", "drivers/char/hw_random", "drivers/net/wireguard",
                  "drivers/virtio", "fs/9p", "fs/fscache", "fs/netfs", "fs/overlayfs", "lib",
                  "net/802", "net/8021q", "net/9p", "net/bridge", "net/core", "net/dccp",
                  "net/ipv4", "net/ipv6", "net/key", "net/llc", "net/netfilter", "net/netlink",
                  "net/packet", "net/sched", "net/sctp", "net/unix", "net/xfrm")
MODULE_FILES = re.compile(r"drivers/net/(bonding/.*|dummy|ifb|macvlan|macvtap|nlmon|tap|tun|veth|"
                          r"virtio_net|vrf|vxlan/.*|geneve|net_failover|netdevsim/.*)(\.ko)?")
# What the initramfs loads by itself, before modprobe can see the others.
BOOT_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
XZ_MAGIC, ELF_MAGIC = b"\xfd7zXZ\0", b"\x7fELF"


class Unavailable(Exception):
    """This machine cannot have the virtual machine; the text says why."""


def need(program, package):
    """The path of a program of this machine."""
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        raise Unavailable(f"needs {program} (package {package})")
    return path


def _output(argv, **options):
    result = subprocess.run(argv, capture_output=True, text=True, check=False, **options)
    if result.returncode:
        lines = (result.stderr.strip() or "no word of it").splitlines()
        raise Unavailable(f"{' '.join(argv)}: {lines[-1]}")
    return result.stdout


def _package():
    """The package of the kernel that linux-image-amd64 stands for, and its version."""
    need("apt-cache", "apt")
    said = _output(["apt-cache", "show", "--no-all-versions", "linux-image-amd64"])
    match = re.search(r"^Depends: (linux-image-(\S+-amd64)) ", said, re.MULTILINE)
    if not match:
        raise Unavailable("apt knows no linux-image-amd64")
    return match[1], match[2]


def modules_of(folder, version):
    """What is to be /lib/modules/VERSION."""
    return folder / "modules/lib/modules" / version


def _unpack(deb, version, folder):
    """Takes vmlinuz and the wanted modules out of a package."""
    prefix = f"./lib/modules/{version}/"
    with subprocess.Popen([need("dpkg-deb", "dpkg"), "--fsys-tarfile", deb],
                          stdout=subprocess.PIPE) as dpkg:
        with tarfile.open(fileobj=dpkg.stdout, mode="r|") as tar:
            for member in tar:
                name = member.name.removeprefix(prefix)
                if member.name == f"./boot/vmlinuz-{version}":
                    (folder / "vmlinux").write_bytes(_elf_of(tar.extractfile(member).read()))
                elif member.name == f"./boot/config-{version}":
                    (folder / "config").write_bytes(tar.extractfile(member).read())
                elif member.isfile() and name != member.name and _wanted(name):
                    target = modules_of(folder, version) / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(tar.extractfile(member).read())
    if dpkg.returncode or not (folder / "vmlinux").exists():
        raise Unavailable(f"{deb.name} holds no kernel as we know it")


def _wanted(name):
    path = name.removeprefix("kernel/")
    return (name.startswith("modules.") or MODULE_FILES.fullmatch(path) is not None
            or path.startswith(tuple(folder + "/" for folder in MODULE_FOLDERS)))


def _elf_of(bzimage):
    """The ELF file inside a bzImage that was compressed with xz, as Debian's are."""
    start = bzimage.find(XZ_MAGIC)
    while start >= 0:
        try:
            elf = lzma.LZMADecompressor().decompress(bzimage[start:])
        except lzma.LZMAError:
            elf = b""
        if elf.startswith(ELF_MAGIC):
            return elf
        start = bzimage.find(XZ_MAGIC, start + 1)
    raise Unavailable("no kernel compressed with xz in vmlinuz")


def _load_order(tree):
    """The modules of BOOT_MODULES behind those they need, as files in `tree`."""
    needs = {}
    for line in (tree / "modules.dep").read_text().splitlines():
        path, behind = line.split(":")
        needs[path] = behind.split()
    by_name = {pathlib.Path(path).stem: path for path in needs}
    order = []

    def add(path):
        for other in needs[path]:
            add(other)
        if path not in order:
            order.append(path)
    for name in BOOT_MODULES:
        add(by_name[name])
    return [tree / path for path in order]


def make_initramfs(folder, version, path):
    """Writes the initramfs of the kernel in `folder` to `path`."""
    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        top = pathlib.Path(name)
        for empty in ("bin", "dev", "proc", "sys", "modules", "lower", "rw", "root"):
            (top / empty).mkdir()
        shutil.copy(need("busybox", "busybox-static"), top / "bin/busybox")
        shutil.copy(INIT, top / "init")
        (top / "init").chmod(0o755)
        for number, module in enumerate(_load_order(modules_of(folder, version))):
            shutil.copy(module, top / f"modules/{number:02}-{module.name}")
        names = "\n".join(str(entry.relative_to(top)) for entry in sorted(top.rglob("*")))
        with open(path, "wb") as out:
            subprocess.run([need("cpio", "cpio"), "-o", "-H", "newc", "-R", "0:0", "--quiet"],
                           input=names.encode(), stdout=out, cwd=top, check=True)


def _fetch(package, folder):
    """The package's file, from the archives apt knows; asked anew when their list is old."""
    sandbox = ["-q", "-o", "APT::Sandbox::User=root"]
    download = [need("apt-get", "apt"), *sandbox, "download", package]
    try:
        _output(download, cwd=folder)
    except Unavailable:
        if os.geteuid() != 0:
            raise
        _output(["apt-get", *sandbox, "update"])
        _output(download, cwd=folder)
    return next(folder.glob(f"{package}_*.deb"))


def _make(folder, scratch, recipe):
    """Makes the kernel's folder, whole or not at all."""
    package, version = _package()
    fresh = scratch / "kernel"
    fresh.mkdir()
    _unpack(_fetch(package, scratch), version, fresh)
    subprocess.run([need("busybox", "busybox-static"), "depmod", "-b", fresh / "modules", version],
                   check=True)
    (fresh / "version").write_text(version)
    (fresh / "recipe").write_text(recipe)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def make(cache):
    """The folder in `cache` with Debian's kernel, made when it is not there yet; and the
    kernel's version. Raises Unavailable."""
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    folder = cache / "kernel"
    with open(cache / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "recipe"
        if not made.exists() or made.read_text() != recipe:
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                _make(folder, pathlib.Path(scratch), recipe)
    return folder, (folder / "version").read_text()
