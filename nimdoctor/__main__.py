"""`python -m nimdoctor`."""

from nimdoctor.start import console

console()
