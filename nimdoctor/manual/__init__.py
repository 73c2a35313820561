"""The manual: pages of checks and fixes, and what `nimdoctor explain` says."""
