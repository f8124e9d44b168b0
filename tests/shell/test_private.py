"""Files that only their owner may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from launcher.private import (
    POSIX,
    PrivateFileError,
    Replacement,
    left_behind,
    read_private,
    remove_private,
    take_left_behind,
)

SECRET = "pr1vateD1st1nct1ve"

pytestmark = pytest.mark.skipif(not POSIX, reason="a file's mode")


def private(path: Path, content: bytes = SECRET.encode(), mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    assert read_private(private(tmp_path / "a", mode=mode)) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o602, 0o610, 0o666, 0o777])
def test_a_file_that_others_may_read_or_change_is_refused_with_the_mend(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "a", mode=mode)

    with pytest.raises(PrivateFileError, match=rf"chmod 600 {path}") as caught:
        read_private(path)
    assert SECRET not in str(caught.value)


def test_of_a_link_the_file_counts(tmp_path: Path) -> None:
    private(tmp_path / "a", mode=0o644)
    (tmp_path / "link").symlink_to(tmp_path / "a")

    with pytest.raises(PrivateFileError, match="chmod 600"):
        read_private(tmp_path / "link")


def test_what_cannot_be_read_is_said_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileError, match="no such file"):
        read_private(tmp_path / "none")
    with pytest.raises(PrivateFileError, match="cannot be read"):
        read_private(tmp_path)
    with pytest.raises(PrivateFileError, match="not UTF-8") as caught:
        read_private(private(tmp_path / "a", f"{SECRET} пароль".encode("cp1251")))
    assert caught.value.__context__ is None


def test_a_replaced_file_is_its_owners_alone_whatever_it_was(tmp_path: Path) -> None:
    path = private(tmp_path / "a", b"old", 0o644)
    before = os.umask(0)
    try:
        Replacement(path).put("new")
    finally:
        os.umask(before)

    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = private(tmp_path / "a", b"old")

    place = Replacement(path)
    assert path.read_text() == "old"
    assert left_behind(path) == "", "a place that was only taken is no content"
    place.forget()
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_name_beside_it_that_somebody_has_laid_is_not_written_through(tmp_path: Path) -> None:
    path, victim = tmp_path / "a", private(tmp_path / "victim", b"untouched")
    (tmp_path / "a.new").symlink_to(victim)

    Replacement(path).put("new")

    assert (path.read_text(), victim.read_text()) == ("new", "untouched")
    assert not path.is_symlink()


def test_what_was_written_and_not_renamed_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = private(tmp_path / "a", b"old")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _refuse)
        with pytest.raises(PrivateFileError, match="Input/output error"):
            Replacement(path).put("new")

    assert (path.read_text(), left_behind(path)) == ("old", "new")
    take_left_behind(path)
    assert (path.read_text(), left_behind(path)) == ("new", "")


def _refuse(*_: object) -> None:
    raise OSError(5, "Input/output error")


def test_it_is_on_the_disk_before_it_is_in_its_place_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut leaves depends on this order."""
    acts: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def on_fsync(handle: int) -> None:
        acts.append("fsync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "fsync file")
        fsync(handle)

    def on_replace(self: Path, target: Path) -> Path:
        acts.append("rename")
        return replace(self, target)

    place = Replacement(tmp_path / "a")
    monkeypatch.setattr(os, "fsync", on_fsync)
    monkeypatch.setattr(Path, "replace", on_replace)
    place.put("new")

    assert acts == ["fsync file", "rename", "fsync folder"]


def test_removed_it_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = private(tmp_path / "a")
    Replacement(path)

    assert remove_private(path)
    assert list(tmp_path.iterdir()) == []
    assert not remove_private(path)
