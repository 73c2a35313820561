"""Doing what a plan says: the executor, its journal and lock, the way back, the runs on record."""
