"""`python -m nimdoctor`."""

from nimdoctor.cli import console

console()
