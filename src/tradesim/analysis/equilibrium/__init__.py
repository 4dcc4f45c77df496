"""The spatial price equilibrium of a scenario's world: the benchmark without frictions."""
