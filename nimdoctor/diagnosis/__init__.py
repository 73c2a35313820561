"""From facts to findings: checks run over hosts, findings joined by their causes, what changed when."""
