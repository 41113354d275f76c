"""A local SMTP server (RFC 5321, a few commands): plain, STARTTLS or TLS from the start; ``mails`` is what it took."""

import base64
import ipaddress
import socketserver
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and the file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    cert, both = folder / "cert.pem", folder / "both.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(private + cert.read_bytes())
    return cert, both


class MailServer:
    """On loopback; ``security`` as the channel has it, ``answers`` are said instead of 250 to a command, by its name."""

    def __init__(  # noqa: C901 - one handler, command by command
        self, security: str = "none", both: Path | None = None, login: tuple[str, str] | None = None
    ):
        self.mails: list[str] = []
        self.secured: list[bool] = []
        self.answers: dict[str, str] = {}
        context = None
        if both is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(both)
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.sock, self.secure, self.signed_in = self.request, False, login is None
                try:
                    if security == "tls":
                        self.secured_now()
                    self.talk()
                except OSError:
                    return
                finally:
                    self.sock.close()

            def secured_now(self):
                assert context is not None
                self.sock, self.secure = context.wrap_socket(self.sock, server_side=True), True

            def say(self, text):
                self.sock.sendall(f"{text}\r\n".encode())

            def talk(self):
                self.say("220 here")
                file = self.sock.makefile("rb", buffering=0)
                while line := file.readline().decode().strip():
                    verb = line.split()[0].upper()
                    if verb in outer.answers:
                        self.say(outer.answers[verb])
                    elif verb == "EHLO":
                        self.say("250-here" + ("\r\n250-STARTTLS" if security == "starttls" else ""))
                        self.say("250 AUTH PLAIN")
                    elif verb == "STARTTLS":
                        self.say("220 go on")
                        file.close()
                        self.secured_now()
                        file = self.sock.makefile("rb", buffering=0)
                    elif verb == "AUTH":
                        said = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
                        self.signed_in = tuple(said) == login
                        self.say("235 ok" if self.signed_in else "535 no")
                    elif verb == "DATA":
                        self.take(file)
                    elif verb == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("250 ok" if self.signed_in or verb in {"NOOP", "RSET"} else "530 sign in")

            def take(self, file):
                self.say("354 go on")
                lines = []
                while (line := file.readline()) != b".\r\n":
                    lines.append(line)
                if "." in outer.answers:
                    self.say(outer.answers["."])
                    return
                outer.mails.append(b"".join(lines).decode())
                outer.secured.append(self.secure)
                self.say("250 taken")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close it."""
        self._server.shutdown()
        self._server.server_close()
