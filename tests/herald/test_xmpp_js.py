# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""npm's @xmpp/client, the one client at hand that speaks SASL2, Bind 2 and FAST of itself."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from authority import Authority
from raw import NS, Raw, name

PACKAGE = "@xmpp/client@0.14.0"


@pytest.fixture(scope="module")
def modules(root):
    """A folder with the package, fetched once for a build folder."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}: it is not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30, check=True)
    if int(version.stdout.strip("v").split(".")[0]) < 18:
        pytest.skip(f"needs node 18: this is {version.stdout.strip()}")
    folder = root / "build" / f"npm-{PACKAGE.replace('/', '-')}"
    if not folder.exists():
        fresh = pathlib.Path(f"{folder}.{os.getpid()}")
        fresh.mkdir(parents=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE],
                              cwd=fresh, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            shutil.rmtree(fresh)
            pytest.skip(f"needs npm's {PACKAGE}: it cannot be fetched here")
        try:
            fresh.rename(folder)
        except OSError:  # another test run was first
            shutil.rmtree(fresh)
    return folder


def test_xmpp_js_logs_in_by_password_and_token_and_resumes(make_herald, modules, root, tmp_path):
    authority = Authority(tmp_path)
    server = make_herald(f"certfiles: [{authority.sign('a.example', ['DNS:a.example'])}]\n")
    server.register("alice", "bob")
    bob = Raw(server.port, timeout=30).session("bob", "b")  # node takes its time
    script = tmp_path / "xmpp_client.mjs"
    script.write_text((root / "tests/herald/xmpp_client.mjs").read_text())
    (tmp_path / "node_modules").symlink_to(modules / "node_modules")
    with subprocess.Popen(["node", "--experimental-global-webcrypto", script, str(server.port)],
                          env={**os.environ, "NODE_EXTRA_CA_CERTS": str(authority.cert)},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as node:
        for body, answer in (("hello bob", "hello alice"), ("still here", "welcome back")):
            x = bob.until(lambda x: name(x) == "message")
            assert x.findtext("c:body", namespaces=NS) == body
            bob.send(f"<message to='{x.get('from')}' type='chat'><body>{answer}</body></message>")
        out, err = node.communicate(timeout=30)
    assert node.returncode == 0, err
    steps = {step.pop("step"): step for step in map(json.loads, out.splitlines())}
    first, second, third = steps["password"], steps["token"], steps["bad token"]
    assert first["jid"].startswith("alice@a.example/js.") and first["token"] and first["sm"]
    assert first["tried"] == ["SCRAM-SHA-1"]
    assert {"initial-response", "user-agent", "bind", "request-token"} <= set(first["inline"])
    assert second["tried"] == ["HT-SHA-256-NONE"] and "fast" in second["inline"]
    assert steps["talk"]["heard"] == "hello alice" and steps["talk again"]["heard"] == "welcome back"
    assert "resume" in steps["resumed"]["inline"]
    assert set(steps["resumed"]["tried"]) == {"HT-SHA-256-NONE"}
    assert third["tried"] == ["HT-SHA-256-NONE", "SCRAM-SHA-1"] and third["token"]
    assert "error" not in steps
    bob.close()
