"""Plans: typed steps that cure findings, how they are shown, carried out, proved and undone."""
