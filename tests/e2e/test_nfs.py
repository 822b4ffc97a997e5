"""A real NFS mount: the kernel's client in a guest, a real server here (rows C24, C29, C33 and H75 of
docs/fault-catalogue.md). One guest for all tests; each has a server, an export and a mount of its own."""

import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from cut_disk import CutDisk
from nfs_guest import Guest, NfsServer, Said, find_kernel
from test_bad_input import CLEAN, NOT_CLEAN

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    kernel = find_kernel()
    running = Guest(tmp_path_factory.mktemp("guest"), kernel)
    yield running
    running.stop()


class Export:
    """What the server has at `path` is at /mnt in the guest. /tmp/work is the guest's own, and empty at first."""

    def __init__(self, guest: Guest, folder: Path, path: Path):
        self.guest, self.path = guest, path
        self.server = NfsServer(folder, path)
        guest.mount(self.server)
        guest.run("rm -rf /tmp/work /tmp/home/.local; mkdir -p /tmp/work; cd /tmp/work")

    def copy(self, source: str, destination: str, *options: str) -> Said:
        return self.guest.run(f"godwit copy {source} {destination} -o jsonl {' '.join(options)}")

    def has(self, name: str, bytes_hash: str) -> bool:
        return hashlib.sha256((self.path / name).read_bytes()).hexdigest() == bytes_hash

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file())

    def leave(self) -> None:
        """The client lets nothing go of which no server answers."""
        self.server.let_go()
        if self.server.process.poll() is not None:
            self.server.start()
        self.guest.run("cd /; umount -l /mnt")
        self.server.stop()


@pytest.fixture
def export_of(guest, tmp_path):
    made = []

    def make(path: Path) -> Export:
        made.append(Export(guest, tmp_path / "server", path))
        return made[-1]

    yield make
    for export in made:
        export.leave()


