# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
"""A certificate authority for tests, with openssl's command line."""
import pathlib
import subprocess

# id-on-xmppAddr, RFC 6120 section 13.7.1.4.
XMPP_ADDR = "1.3.6.1.5.5.7.8.5"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, folder, name="test authority", above=None):
        """`above`: the authority that vouches for this one."""
        self.folder, self.name = folder, name
        self.cert, self.key = folder / "ca.pem", folder / "ca.key"
        if above:
            pem = above.sign("between", [f"DNS:{name}"], more="basicConstraints = critical,CA:TRUE\n")
            self.cert.write_text(pathlib.Path(f"{pem}.crt").read_text())
            self.key.write_text(pathlib.Path(f"{pem}.key").read_text())
            return
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.cert, "-subj", f"/CN={name}", "-days", "30")

    def sign(self, name, alternatives, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), days=30, more=""):
        """The path of a PEM file with a certificate for these alternative names and its key."""
        request, pem = self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        extension = self.folder / f"{name}.ext"
        extension.write_text(f"subjectAltName = {', '.join(alternatives)}\n{more}")
        openssl("req", "-new", "-newkey", *key, "-nodes", "-keyout", f"{pem}.key", "-out", request,
                "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key,
                "-CAcreateserial", "-days", days, "-extfile", extension, "-out", f"{pem}.crt")
        pem.write_text((self.folder / f"{pem.name}.crt").read_text() +
                       (self.folder / f"{pem.name}.key").read_text())
        return pem
