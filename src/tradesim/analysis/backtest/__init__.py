"""Back-tests: episodes run with the policies they had, and held against what was recorded."""
