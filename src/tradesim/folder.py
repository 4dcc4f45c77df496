"""A result folder that is whole or not there at all.

It is filled under a hidden name beside its place and moved there when it is done. The manifest is
written last, and it alone makes a folder complete.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tradesim.errors import OutputError

MANIFEST = "manifest.json"


class ResultFolder:
    """A result folder in the making: ``work`` while it is filled, ``place`` when it is done.

    Raises :class:`OutputError` (exit code 2, nothing written) when ``place`` holds something or
    cannot be written.
    """

    def __init__(self, place: Path) -> None:
        self.place = place.expanduser().absolute()
        self._refuse()
        self._made = [folder for folder in self.place.parents if not folder.exists()]
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            hidden = tempfile.mkdtemp(prefix=f".{self.place.name}.", dir=self.place.parent)
        except OSError as error:
            raise OutputError(
                f"the result folder cannot be written: {error.strerror}",
                where=str(self.place),
                allowed="a folder in a place you may write to",
                remedy="name another one with out=DIR",
            ) from error
        self.work = Path(hidden)
        self.work.chmod(0o755)

    def _refuse(self) -> None:
        if self.place.is_dir() and not any(self.place.iterdir()):
            return
        if self.place.exists() or self.place.is_symlink():
            raise OutputError(
                "the result folder is not empty" if self.place.is_dir() else "this is a file",
                where=str(self.place),
                allowed="an empty folder, or one that does not exist yet",
                remedy="name another one with out=DIR, or remove it",
            )

    def publish(self, manifest: Mapping[str, Any]) -> Path:
        """Write the manifest, the last file of all, and move the folder to its place."""
        self._refuse()
        text = json.dumps(dict(manifest), indent=2, ensure_ascii=False) + "\n"
        draft = self.work / f"{MANIFEST}.part"
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.work / MANIFEST)
        if self.place.is_dir():
            self.place.rmdir()
        self.work.rename(self.place)
        return self.place

    def discard(self) -> None:
        """Remove what was written under the hidden name, and folders made for it alone."""
        shutil.rmtree(self.work, ignore_errors=True)
        for folder in self._made:
            with contextlib.suppress(OSError):  # one that is gone or no longer empty stays so
                folder.rmdir()
