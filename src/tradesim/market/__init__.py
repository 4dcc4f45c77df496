"""The market: each phase of a step is a module, each equation a small pure function."""
