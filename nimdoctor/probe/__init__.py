"""The only part of nimdoctor that sends anything, and only when `--probe` is given."""

from nimdoctor.probe.answer import Answer
from nimdoctor.probe.tftp import tftp_answer

__all__ = ["Answer", "tftp_answer"]
