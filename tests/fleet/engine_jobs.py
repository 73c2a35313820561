"""Functions that the engines of a fleet map in tests; an item says what happens to its process."""

import os
import signal
import time


def told(item):
    """What became of ("name", what): it is done, kills its process, takes for ever, or does so the first time only."""
    name, what = item[:2]
    if what == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hangs":
        time.sleep(3600)
    if what == "kills once" and not os.path.exists(item[2]):
        open(item[2], "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "raises":
        raise ValueError("an item that raises")
    return {"name": name, "pid": os.getpid()}


def results(done):
    """By name, of items that came once each."""
    found = [(item[0], result) for item, result in done]
    assert len(dict(found)) == len(found)
    return dict(found)
