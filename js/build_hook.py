"""Bundle the front end before a wheel or an sdist is built, unless its bundles are made of these sources."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MANIFEST = Path("ig_widgets", "widgets", "static", "manifest.json")


def source_digest(js: Path) -> str:
    """Digest of everything that the bundles are made of; build.mjs writes the same one into the manifest."""
    names = ["build.mjs", "package-lock.json"]
    names += [path.relative_to(js).as_posix() for path in (js / "src").rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}\0".encode() + (js / name).read_bytes())
    return digest.hexdigest()


def is_current(root: Path) -> bool:
    """Whether the bundles are there and made of the sources that are there."""
    try:
        manifest = json.loads((root / MANIFEST).read_text())
    except FileNotFoundError:
        return False
    return manifest["sources"] == source_digest(root / "js")


class FrontEndHook(BuildHookInterface):
    """What hatchling calls before it collects the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Run npm where the bundles are absent or stale."""
        root = Path(self.root)
        if is_current(root):
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(
                f"{MANIFEST} is absent or was built from other sources than those in js/, "
                "and npm is not installed; install Node.js with npm, and build again"
            )
        for command in (["ci"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=root / "js", check=True)  # noqa: S603 (npm as it is installed)
        if not is_current(root):
            raise RuntimeError(f"npm run build has not written a {MANIFEST} that matches js/; see its output")
