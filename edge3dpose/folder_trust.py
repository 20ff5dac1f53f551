"""Who else could change what lies in a folder: an engine is code, so nobody else may.

POSIX alone: what Windows grants is not looked at.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from edge3dpose.errors import BadInput


def check(folder: Path) -> None:
    """BadInput where others than this user and root can put files into a folder of engines."""
    if os.name != "posix":
        return
    try:
        real = folder.resolve(strict=True)
        _check_folder(folder, os.stat(real))
        for parent in real.parents:
            mode = os.stat(parent).st_mode
            if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
                raise BadInput(
                    f"{folder} lies in {parent}, which everybody may write: its engines cannot be "
                    f"trusted; chmod o-w {parent}, or pass --engines DIR"
                )
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{folder} cannot be looked at: {reason}") from None


def check_file(file: Path) -> None:
    """BadInput where a file of such a folder lies elsewhere, or others can change it."""
    if os.name != "posix":
        return
    try:
        real = file.resolve(strict=True)
        if real.parent != file.parent.resolve(strict=True):
            raise BadInput(f"{file} is a link to {real}, out of its folder; copy the file instead")
        found = os.stat(real)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"{file} cannot be looked at: {reason}") from None
    if reason := _others(found):
        raise BadInput(f"{file} {reason}: it cannot be trusted; delete it and build it again")


def _check_folder(folder: Path, found: os.stat_result) -> None:
    reason = _others(found)
    if not reason:
        return
    mend = "chown it" if "belongs" in reason else f"chmod go-w {folder}"
    raise BadInput(
        f"{folder} {reason}: engines in it cannot be trusted; {mend}, or pass --engines DIR"
    )


def _others(found: os.stat_result) -> str:
    """Who else may write a file or folder, in words; empty for nobody."""
    if sys.platform == "win32":
        return ""
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to {_user(found.st_uid)}"
    if found.st_mode & stat.S_IWOTH:
        return "can be written by everybody"
    if found.st_mode & stat.S_IWGRP and not _own_group(found.st_gid):
        return f"can be written by the group {_group(found.st_gid)}"
    return ""


def _own_group(gid: int) -> bool:
    """Whether a group is root's, or the one that this user alone has, as many systems make it."""
    if sys.platform == "win32":
        return True
    import grp
    import pwd

    if gid == 0:
        return True
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return (
        user.pw_gid == gid
        and group.gr_name == user.pw_name
        and not set(group.gr_mem) - {user.pw_name}
    )


def _user(uid: int) -> str:
    if sys.platform == "win32":
        return f"the user {uid}"
    import pwd

    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"


def _group(gid: int) -> str:
    if sys.platform == "win32":
        return str(gid)
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
