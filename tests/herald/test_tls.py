# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""TLS as clients see it: hosts by SNI, ALPN, versions, renewal, and what must be refused."""
import base64
import hashlib
import hmac
import pathlib
import shutil
import socket
import ssl
import time

import pytest

from authority import XMPP_ADDR, Authority, openssl
from raw import NS, Raw, name


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def signed(make_herald, authority):
    """a.example and b.example with a certificate each."""
    pems = [authority.sign(host, [f"DNS:{host}"]) for host in ("a.example", "b.example")]
    server = make_herald(f"certfiles: [{', '.join(map(str, pems))}]\n")
    server.register("alice")
    return server


def trusting(authority):
    return ssl.create_default_context(cafile=str(authority.cert))


def direct(server, context, host="a.example"):
    raw = Raw(server.tls_port, host)
    raw.tls(context, server_name=host)
    return raw


@pytest.mark.parametrize("host", ["a.example", "b.example"])
def test_each_host_shows_its_certificate(signed, authority, host):
    for connect in ("starttls", "direct"):
        if connect == "direct":
            client = direct(signed, trusting(authority), host)
        else:
            client = Raw(signed.port, host)
            client.starttls(context=trusting(authority))
        assert ("DNS", host) in client.sock.getpeercert()["subjectAltName"]
        client.close()


