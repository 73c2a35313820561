"""What is said of a check that broke: the error, and where in its own code."""

import traceback


def broke(error: BaseException) -> str:
    """In one line; the engine's own frames do not count."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame for frame in frames if not frame.filename.endswith(("engine.py", "scanned_ends.py", "host.py"))
    ] or frames
    frame = own[-1] if own else None
    place = ""
    if frame:
        module = frame.filename.replace("\\", "/").rsplit("/", 2)
        name = ".".join(module[-2:])[: -len(".py")] if frame.filename.endswith(".py") else frame.filename
        place = f" in {name}, line {frame.lineno}"
    text = str(error).splitlines()
    return f"the check broke: {type(error).__name__}{place}" + (f": {text[0][:200]}" if text and text[0] else "")
