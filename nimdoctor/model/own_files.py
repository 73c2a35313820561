"""Paths of nimdoctor's own on a host, and what it does there beside reading."""

IGNORE_FILE = "/etc/nimdoctor.ignore"
LEVELS_FILE = "/etc/nimdoctor.levels"
STATE_DIRECTORY = "/var/adm/nimdoctor"
RUN_JOURNALS = f"{STATE_DIRECTORY}/runs/*/journal.jsonl"
PACKAGES_BEGUN = f"{STATE_DIRECTORY}/changes/*/begun"
REHEARSAL = "rehearsal of the handshake"
