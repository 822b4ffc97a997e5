"""A kernel NFS client against a real NFS server: nfs-ganesha on this machine, and a Debian kernel with godwit in a QEMU guest
without any acceleration, told what to do through its serial console.

The kernel here need have no NFS client. The guest has no disk: all of it is one initial RAM file system."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from godwit import find_binary

# As scripts/dev/tools.sh has put it there.
KERNELS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "godwit/tools"
MODULES = ["virtio_pci", "virtio_net", "nfsv4"]
PROGRAMS = ["qemu-system-x86_64", "ganesha.nfsd", "busybox", "cpio", "depmod"]
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
# What is left of a test run that was killed ends with it.
OWNED = ["setpriv", "--pdeathsig", "KILL"]
BOOT_SECONDS_MAX = 180
COMMAND_SECONDS_MAX = 180
SERVER_SECONDS_MAX = 30
# How the guest sees this machine, in QEMU's user network.
HOST = "10.0.2.2"

GANESHA = """
NFS_CORE_PARAM {{ Bind_addr = 127.0.0.1; NFS_Port = {port}; Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false;
    Enable_UDP = false; fsid_device = true; }}
NFS_KRB5 {{ Active_krb5 = false; }}
NFSV4 {{ Graceless = true; Lease_Lifetime = 10; RecoveryBackend = fs; RecoveryRoot = {folder}/recovery;
    Minor_Versions = 2; Only_Numeric_Owners = true; }}
EXPORT {{ Export_Id = 1; Path = {path}; Pseudo = /x; Access_Type = RW; Squash = No_Root_Squash; SecType = sys;
    Protocols = 4; Transports = TCP; FSAL {{ Name = VFS; }} }}
"""

# The console says nothing but what commands say.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /mnt
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
dmesg -n 1
for module in {modules}; do insmod /modules/$module; done
ip link set lo up
ip addr add 10.0.2.15/24 dev eth0; ip link set eth0 up
stty -echo -onlcr < /dev/ttyS0
export HOME=/tmp/home PATH=/bin:/sbin:/usr/bin TERM=dumb; mkdir -p $HOME
echo GUEST READY
while read -r line; do eval "$line"; done
poweroff -f
"""


def find_kernel() -> Path:
    """The unpacked package that `./dev setup --tests` has put into the cache of tools."""
    found = sorted(KERNELS.glob("linux-image-*/boot/vmlinuz-*"))
    missing = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
    if not found or missing:
        what = ", ".join(missing) or "the kernel package"
        pytest.skip(f"NOT TESTED: a real NFS mount, for want of {what} (./dev setup --tests)")
    return found[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class NfsServer:
    """Exports one directory of this machine."""

    def __init__(self, folder: Path, path: Path):
        if os.geteuid() != 0:
            pytest.skip("NOT TESTED: a real NFS mount, whose server needs root")
        self.folder, self.path, self.port = folder, path, free_port()
        (folder / "recovery").mkdir(parents=True)
        (folder / "ganesha.conf").write_text(GANESHA.format(port=self.port, folder=folder, path=path))
        self.start()

    def start(self) -> None:
        files = ["-f", self.folder / "ganesha.conf", "-L", self.folder / "log", "-p", self.folder / "pid"]
        self.process = subprocess.Popen([*OWNED, "ganesha.nfsd", "-F", *files], env=os.environ | {"PATH": PATH})
        deadline = time.monotonic() + SERVER_SECONDS_MAX
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def hold(self) -> None:
        """As one that is there no more: it answers nothing until it is let go."""
        self.process.send_signal(signal.SIGSTOP)

    def let_go(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.let_go()
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True)
class Said:
    command: str
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.command}\nexit code {self.code}\n{self.text}"


class Guest:
    """A booted guest whose shell does one thing at a time."""

    def __init__(self, folder: Path, kernel: Path):
        image = make_image(folder, kernel)
        command = [*OWNED, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "768", "-smp", "2", "-display", "none"]
        command += ["-no-reboot", "-serial", "stdio", "-monitor", "none", "-kernel", kernel, "-initrd", image]
        command += ["-append", "console=ttyS0 quiet panic=1", "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n"]
        self.log = open(folder / "console", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.heard = b""
        self.wait_for(rb"GUEST READY\r?\n", BOOT_SECONDS_MAX)

    def mount(self, server: NfsServer, path: str = "/mnt", options: str = "hard") -> None:
        said = self.run(
            f"mkdir -p {path} && mount -t nfs4 -o "
            f"addr={HOST},clientaddr=10.0.2.15,port={server.port},vers=4.2,proto=tcp,{options} {HOST}:/x {path}"
        )
        assert said.code == 0, str(said)

    def run(self, command: str, seconds_max: float = COMMAND_SECONDS_MAX) -> Said:
        mark = uuid.uuid4().hex
        self.process.stdin.write(f"{{ {command}; }} 2>&1; echo {mark} $?\n".encode())
        self.process.stdin.flush()
        found = self.wait_for(rb"(?s)(.*?)%s (\d+)\r?\n" % mark.encode(), seconds_max)
        return Said(command, int(found.group(2)), found.group(1).decode(errors="replace").replace("\r\n", "\n"))

    def wait_for(self, pattern: bytes, seconds_max: float) -> re.Match:
        deadline = time.monotonic() + seconds_max
        while not (found := re.search(pattern, self.heard)):
            assert self.process.poll() is None, f"the guest ended: {self.heard[-2000:]!r}"
            assert time.monotonic() < deadline, f"not within {seconds_max} s: {self.heard[-2000:]!r}"
            more = self.process.stdout.read()
            self.log.write(more or b"")
            self.heard += more or b""
            if not more:
                time.sleep(0.01)
        self.heard = self.heard[found.end() :]
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.log.close()


def make_image(folder: Path, kernel: Path) -> Path:
    """busybox, the modules in the order in which they need one another, godwit with its libraries."""
    root = folder / "root"
    for name in ("bin", "sbin", "modules", "usr/bin"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    modules = copy_modules(kernel, root / "modules")
    (root / "init").write_text(INIT.format(modules=" ".join(modules)))
    (root / "init").chmod(0o755)
    shutil.copy(find_binary(), root / "bin/godwit")
    for library in libraries_of(find_binary()):
        target = root / library.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, target)
    image = folder / "image"
    with open(image, "wb") as out:
        names = subprocess.run(["find", "."], cwd=root, check=True, capture_output=True).stdout
        subprocess.run(["cpio", "-oH", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)
    shutil.rmtree(root)
    return image


def libraries_of(program: Path) -> list[Path]:
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", listed)]


def copy_modules(kernel: Path, target: Path) -> list[str]:
    """The names of the files, in order of insmod."""
    unpacked, version = kernel.parent.parent, kernel.name.removeprefix("vmlinuz-")
    folder = unpacked / "lib/modules" / version
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        path, _, others = line.partition(":")
        needs[Path(path).name.removesuffix(".ko")] = [*reversed(others.split()), path]
    ordered = list(dict.fromkeys(path for name in MODULES for path in needs[name]))
    for path in ordered:
        shutil.copy(folder / path, target)
    return [Path(path).name for path in ordered]
