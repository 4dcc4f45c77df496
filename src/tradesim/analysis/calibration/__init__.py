"""Calibration: what is fitted, what to, and how the posterior sample is drawn."""
