"""A network of its own: a namespace that has nothing but a loopback device."""

import os
import shutil
import subprocess
import uuid

import pytest


class NetworkNamespace:
    """Skips the test where there can be none. `inside` is the command that runs another one there."""

    def __init__(self):
        if os.geteuid() != 0 or not shutil.which("ip"):
            pytest.skip("NOT TESTED: a network of its own needs root and ip")
        self.name = f"godwit-{uuid.uuid4().hex[:8]}"
        self.inside = ("ip", "netns", "exec", self.name)
        made = subprocess.run(["ip", "netns", "add", self.name], capture_output=True, text=True)
        if made.returncode != 0:
            pytest.skip(f"NOT TESTED: no network namespace: {made.stderr}")
        try:
            self.run("ip", "link", "set", "lo", "up")
        except subprocess.CalledProcessError:
            self.remove()
            raise

    def run(self, *command: str) -> str:
        return subprocess.run([*self.inside, *command], check=True, capture_output=True, text=True).stdout

    def remove(self) -> None:
        subprocess.run(["ip", "netns", "del", self.name], check=True, capture_output=True)
