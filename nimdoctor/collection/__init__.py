"""Collecting a host's evidence: by this program, or by a ksh script for hosts without Python."""

from nimdoctor.collection.collect import Collection, collect

__all__ = ["Collection", "collect"]
