"""The sandbox: a faithful Litmos on loopback, for demos, rehearsals and tests. Imports nothing else of syncd."""

from syncd.sandbox.server import Sandbox, SandboxOptions, run_forever

__all__ = ["Sandbox", "SandboxOptions", "run_forever"]
