# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""`heraldctl import-config`: ejabberd's configurations give files that start."""
import pathlib
import re
import subprocess

import pytest

from instance import Herald, free_ports

STOCK = pathlib.Path("/etc/ejabberd/ejabberd.yml")  # of Debian's package


@pytest.fixture
def stock(tmp_path):
    """Debian's ejabberd.yml: the one that is installed, else out of the package."""
    if STOCK.exists():
        return STOCK
    folder = tmp_path / "package"
    folder.mkdir()
    try:
        subprocess.run(["apt-get", "download", "ejabberd"], cwd=folder, capture_output=True,
                       timeout=60, check=True)
        subprocess.run(["dpkg-deb", "-x", *folder.glob("ejabberd_*.deb"), folder],
                       capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("needs Debian's ejabberd: it is not installed and cannot be fetched")
    source = tmp_path / "ejabberd.yml"
    source.write_text((folder / "usr/share/ejabberd/ejabberd.yml.example").read_text())
    return source


def translate(programs, path, folder):
    """The result, the new file, and what was said."""
    done = subprocess.run([programs / "heraldctl", "import-config", path], capture_output=True,
                          text=True, timeout=30, check=False)
    new = folder / "translated.yml"
    new.write_text(done.stdout)
    return done, new


def check(programs, path):
    done = subprocess.run([programs / "herald", "-c", path, "--check"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def start_and_stop(programs, folder, config):
    """Runs herald with the file, its folders and ports changed to the test's own."""
    server = Herald(programs, folder)
    text = config.read_text()
    for port in set(re.findall(r"(?m)^ +port: (\d+)$", text)):
        text = re.sub(rf"(?m)^( +port: ){port}$", rf"\g<1>{free_ports(1)[0]}", text)
    server.config.write_text(text + f"spool_dir: {folder}/spool\nrun_dir: {server.run_dir.name}\n")
    server.start()
    hosts = server.ctl("registered_vhosts").stdout.split()
    for host in hosts:
        server.ctl("register", "alice", host, "secret")
    assert server.stop() == 0
    server.run_dir.cleanup()
    return hosts


def prepare(root, name, folder, **words):
    text = (root / "tests/herald/data" / name).read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    path = folder / name
    path.write_text(text)
    return path


def test_a_yml_is_translated_and_starts(programs, root, tmp_path):
    source = prepare(root, "ejabberd.yml", tmp_path, PORT=str(free_ports(1)[0]))
    done, new = translate(programs, source, tmp_path)
    assert done.returncode == 0
    said, text = done.stderr.splitlines(), new.read_text()
    line = {word: number for number, text_of in enumerate(source.read_text().splitlines(), 1)
            for word in [text_of.strip()]}
    for word, key in [("log_rotate_count: 0", "log_rotate_count"),
                      ("c2s_ciphers: 'CIPHERS'", "c2s_ciphers"),
                      ("protocol_options: 'OPTIONS'", "protocol_options"),
                      ("api_permissions:", "api_permissions"), ("mod_muc:", "mod_muc")]:
        assert any(each.startswith(f"{source}:{line[word]}: `{key}`: ") for each in said), word
    assert any("ejabberd_http" in each for each in said)
    assert any("cannot be read here: No such file" in each for each in said)
    assert f"# {len(said)} of its entries" in text
    for part in ("  blocked:\n    -\n      server: spam.example\n    -\n      user: bad\n",
                 "registration_timeout: 1200\n", "  mod_adhoc: {}\n",
                 "  mod_announce:\n    access: announce\n",
                 "  mod_register:\n    access: announce\n", "#     captcha_protected: true",
                 '    welcome_message:\n      subject: Hello\n'):
        assert part in text, part
    assert "#     protocol_options:\n#       - no_sslv3\n" in text
    check(programs, new)
    assert start_and_stop(programs, tmp_path, new) == ["a.example"]


def test_debians_stock_file_is_translated_and_starts(programs, stock, tmp_path):
    done, new = translate(programs, stock, tmp_path)
    assert done.returncode == 0
    check(programs, new)
    assert start_and_stop(programs, tmp_path, new) == ["localhost"]
    # Every line that says something is there again, in use or as a comment.
    keys = {key for key in re.findall(r"(?m)^ *([a-z_0-9]+):", stock.read_text())}
    keys -= {"define_macro", "storage"}  # "storage:bookmarks" is one word
    assert keys <= set(re.findall(r"(?m)^[# ]*([a-z_0-9]+):", new.read_text()))


def test_the_tutorials_cfg_is_translated_and_starts(programs, root, tmp_path):
    pem = tmp_path / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", pem,
                    "-out", tmp_path / "cert", "-subj", "/CN=jabber.example.org", "-days", "2"],
                   capture_output=True, check=True)
    pem.write_text(pem.read_text() + (tmp_path / "cert").read_text())
    source = prepare(root, "ejabberd.cfg", tmp_path, CERTIFICATE=str(pem))
    done, new = translate(programs, source, tmp_path)
    assert done.returncode == 0, done.stderr
    check(programs, new)
    text, said = new.read_text(), done.stderr
    for part in ("hosts:\n  - jabber.example.org\n  - b.example\n",
                 f"certfiles:\n  - {pem}\n",
                 'acl:\n  admin:\n    user:\n      - "admin@jabber.example.org"\n',
                 '      - "second@jabber.example.org"\n',
                 "\nauth_method: internal\n", "shaper:\n  normal: 1000\n  fast: 50000\n",
                 "  c2s_shaper:\n    -\n      none: admin\n    -\n      normal: all\n",
                 "    port: 5222\n", "    ip: 127.0.0.1\n",
                 "host_config:\n  b.example:\n    access_rules:\n",
                 '    welcome_message:\n      subject: "Welcome!"\n'
                 '      body: "Hi.\\nThis is a server."\n',
                 "append_host_config:\n  b.example:\n    modules:\n      mod_stream_mgmt:\n"
                 "        resume_timeout: 60\n"):
        assert part in text
    for part in (":4: `override_acls`: herald always takes the whole file",
                 ":10: `include_config_file`: what is in this file is not read from here",
                 ":11: `include_config_file`: what is in this file is not read from here",
                 "`zlib`: herald has not built", "listener `ejabberd_s2s_in`",
                 "module `mod_irc`", "`s2s_use_starttls`"):
        assert part in said
    assert start_and_stop(programs, tmp_path, new) == ["jabber.example.org", "b.example"]


@pytest.mark.parametrize("name,text,says", [
    ("x.cfg", '{hosts, ["a"].', "x.cfg:1:14"),
    ("x.cfg", '{hosts, ["a"]}', "a term ends with `.`"),
    ("x.cfg", '{hosts, "a', "never closed"),
    ("x.cfg", "{hosts, [" * 100, "nested too deep"),
    ("x.cfg", '{hosts, ["a b"]}.', "`hosts` is missing"),
    ("x.yml", "hosts: [a", "this is not YAML"),
    ("x.yml", "", "says nothing"),
    ("x.yml", "hosts: ['a b']", "`hosts` is missing"),
])
def test_what_cannot_be_translated_is_said(programs, tmp_path, name, text, says):
    path = tmp_path / name
    path.write_text(text)
    done, _ = translate(programs, path, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert translate(programs, tmp_path / "none.yml", tmp_path)[0].returncode == 1
