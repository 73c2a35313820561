"""The change package: a plan as straight-line ksh88 for people to read and run where nimdoctor itself cannot.

For each host of the plan `apply.ksh` and `rollback.ksh`, where steps rest on the other end its `check.ksh`, for each
client that must follow `clients/NAME.ksh`, `plan.json`, and a README for those who approve the change.
"""

from nimdoctor.scripts.package.render import change_package, client_scripts, unscriptable

__all__ = ["change_package", "client_scripts", "unscriptable"]
