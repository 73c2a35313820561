"""The operating system: commands under a deadline, files without following links."""
