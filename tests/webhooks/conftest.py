"""Certificates, good ones and others, of an authority of the tests' own."""

import ssl
import subprocess
from pathlib import Path

import pytest

from tests.support.receivers import NAME
from tests.support.tools import needs

LEAVES = {  # subjectAltName, and until when
    "good": (f"DNS:{NAME},IP:93.184.216.34", "21000101000000Z"),
    "expired": (f"DNS:{NAME}", "20200102000000Z"),
    "other": ("DNS:shop.example.com", "21000101000000Z"),
}
CONFIG = """
[ca]
default_ca = own
[own]
database = index.txt
rand_serial = yes
new_certs_dir = .
certificate = authority.pem
private_key = authority.key
default_md = sha256
policy = any
copy_extensions = copy
x509_extensions = ids
unique_subject = no
[ids]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[any]
commonName = supplied
"""


class Certificates:
    """Of each kind in LEAVES one, made by an authority; and `selfmade`, of nobody's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "ca.cnf").write_text(CONFIG)
        (folder / "index.txt").touch()
        self._self_signed("authority", "/CN=authority", "-addext", "keyUsage=critical,keyCertSign")
        self._self_signed("selfmade", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}")
        for leaf, (names, until) in LEAVES.items():
            request = ["-key", "selfmade.key", "-subj", f"/CN={leaf}", "-addext", f"subjectAltName={names}"]
            self._openssl("req", "-new", *request, "-out", "leaf.csr")
            span = ["-startdate", "20200101000000Z", "-enddate", until]
            self._openssl(
                "ca", "-batch", "-config", "ca.cnf", "-in", "leaf.csr", "-out", f"{leaf}.pem", "-notext", *span
            )

    def server(self, leaf: str = "good") -> ssl.SSLContext:
        """Return what a receiver has that shows one of them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / f"{leaf}.pem", self._folder / "selfmade.key")
        return context

    def client(self) -> ssl.SSLContext:
        """Return what a sender has by default, but that it trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self._folder / "authority.pem"))

    def _self_signed(self, name: str, subject: str, *extensions: str) -> None:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]
        self._openssl("req", "-x509", *key, "-days", "9", "-subj", subject, *extensions, "-out", f"{name}.pem")

    def _openssl(self, *arguments: str) -> None:
        command = [needs("openssl", package="openssl"), *arguments]
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True, timeout=30)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))
