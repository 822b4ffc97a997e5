"""Fixtures: real servers for the whole session, a godwit with a home of its own for each test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from godwit import Godwit
from servers import ChecksumServer, Rgw, S3Server
from trees import TreeContents, TreeShape, make_tree


@pytest.fixture(scope="session")
def rgw(tmp_path_factory):
    """Ceph RGW, everything in memory."""
    server = Rgw(tmp_path_factory.mktemp("rgw"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def rgw_on_disk(tmp_path_factory):
    """Ceph RGW over a sparse file of 24 GiB, for what does not fit into memory."""
    server = Rgw(tmp_path_factory.mktemp("rgw-on-disk"), "--store", "bluestore")
    yield server
    server.stop()
    shutil.rmtree(server.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def checksum_server(tmp_path_factory):
    """The server that checks and keeps CRC64NVME. Skipped only where no Go can build it."""
    program = os.environ.get("GODWIT_VERSITYGW", "")
    if program and not os.access(program, os.X_OK):
        if os.environ.get("GODWIT_CHECKSUM_SERVER_REQUIRED") == "yes":
            pytest.fail(
                f"{program} is missing although a Go that can build it is on PATH: ./dev setup --tests"
            )
        pytest.skip(
            "NOT TESTED: the checksum server, for want of a Go that can build it (./dev setup --tests)"
        )
    server = ChecksumServer(tmp_path_factory.mktemp("checksum-server"))
    yield server
    server.stop()


@pytest.fixture(params=["rgw", "checksum_server"])
def server(request) -> S3Server:
    """Each real server in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def bucket(server) -> str:
    """A new bucket at `server`."""
    return server.make_bucket()


@pytest.fixture
def godwit(tmp_path) -> Godwit:
    return Godwit(tmp_path / "home")


@pytest.fixture
def clients(tmp_path):
    """Runs another client (aws, rclone) against a server; its failure is the test's."""

    def run(server: S3Server, *command: str, check: bool = True) -> subprocess.CompletedProcess:
        endpoint = {
            "AWS_ENDPOINT_URL_S3": server.endpoint,
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_R_TYPE": "s3",
            "RCLONE_CONFIG_R_PROVIDER": "Ceph",
            "RCLONE_CONFIG_R_ENV_AUTH": "true",
            "RCLONE_CONFIG_R_ENDPOINT": server.endpoint,
            # Keys are taken as they are; rclone would rewrite some of them.
            "RCLONE_CONFIG_R_ENCODING": "Slash,Dot",
        }
        program = Path(sys.executable).parent / command[0]  # or the path that it is
        found = str(program) if program.exists() else shutil.which(command[0])
        assert found, f"{command[0]} is not installed: ./dev setup --tests"
        environment = server.environment | endpoint | {"HOME": str(tmp_path)}
        ended = subprocess.run(
            [found, *command[1:]],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=600,
        )
        if check:
            assert (
                ended.returncode == 0
            ), f"{' '.join(command)}\n{ended.stdout.decode()}\n{ended.stderr.decode()}"
        return ended

    return run


class Trees:
    """Trees made once a session and never written to by a test."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.made: dict[TreeShape, tuple[Path, TreeContents]] = {}

    def get(self, shape: TreeShape) -> tuple[Path, TreeContents]:
        if shape not in self.made:
            path = self.folder / f"tree-{len(self.made)}"
            self.made[shape] = (path, make_tree(path, shape))
        return self.made[shape]


@pytest.fixture(scope="session")
def trees(tmp_path_factory) -> Trees:
    return Trees(tmp_path_factory.mktemp("trees"))
