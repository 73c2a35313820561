"""The key of the pseudonyms: one file for all hosts of a site, so that what was redacted apart still pairs up."""

import errno
import os
import re
import stat

BYTES = 32


class BadKey(Exception):
    """The key file cannot be used; the message is one line: what, where, what to do next."""


def key_file(path: str) -> bytes:
    """The key in that file, which is made (mode 0600, 32 random bytes in hexadecimal) where there is none.

    Raises BadKey for a link, what is no regular file, one that others can read, and one that holds no such key.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise BadKey(_refusal(path, error)) from error
    try:
        return _made(path)
    except FileExistsError:
        # another run made it at this moment
        try:
            return _read(path)
        except OSError as error:
            raise BadKey(_refusal(path, error)) from error
    except OSError as error:
        raise BadKey(f"the key file {path} cannot be made: {error.strerror or error}") from error


def _refusal(path: str, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return f"the key file {path} is a symbolic link, which is not followed: name the file itself"
    return f"the key file {path} cannot be read: {error.strerror or error}"


def _read(path: str) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BadKey(f"the key file {path} is not a regular file")
        if found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            raise BadKey(f"the key file {path} can be read by others (mode {mode:04o}): chmod 600, or make a new one")
        if found.st_uid not in (0, os.geteuid()):
            raise BadKey(f"the key file {path} belongs to another user (uid {found.st_uid})")
        raw = os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
    text = raw.strip()
    if not re.fullmatch(rb"[0-9A-Fa-f]{%d}" % (2 * BYTES), text):
        raise BadKey(f"the key file {path} does not hold {2 * BYTES} hexadecimal digits: name another one")
    return bytes.fromhex(text.decode("ascii"))


def _made(path: str) -> bytes:
    key = os.urandom(BYTES)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(key.hex().encode("ascii") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        os.unlink(path)
        raise
    return key
