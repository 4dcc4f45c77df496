"""States that decide: what they hold, see, want and do, and how they talk to each other."""
