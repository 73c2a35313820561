"""Rendering of a scan: text for people, JSON for programs."""