@pytest.fixture
def export(export_of, tmp_path) -> Export:
    (tmp_path / "export").mkdir()
    return export_of(tmp_path / "export")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 24 MiB for the server."""
    disk = CutDisk(tmp_path, "ext4", 24 * MEBIBYTE)
    yield disk
    disk.remove()


def lines_of(said: Said) -> list[dict]:
    return [json.loads(line) for line in said.text.splitlines() if line.startswith("{")]


def summary_of(said: Said) -> dict:
    return lines_of(said)[-1]


def make_file(guest: Guest, name: str, kibibytes: int) -> str:
    """Random bytes in the guest; their SHA-256."""
    said = guest.run(f"dd if=/dev/urandom of={name} bs=1024 count={kibibytes} status=none && sha256sum {name}")
    assert said.code == 0, str(said)
    return said.text.split()[0]


def wait_until(holds, seconds_max: float = 60) -> None:
    deadline = time.monotonic() + seconds_max
    while not holds():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.01)


# Without the times of links: nfs-ganesha says that it has set them, and has not.
LIST_ALL = """find . ! -name . | sort | while read f; do
    if [ -L "$f" ]; then stat -c '%n %F %u:%g' "$f"; readlink "$f"; else stat -c '%n %F %a %u:%g %s %Y' "$f"; fi; done"""


def test_c33_a_tree_goes_to_nfs_and_back_and_its_directories_are_synced_without_a_word(guest, export):
    guest.run("mkdir -p tree/a/b 'tree/with space'; echo x > tree/a/b/x; echo y > 'tree/with space/y'; ln -s a/b/x tree/link")
    make_file(guest, "tree/a/large", 2 * 1024)
    guest.run("chmod 750 tree/a; chmod 4711 tree/a/b/x; chown -h 1000:1000 tree/a/b/x tree/link; chmod 4711 tree/a/b/x")
    guest.run("touch -h -d '2001-02-03 04:05:06' tree/a/b/x tree/a; touch -d '1999-01-01 00:00:00' tree")
    up = export.copy("tree", "/mnt/new/copy", "--preserve-set-id")
    assert up.code == CLEAN and summary_of(up)["verified"] == 7, str(up)
    assert summary_of(up)["evidence"]["read_back"] >= 3, str(up)
    assert "cannot sync" not in up.text, str(up)
    down = export.copy("/mnt/new/copy", "back", "--preserve-set-id")
    assert down.code == CLEAN, str(down)
    original, back = (guest.run(f"cd {name} && {LIST_ALL}; cd /tmp/work".replace("\n", " ")) for name in ("tree", "back"))
    assert len(original.text.splitlines()) == 8 and back.text == original.text, f"{original}\n{back}"
    assert guest.run("diff -r tree back").text == ""
    verified = guest.run("rm tree/link /mnt/new/copy/link; godwit verify tree /mnt/new/copy")
    assert verified.code == CLEAN, str(verified)
    assert [name for name in export.names() if ".godwit-" in name or ".nfs" in name] == []
    again = export.copy("tree", "/mnt/new/copy", "--preserve-set-id")
    assert again.code == CLEAN and summary_of(again)["copied"] == 0, str(again)


def test_state_on_nfs_is_refused_with_the_cure(guest, export):
    guest.run("mkdir tree; echo x > tree/x")
    said = export.copy("tree", "copy", "--data-dir /mnt/state")
    assert said.code not in (CLEAN, NOT_CLEAN), str(said)
    assert "network file system (nfs)" in said.text and "put it on a local disk with --data-dir" in said.text, str(said)
    assert export.names() == []


def test_c24_a_full_disk_that_the_nfs_server_tells_of_late_fails_the_object(guest, small_disk, export_of):
    """The client takes more bytes than the server has room for; only writing them back shows it."""
    filler = small_disk.path / "filler"
    filler.write_bytes(os.urandom(14 * MEBIBYTE))
    os.sync()
    export = export_of(small_disk.path)
    guest.run("mkdir tree")
    small, large = make_file(guest, "tree/small", 4), make_file(guest, "tree/zlarge", 10 * 1024)
    run = export.copy("tree", "/mnt/copy")
    assert run.code == NOT_CLEAN, str(run)
    (error,) = [line for line in lines_of(run) if line["type"] == "error"]
    assert (error["code"], error["scope"]) == ("ENOSPC", "DESTINATION"), str(run)
    assert "copy/zlarge" not in export.names()
    assert [name for name in export.names() if ".godwit-" in name or ".nfs" in name] == []
    filler.unlink()
    run = export.copy("tree", "/mnt/copy")
    assert run.code == CLEAN, str(run)
    assert export.has("copy/small", small) and export.has("copy/zlarge", large)


@pytest.mark.slow
def test_h75_bytes_that_were_verified_over_nfs_are_there_after_a_power_cut_of_the_server(guest, small_disk, export_of):
    """The bytes, because the client asked for it. Their names the server makes durable before it answers, as its protocol has
    it; nfs-ganesha does not, so they may be those of staged files again, and the next run names them anew."""
    export = export_of(small_disk.path)
    guest.run("mkdir -p tree/folder")
    hashes = {name: make_file(guest, f"tree/{name}", 64) for name in ("one", "folder/two", "three")}
    run = export.copy("tree", "/mnt/copy")
    assert run.code == CLEAN, str(run)
    small_disk.cut()
    export.server.stop()
    small_disk.come_back()
    assert all(any(export.has(name, known) for name in export.names()) for known in hashes.values()), export.names()
    export.server.start()
    run = export.copy("tree", "/mnt/copy")
    assert run.code == CLEAN, str(run)
    assert all(export.has(f"copy/{name}", known) for name, known in hashes.items())


@pytest.mark.slow
def test_c29_a_silent_nfs_server_holds_up_nobody_else_and_what_was_to_stop_ends_when_it_speaks(guest, export):
    """A hard mount lets a process with unwritten bytes end only when they are written, whatever the process does."""
    guest.run("mkdir tree")
    hashes = {f"file{number}": make_file(guest, f"tree/file{number}", 512) for number in range(8)}
    guest.run("godwit copy tree /mnt/copy --limit-bytes-per-second 256KiB --memory 16MiB > out 2>&1 & running=$!")
    wait_until(lambda: any(name in hashes for name in map(os.path.basename, export.names())))
    export.server.hold()
    other = export.copy("tree", "other")
    assert other.code == CLEAN, str(other)
    guest.run("kill -INT $running; usleep 100000; kill -INT $running")
    export.server.let_go()
    left = guest.run("wait $running")
    assert left.code == 130, f"{left}\n{guest.run('cat out')}"
    run = export.copy("tree", "/mnt/copy")
    assert run.code == CLEAN, str(run)
    assert all(export.has(f"copy/{name}", known) for name, known in hashes.items())
    assert export.names() == sorted(f"copy/{name}" for name in hashes)


@pytest.mark.slow
def test_c29_handles_that_went_stale_cost_a_retry_and_no_byte(guest, export):
    """The server loses its memory while a file is read that somebody has put another in the place of."""
    source = export.path / "tree"
    source.mkdir()
    for number in range(4):
        (source / f"file{number}").write_bytes(os.urandom(MEBIBYTE))
    guest.run("godwit copy /mnt/tree copy -o jsonl --limit-bytes-per-second 512KiB --memory 16MiB > out 2>&1 & running=$!")
    guest.run("until ls copy/file* > /dev/null 2>&1; do usleep 10000; done")
    export.server.stop()
    for number in range(4):
        (source / f"file{number}").unlink()
        (source / f"file{number}").write_bytes(os.urandom(MEBIBYTE))
    export.server.start()
    ended = guest.run("wait $running")
    assert ended.code in (CLEAN, NOT_CLEAN), f"{ended}\n{guest.run('cat out')}"
    run = export.copy("/mnt/tree", "copy")
    assert run.code == CLEAN, str(run)
    for number in range(4):
        there = guest.run(f"sha256sum copy/file{number}").text.split()[0]
        assert export.has(f"tree/file{number}", there), number
    assert guest.run("ls -A copy | grep godwit").text == ""


@pytest.mark.slow
def test_c29_a_destination_that_somebody_reads_is_replaced_and_read_to_its_end(guest, export):
    """The client keeps what was replaced under a name of its own until the last reader is gone."""
    guest.run("mkdir tree")
    old = make_file(guest, "tree/file", 64)
    assert export.copy("tree", "/mnt/copy").code == CLEAN
    guest.run("exec 9< /mnt/copy/file")
    new = make_file(guest, "tree/file", 80)
    run = export.copy("tree", "/mnt/copy")
    assert run.code == CLEAN, str(run)
    assert export.has("copy/file", new)
    assert guest.run("sha256sum <&9").text.split()[0] == old
    guest.run("exec 9<&-")
    wait_until(lambda: export.names() == ["copy/file"])
