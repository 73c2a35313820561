"""A plan rendered as ksh88 scripts for change management: apply.ksh, rollback.ksh, README, one script a client.

`parts/` holds the shell functions; a script gets those that it calls. What a script cannot do as well as
`nimdoctor fix --apply`: flush single files to the disk, hold a directory open while it works below it,
compare by SHA-256, or look again at findings when it is done.
"""

from nimdoctor.scripts.conditions import unanswerable
from nimdoctor.scripts.render import Rendering, client_scripts, render
from nimdoctor.scripts.script import ScriptEnd

__all__ = ["Rendering", "ScriptEnd", "client_scripts", "render", "unanswerable"]
