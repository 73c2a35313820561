"""Many bundles of evidence: which belong together, what each comes to, and the record of it."""
