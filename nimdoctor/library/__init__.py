"""What others build on: scans, plans, repairs and runs as functions, and the door through which checks come in."""
