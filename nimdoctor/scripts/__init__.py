"""Scripts of ksh88 for hosts without nimdoctor: the change package of a plan (`package`), and what collects (`collector`).

`parts/` holds the shell functions of a package's library; a script gets those that it calls.
"""

from nimdoctor.scripts.end import ScriptEnd

__all__ = ["ScriptEnd"]