def test_direct_tls_agrees_to_its_protocol_only(signed, authority):
    context = trusting(authority)
    context.set_alpn_protocols(["xmpp-client"])
    client = direct(signed, context)
    assert client.sock.selected_alpn_protocol() == "xmpp-client"
    client.close()
    context.set_alpn_protocols(["http/1.1"])
    with pytest.raises(ssl.SSLError):
        direct(signed, context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(signed, authority, version):
    context = trusting(authority)
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        direct(signed, context)


@pytest.mark.parametrize("key,digest", [(("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "sha256"),
                                        (("rsa:2048",), "sha256")])
def test_channel_bindings_that_are_offered_are_had(make_herald, authority, key, digest):
    pem = authority.sign("a.example", ["DNS:a.example"], key=key)
    server = make_herald(f"certfiles: [{pem}]\n")
    for version, types in [(ssl.TLSVersion.TLSv1_3, {"tls-exporter", "tls-server-end-point"}),
                           (ssl.TLSVersion.TLSv1_2, {"tls-exporter", "tls-server-end-point",
                                                     "tls-unique"})]:
        context = trusting(authority)
        context.minimum_version = context.maximum_version = version
        client = Raw(server.port)
        features = client.starttls(context=context)
        offered = features.find("{urn:xmpp:sasl-cb:0}sasl-channel-binding")
        assert {x.get("type") for x in offered} == types
        client.close()


def wait_for(server, text, timeout=15):
    deadline = time.monotonic() + timeout
    while text not in server.log.read_text():
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.1)


def test_a_renewed_certificate_is_taken_and_a_bad_one_is_not(make_herald, authority):
    pem = authority.sign("a.example", ["DNS:a.example"])
    server = make_herald(f"certfiles: [{pem}]\n")
    server.register("alice")

    def serial():
        client = direct(server, trusting(authority))
        number = client.sock.getpeercert()["serialNumber"]
        client.close()
        return number

    stays = Raw(server.port).session("alice", "stays")
    first = serial()
    good = pem.read_text()
    pem.write_text("nonsense\n")
    wait_for(server, "tls.refused")
    assert serial() == first
    pem.write_text(good)
    wait_for(server, "tls.reloaded")
    shutil.copy(pem, f"{pem}.old")
    authority.sign("a.example", ["DNS:a.example"])
    deadline = time.monotonic() + 15
    while serial() == first:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert stays.ask("<ping xmlns='urn:xmpp:ping'/>").get("type") == "result"
    stays.close()


def live(root, authority, host, number=1):
    """A host's files as certbot lays them out: links that it turns to new ones."""
    archive, links = root / "archive" / host, root / "live" / host
    for folder in (archive, links):
        folder.mkdir(parents=True, exist_ok=True)
    pem = authority.sign(host, [f"DNS:{host}"])
    cert, key = (pathlib.Path(f"{pem}.{end}").read_text() for end in ("crt", "key"))
    chain = authority.cert.read_text()
    for name_of, text in [("privkey", key), ("cert", cert), ("chain", chain), ("fullchain", cert + chain)]:
        target = archive / f"{name_of}{number}.pem"
        target.write_text(text)
        (links / "new").symlink_to(target)
        (links / "new").rename(links / f"{name_of}.pem")
    (links / "README").write_text("not a certificate\n")


def test_certificates_and_keys_in_files_of_their_own(make_herald, authority, tmp_path):
    """All that a pattern fits, chains put together, new hosts and renewals followed."""
    (tmp_path / "between").mkdir()
    between = Authority(tmp_path / "between", "between", above=authority)
    root = tmp_path / "letsencrypt"
    live(root, between, "a.example")
    server = make_herald(f"certfiles: ['{root}/live/*/*.pem']\n")

    def names(host):
        client = direct(server, trusting(authority), host)  # which knows the top alone
        cert = client.sock.getpeercert()
        client.close()
        return cert["subjectAltName"], cert["serialNumber"]

    first = names("a.example")
    assert first[0] == (("DNS", "a.example"),)
    live(root, between, "b.example")
    wait_for(server, "tls.reloaded")
    assert names("b.example")[0] == (("DNS", "b.example"),)
    assert names("a.example") == first
    live(root, between, "a.example", 2)
    deadline = time.monotonic() + 15
    while names("a.example") == first:
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.2)


@pytest.mark.parametrize("case,says", [
    ("no file", "none-*.pem: no file fits this pattern"),
    ("no key", "a.example.pem.crt: no private key of the certfiles goes with the certificate of /CN=a.example"),
    ("other key", "b.example.pem.key: no certificate of the certfiles goes with its private key"),
    ("nothing", "nothing.pem: neither a certificate nor a key in PEM form is in it"),
    ("damaged", "damaged.pem: a certificate in it cannot be read"),
    ("password", "locked.pem: the private key in it needs a password"),
    ("authority", "no certificate with its key is in the certfiles"),
])
def test_certfiles_that_are_of_no_use_are_said(make_herald, authority, tmp_path, case, says):
    server = make_herald()
    pem, other = (authority.sign(host, [f"DNS:{host}"]) for host in ("a.example", "b.example"))
    files = {"no file": [tmp_path / "none-*.pem"], "no key": [f"{pem}.crt"],
             "other key": [pem, f"{other}.key"], "nothing": [pem, tmp_path / "nothing.pem"],
             "damaged": [tmp_path / "damaged.pem"], "password": [pem, tmp_path / "locked.pem"],
             "authority": [authority.cert]}[case]
    (tmp_path / "nothing.pem").write_text("# soon\n")
    (tmp_path / "damaged.pem").write_text(pem.read_text().replace("\nMII", "\nMIJ", 1))
    openssl("ec", "-in", f"{other}.key", "-aes128", "-passout", "pass:x", "-out", tmp_path / "locked.pem")
    server.config.write_text(server.config.read_text() + f"certfiles: {[str(f) for f in files]}\n")
    done = server.ctl("reload_config", check=False)
    assert done.returncode == 1 and says in done.stderr


def test_the_certificate_of_our_own_is_made_again_for_new_hosts(make_herald):
    server = make_herald()

    def cert(host):
        client = Raw(server.tls_port, host)
        client.tls(server_name=host)
        found = client.sock.getpeercert(True)
        client.close()
        return found

    first = cert("a.example")
    server.ctl("reload_config")
    assert cert("a.example") == first
    text = server.config.read_text()
    server.config.write_text(text.replace("b.example]", "c.example]") + "loglvel: x\n")
    assert server.ctl("reload_config", check=False).returncode == 1 and cert("a.example") == first
    server.config.write_text(text.replace("b.example]", "c.example]"))
    server.ctl("reload_config")
    second = cert("c.example")
    assert second != first and cert("a.example") == second and b"c.example" in second
    assert (server.folder / "spool/self-signed.pem").stat().st_mode & 0o777 == 0o600


def test_plain_text_behind_starttls_is_dropped(signed):
    """STARTTLS injection: what a stranger put behind it must not be the client's."""
    client = Raw(signed.port)
    client.open()
    client.send(f"<starttls xmlns='{NS['tls']}'/><auth xmlns='{NS['sasl']}' mechanism='PLAIN'>"
                "AGFsaWNlAHNlY3JldA==</auth>")
    assert name(client.next()) == "proceed"
    client.tls()
    assert name(client.open()) == "features"
    client.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        client.next()
    client.close()


@pytest.mark.parametrize("case", ["twice", "auth before", "sasl2 before"])
def test_starttls_is_required_and_once(signed, case):
    client = Raw(signed.port)
    if case == "twice":
        client.starttls()
        client.send(f"<starttls xmlns='{NS['tls']}'/>")
        assert name(client.next()) == "failure" and client.rest() == ["/"]
        return
    features = client.open()
    assert features.find("tls:starttls/tls:required", NS) is not None
    assert features.find("sasl:mechanisms", NS) is None
    ns = "urn:xmpp:sasl:2" if case == "sasl2 before" else NS["sasl"]
    verb = "authenticate" if case == "sasl2 before" else "auth"
    client.send(f"<{verb} xmlns='{ns}' mechanism='PLAIN'/>")
    failure = client.next()
    assert failure.tag == f"{{{ns}}}failure"
    assert failure.find("sasl:encryption-required", NS) is not None
    client.close()


# ---- SASL EXTERNAL ---------------------------------------------------------------------------

@pytest.fixture
def verifying(make_herald, authority):
    server = make_herald(f"ca_file: {authority.cert}\n", options="tls_verify: true, ")
    server.register("alice", "bob")
    server.register("alice", host="b.example")
    return server


def with_certificate(server, pem, host="a.example"):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if pem:
        context.load_cert_chain(pem)
    client = Raw(server.port, host)
    client.starttls(context=context)
    return client


def external(client, authzid=""):
    data = base64.b64encode(authzid.encode()).decode() or "="
    client.send(f"<auth xmlns='{NS['sasl']}' mechanism='EXTERNAL'>{data}</auth>")
    return name(client.next())


def offers_external(client):
    return "EXTERNAL" in [m.text for m in client.features.find("sasl:mechanisms", NS)]


def test_a_certificate_logs_its_account_in(verifying, authority):
    address = f"otherName:{XMPP_ADDR};UTF8:alice@a.example"
    pem = authority.sign("alice", [address])
    client = with_certificate(verifying, pem)
    assert offers_external(client)
    assert external(client, "bob@a.example") == "failure"
    assert external(client) == "success"
    client.open()
    assert client.bind("x").jid == "alice@a.example/x"
    client.close()
    # Of another host it is not.
    other = with_certificate(verifying, pem, "b.example")
    assert not offers_external(other) and external(other) == "failure"
    other.close()


@pytest.mark.parametrize("case", ["none", "stranger", "expired", "no address", "common name"])
def test_a_certificate_that_proves_nothing_is_as_none(verifying, authority, tmp_path, case):
    alternatives = [f"otherName:{XMPP_ADDR};UTF8:alice@a.example"]
    signer, label, days = authority, "client", 30
    if case == "stranger":
        (tmp_path / "stranger").mkdir()
        signer = Authority(tmp_path / "stranger")
    elif case == "expired":
        days = -1
    elif case == "no address":
        alternatives = ["DNS:a.example"]
    elif case == "common name":
        label, alternatives = "alice@a.example", ["email:alice@a.example"]
    pem = None if case == "none" else signer.sign(label, alternatives, days=days)
    client = with_certificate(verifying, pem)
    assert not offers_external(client)
    assert external(client) == "failure"
    assert name(client.plain("alice")) == "success"  # passwords go as before
    client.close()


def test_rubbish_instead_of_a_handshake_ends_it(signed):
    with socket.create_connection(("127.0.0.1", signed.tls_port), timeout=10) as sock:
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        try:
            while sock.recv(1000):
                pass
        except ConnectionError:
            pass


# ---- channel binding ------------------------------------------------------------------------

def scram_plus(client, kind, binding, flag=None):
    """SCRAM-SHA-256-PLUS by hand; gives the last element."""
    gs2 = flag or f"p={kind},,"
    bare = "n=alice,r=fyko+d2lbbFgONRv9qkxdawL"
    data = base64.b64encode((gs2 + bare).encode()).decode()
    client.send(f"<auth xmlns='{NS['sasl']}' mechanism='SCRAM-SHA-256-PLUS'>{data}</auth>")
    challenge = client.next()
    if name(challenge) != "challenge":
        return challenge, None
    first = base64.b64decode(challenge.text).decode()
    parts = dict(p.split("=", 1) for p in first.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", base64.b64decode(parts["s"]), int(parts["i"]))
    final = f"c={base64.b64encode(gs2.encode() + binding).decode()},r={parts['r']}"
    key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(key).digest(), f"{bare},{first},{final}".encode(), "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
    answer = base64.b64encode(f"{final},p={proof}".encode()).decode()
    client.send(f"<response xmlns='{NS['sasl']}'>{answer}</response>")
    return client.next(), parts


@pytest.mark.parametrize("key", [("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), ("rsa:2048",)])
def test_the_server_s_certificate_binds_the_channel(make_herald, authority, key):
    """tls-server-end-point of ECDSA and RSA certificates, on TLS 1.3, by a second hand."""
    pem = authority.sign("a.example", ["DNS:a.example"], key=key)
    server = make_herald(f"certfiles: [{pem}]\n")
    server.register("alice")
    for wrong in (b"", b"x"):
        client = Raw(server.port)
        client.starttls(context=trusting(authority))
        binding = hashlib.sha256(client.sock.getpeercert(True)).digest() + wrong
        last, parts = scram_plus(client, "tls-server-end-point", binding)
        assert name(last) == ("failure" if wrong else "success")
        client.close()
    # XEP-0474: the client can check what was offered.
    mechanisms = sorted(m.text for m in client.features.find("sasl:mechanisms", NS))
    types = sorted(x.get("type") for x in client.features.find("{urn:xmpp:sasl-cb:0}sasl-channel-binding"))
    text = "\x1e".join(mechanisms) + "\x1f" + "\x1e".join(types)
    assert parts["h"] == base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert parts["t"] == "0304"  # XEP-0515


def test_a_binding_that_is_not_had_is_refused(signed, authority):
    client = Raw(signed.port)
    client.starttls(context=trusting(authority))  # TLS 1.3
    last, _ = scram_plus(client, "tls-unique", b"x" * 12)
    assert name(last) == "failure"
    last, _ = scram_plus(client, "", b"", flag="y,,")
    assert name(last) == "failure"
    client.close()
