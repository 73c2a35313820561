"""What many hosts show together: the overview page of a fleet, made from its records."""
