"""Runs a program on a real terminal (a pty) and keeps every byte that it shows there."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class OnTerminal:
    """A running program. Its stderr is the terminal; its stdout too, unless `stdout` says otherwise."""

    def __init__(self, command: list, environment: dict, columns: int = 120, stdout=None, cwd=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

        def take_terminal():
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [os.fsdecode(part) for part in command],
            env={"TERM": "xterm"} | environment,
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            cwd=cwd,
            preexec_fn=take_terminal,
        )
        os.close(slave)
        self.shown = b""

    @property
    def text(self) -> str:
        """What was shown, without escape sequences."""
        return ESCAPES.sub("", self.shown.decode(errors="replace"))

    @property
    def frames(self) -> list[str]:
        """Every state of the progress line, in order."""
        return [frame for frame in re.split(r"[\r\n]+", self.text) if frame]

    def read(self, seconds: float) -> bool:
        """Takes what is shown within so many seconds. False when the program has let go of the terminal."""
        readable, _, _ = select.select([self.master], [], [], seconds)
        if not readable:
            return True
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # EIO: nobody holds the other side
            return False
        self.shown += piece
        return bool(piece)

    def wait_for(self, pattern: str, seconds_max: float = 60) -> re.Match:
        deadline = time.monotonic() + seconds_max
        while True:
            found = re.search(pattern, self.text)
            if found:
                return found
            assert time.monotonic() < deadline, f"`{pattern}` was never shown:\n{self.text}"
            if not self.read(0.1):
                found = re.search(pattern, self.text)
                assert found, f"`{pattern}` was never shown:\n{self.text}"
                return found

    def press_ctrl_c(self) -> None:
        os.write(self.master, b"\x03")

    def finish(self, seconds_max: float = 120) -> int:
        """Waits for the end; gives the exit code."""
        deadline = time.monotonic() + seconds_max
        while self.read(0.1):
            if self.process.poll() is not None and not select.select([self.master], [], [], 0)[0]:
                break
            if time.monotonic() > deadline:
                self.process.kill()
                raise TimeoutError(f"still running after {seconds_max} s:\n{self.text}")
        code = self.process.wait(timeout=30)
        os.close(self.master)
        return code
