"""Images of a directory: taken, and put back."""

import os
from typing import Dict, Optional, Tuple

Image = Dict[str, Tuple[str, int, int, Optional[bytes]]]
"""Path below the lab's place: kind, mode, time of change, content or a link's target."""


class Camera:
    """Takes images of a directory and puts them back."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._read: Dict[Tuple[int, ...], bytes] = {}

    def take(self) -> Image:
        found: Image = {}
        waiting = [self.place]
        while waiting:
            directory = waiting.pop()
            with os.scandir(directory) as entries:
                for entry in entries:
                    state = entry.stat(follow_symlinks=False)
                    path = entry.path[len(self.place) :]
                    mode, mtime = state.st_mode & 0o7777, state.st_mtime_ns
                    if entry.is_symlink():
                        found[path] = ("link", mode, 0, os.readlink(entry.path).encode())
                    elif entry.is_dir(follow_symlinks=False):
                        found[path] = ("dir", mode, mtime, None)
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        key = (state.st_ino, state.st_size, mtime, state.st_ctime_ns)
                        if key not in self._read:
                            with open(entry.path, "rb") as stream:
                                self._read[key] = stream.read()
                        found[path] = ("file", mode, mtime, self._read[key])
                    else:
                        found[path] = ("other", mode, 0, None)
        return found

    def restore(self, image: Image) -> None:
        now = self.take()
        for path in sorted(now, reverse=True):
            if path not in image or image[path][0] != now[path][0]:
                place = self.place + path
                if now[path][0] == "dir":
                    os.rmdir(place)
                else:
                    os.unlink(place)
                del now[path]
        for path in sorted(image):
            if now.get(path) == image[path]:
                continue
            kind, mode, mtime, content = image[path]
            place = self.place + path
            if kind == "dir":
                if path not in now:
                    os.mkdir(place)
                os.chmod(place, mode)
            elif kind == "link":
                if path in now:
                    os.unlink(place)
                os.symlink(content or b"", place)
            elif kind == "file":
                with open(place, "wb") as stream:
                    stream.write(content or b"")
                os.chmod(place, mode)
                os.utime(place, ns=(mtime, mtime))
        for path in sorted(image, reverse=True):
            if image[path][0] == "dir" and os.lstat(self.place + path).st_mtime_ns != image[path][2]:
                os.utime(self.place + path, ns=(image[path][2], image[path][2]))
