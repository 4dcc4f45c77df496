"""The world of 2009, made from the tables of 2024 and the assumptions for 2009."""
