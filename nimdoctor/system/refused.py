"""Why something was not done to a host."""


class Refused(Exception):
    """Something was not done, to be on the safe side: one line of what, where, what to do."""


class NoSuchFile(Refused):
    """What is asked for, or a directory on the way to it, is not there."""
