"""The base year 2024: raw sources, named assumptions, the closed tables and their loader."""
