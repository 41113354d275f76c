"""Play the Dockerfile on this machine: see ``scripts/image-check``.

The build stage is executed line by line, its absolute paths moved below a temporary folder. Of the last stage the
environment, user, command, health check and stop signal are taken. What is not played: the base image itself, the
``RUN`` lines of the last stage (they make a user), the read-only root and the capabilities of the Compose file.
"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

CHECKOUT = Path(__file__).resolve().parents[1]
MOVED = re.compile(r"(?<![\w/.])/(?=(opt|src|dist|etc/syncd|var/lib/syncd)\b)")
UP_SECONDS = 60
DOWN_SECONDS = 40

Instruction = tuple[str, str]


class CheckFailedError(Exception):
    """What the image would do is not what it should; the message says at which step."""


def read_stages(dockerfile: Path) -> list[list[Instruction]]:
    """The stages of a Dockerfile, each a list of (instruction, arguments) with continuation lines joined."""
    lines = [line for line in dockerfile.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    stages: list[list[Instruction]] = []
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stages.append([])
        elif word and stages:
            stages[-1].append((word, rest.strip()))
    return stages


class Image:
    """The file system of the image below ``root``, and what its metadata say."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment: dict[str, str] = {}
        self.settings: dict[str, str] = {}

    def inside(self, text: str) -> str:
        """``text`` with the image's own absolute paths moved below the root."""
        return MOVED.sub(f"{self.root}/", text)

    def command(self, name: str) -> list[str]:
        """ENTRYPOINT, CMD or HEALTHCHECK in exec form, as a list of words."""
        words = json.loads(self.settings[name][self.settings[name].index("[") :])
        return [str(word) for word in words]

    def build(self, stage: Sequence[Instruction]) -> None:
        """Execute a stage's instructions."""
        workdir = self.root
        path = f"{self.root}/base/bin:{os.environ['PATH']}"
        for word, rest in stage:
            print(f"  {word} {rest[:90]}")
            if word == "WORKDIR":
                workdir = Path(self.inside(rest))
                workdir.mkdir(parents=True, exist_ok=True)
            elif word == "ENV":
                self.environment |= read_env(rest)
            elif word == "COPY":
                copy(rest, workdir)
            elif word == "RUN":
                environment = {**os.environ, **self.environment, "PATH": path}
                run(["sh", "-euc", self.inside(rest)], workdir, environment)

    def configure(self, stage: Sequence[Instruction]) -> None:
        """Take over the metadata of the last stage."""
        self.environment = {}
        for word, rest in stage:
            if word == "ENV":
                self.environment |= {name: self.inside(value) for name, value in read_env(rest).items()}
            else:
                self.settings[word] = rest
        self.environment["PATH"] = self.environment["PATH"].replace("$PATH", "/usr/local/bin:/usr/bin:/bin")


def read_env(text: str) -> dict[str, str]:
    """``A=1 B=2`` of an ENV instruction."""
    return dict(pair.split("=", 1) for pair in text.split())


def copy(arguments: str, workdir: Path) -> None:
    """``COPY a b ./`` from the checkout; folders without their compiled files."""
    *sources, target = arguments.split()
    for name in sources:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, workdir / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, workdir / target / source.name)


