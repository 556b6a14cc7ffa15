"""Paths as people write them: whatever they are, there is an answer and no exception. Pure."""

from __future__ import annotations

from pathlib import Path


def expanded(text: str) -> Path:
    """The path with ``~`` and ``~user`` put in full.

    Raises:
        ValueError: no file can have this path: nobody knows that user's home, a NUL, half a character.
    """
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ValueError("nobody knows where that home is") from None
    if "\0" in text or any("\ud800" <= character <= "\udbff" for character in text):
        raise ValueError("it has a character no path can have")
    return path


def is_file(path: Path) -> bool:
    """Whether a file is there that can be seen; pathlib's own raises where a folder on the way is closed to us."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there that can be seen."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Whether anything is there that can be seen."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
