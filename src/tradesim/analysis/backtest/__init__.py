"""Back-tests: what a run says of a case that has happened, series by series."""
