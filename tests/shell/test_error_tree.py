"""The errors are one tree, and each of them has its exit code."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import click
import pytest

import launcher
from launcher import errors
from launcher.core.summary import Exit, exit_code_of
from launcher.errors import LauncherError


def exceptions_of_ours() -> set[type[BaseException]]:
    """Every exception class that a module of the package defines."""
    modules = pkgutil.walk_packages(launcher.__path__, "launcher.")
    names = [one.name for one in modules if ".migrations" not in one.name and not one.name.endswith("__main__")]
    found: set[type[BaseException]] = set()
    for name in names:
        module = importlib.import_module(name)
        classes = (one for _, one in inspect.getmembers(module, inspect.isclass))
        found.update(one for one in classes if issubclass(one, BaseException) and one.__module__ == name)
    return found


def test_every_exception_class_descends_from_one_root() -> None:
    """But for the simulator's, which knows nothing of ours, and what click shows."""
    found = exceptions_of_ours()

    strangers = {
        one.__qualname__
        for one in found
        if not issubclass(one, LauncherError | click.ClickException)
        and not one.__module__.startswith("launcher.simulator.")
    }

    assert len(found) > 25
    assert not strangers


def test_the_tree_is_drawn_in_its_docstring() -> None:
    public = {one.__name__ for one in exceptions_of_ours() if issubclass(one, LauncherError)}

    missing = {name for name in public if not name.startswith("_") and name not in (errors.__doc__ or "")}

    assert missing == {"ForeignSignInError"}, "which never leaves the sign-in"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InputError("wrong"), Exit.WRONG_USAGE),
        (errors.NoSuchRunError("r9"), Exit.WRONG_USAGE),
        (errors.ConfirmationError("say yes"), Exit.WRONG_USAGE),
        (errors.NothingToDoError("no file"), Exit.ALL_STARTED),
        (errors.InUseError("r1 is going"), Exit.PORTAL_IN_USE),
        (errors.PortalError("no answer"), Exit.WRONG_USAGE),
        (errors.PortalError("no rights", refused=True), Exit.STOPPED),
        (errors.RunStoppedError("the disk is full"), Exit.STOPPED),
        (errors.StoppedError("Ctrl-C"), Exit.INTERRUPTED),
    ],
)
def test_each_error_has_its_exit_code(error: LauncherError, code: Exit) -> None:
    assert exit_code_of(error) is code
