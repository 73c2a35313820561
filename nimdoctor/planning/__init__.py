"""What to do, as data: steps, the conditions they need, and one plan made of the fixes of all findings."""