def run(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
    """Run to the end; its output is shown only if it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        message = f"exit code {done.returncode} of {' '.join(command)}\n{done.stdout}"
        raise CheckFailedError(message)


class Identity(NamedTuple):
    """Whom to run as, in the words of ``subprocess``; all None for: as we are."""

    user: int | None = None
    group: int | None = None
    extra_groups: list[int] | None = None


def identity(image: Image) -> Identity:
    """The image's own user, where this machine lets us."""
    uid, gid = (int(part) for part in image.settings["USER"].split(":"))
    python = f"{image.root}/opt/syncd/bin/python"
    try:
        subprocess.run(
            [python, "-c", "import ssl"], user=uid, group=gid, extra_groups=[], cwd="/", check=True
        )
    except (PermissionError, subprocess.CalledProcessError):
        print(f"  not checked: the user {uid}, which cannot be taken, or cannot run this Python, here")
        return Identity()
    print(f"  USER {uid}:{gid}")
    return Identity(uid, gid, [])


def find_base() -> str:
    """The interpreter that stands in for the base image: the system's if it can, as any user may run it."""
    wanted = os.environ.get("SYNCD_PYTHON")
    if wanted:
        return wanted
    test = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    system = "/usr/bin/python3"
    with suppress(OSError):
        if subprocess.run([system, "-c", test], capture_output=True, check=False).returncode == 0:
            return system
    return str(getattr(sys, "_base_executable", sys.executable))


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def is_healthy(url: str) -> bool:
    """Whether a GET of ``url`` (http, loopback) is answered with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http on loopback, made here
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_healthy(process: subprocess.Popen[bytes], url: str) -> None:
    """Return when ``url`` is healthy; fail when the process ends first, or the time is over."""
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = f"ended with {process.returncode} before {url} answered"
            raise CheckFailedError(message)
        if is_healthy(url):
            return
        time.sleep(0.2)
    message = f"{url} did not answer with 200 within {UP_SECONDS} s"
    raise CheckFailedError(message)


@contextmanager
def sandbox(image: Image, key: str) -> Iterator[str]:
    """A Litmos on loopback, run from the image's own files; yields its base URL."""
    port = free_port()
    command = [f"{image.root}/opt/syncd/bin/syncd", "sandbox", "--port", str(port), "--api-key", key]
    process = subprocess.Popen(command, env={**os.environ, **image.environment}, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/v1.svc"
    finally:
        process.terminate()
        process.wait(DOWN_SECONDS)


def prepare(image: Image, base_url: str, key: str) -> dict[str, str]:
    """Configuration, secret and state as an operator would mount them; returns the container's environment."""
    root = image.root
    state = root / "var/lib/syncd"
    state.mkdir(parents=True)
    secret = root / "run/litmos_api_key"
    secret.parent.mkdir()
    secret.write_text(key, encoding="utf-8")
    port = free_port()
    shutil.copytree(CHECKOUT / "config", root / "etc/syncd")
    configure(
        root / "etc/syncd/syncd.yaml",
        {
            "database": f"sqlite:///{state}/syncd.db",
            "litmos.base_url": base_url,
            "litmos.api_key": "${env:LITMOS_API_KEY}",
            "web.host": "127.0.0.1",
            "web.port": port,
        },
    )
    return {
        **image.environment,
        "HOME": str(state),
        "LITMOS_API_KEY_FILE": str(secret),
        "SYNCD_WEB_PORT": str(port),
    }


def configure(config: Path, settings: Mapping[str, object]) -> None:
    """Set dotted keys of a configuration, and leave all the rest, comments too, as it is."""
    yaml = YAML()
    document = yaml.load(config)
    for key, value in settings.items():
        *parts, last = key.split(".")
        place = document
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    yaml.dump(document, config)


def hand_over(root: Path, who: Identity) -> None:
    """Give state and secret to the user of the image, as the docs tell an operator to."""
    if who.user is not None and who.group is not None:
        for path in (root / "var/lib/syncd", root / "run", root / "run/litmos_api_key"):
            os.chown(path, who.user, who.group)
    (root / "run/litmos_api_key").chmod(0o400)
    (root / "var/lib/syncd").chmod(0o700)


def serve(image: Image, environment: Mapping[str, str], who: Identity) -> None:
    """Start the image's command, look at its health and its end; a failure carries the end of its log."""
    binary = f"{image.root}/opt/syncd/bin"
    entry = image.command("ENTRYPOINT")
    log = image.root / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [f"{binary}/{entry[0]}", *entry[1:], *image.command("CMD")],
            env=environment,
            cwd=image.root / "var/lib/syncd",
            stdout=output,
            stderr=subprocess.STDOUT,
            user=who.user,
            group=who.group,
            extra_groups=who.extra_groups,
        )
        try:
            watch(process, image, environment)
        except (CheckFailedError, subprocess.TimeoutExpired) as error:
            message = f"{error}\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}"
            raise CheckFailedError(message) from error
        finally:
            process.kill()
            process.wait()


def watch(process: subprocess.Popen[bytes], image: Image, environment: Mapping[str, str]) -> None:
    """Wait until it is up, ask for its health in both ways, stop it, and judge its exit code."""
    wait_healthy(process, f"http://127.0.0.1:{environment['SYNCD_WEB_PORT']}/healthz")
    print("  up: /healthz answers 200")
    health = image.command("HEALTHCHECK")
    run([f"{image.root}/opt/syncd/bin/{health[0]}", *health[1:]], image.root, environment)
    print(f"  up: {' '.join(health)} exits 0")
    process.send_signal(signal.Signals[image.settings["STOPSIGNAL"]])
    code = process.wait(DOWN_SECONDS)
    if code != 0:
        message = f"exit code {code} after {image.settings['STOPSIGNAL']}, not 0"
        raise CheckFailedError(message)
    print("  down: exit code 0")


def check(root: Path) -> None:
    """Build, configure, run."""
    image = Image(root)
    build, last = read_stages(CHECKOUT / "Dockerfile")
    print("build")
    base = find_base()
    print(f"  FROM {base}")
    run([base, "-m", "venv", str(root / "base")], root, os.environ)
    image.build(build)
    image.configure(last)
    print("run")
    key = secrets.token_hex(16)
    with sandbox(image, key) as base_url:
        environment = prepare(image, base_url, key)
        who = identity(image)
        hand_over(root, who)
        serve(image, environment, who)


def main() -> int:
    """Exit code 0 if the image would do its work; 1, with the reason, if not."""
    with tempfile.TemporaryDirectory(prefix="syncd-image-") as name:
        root = Path(name).resolve()
        root.chmod(0o755)  # the image's user has to get in
        try:
            check(root)
        except CheckFailedError as error:
            print(f"image-check: {error}", file=sys.stderr)
            return 1
    print("image-check: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
