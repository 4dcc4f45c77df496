"""Decomposition: how much of a change each group of a scenario's policies accounts for.

The groups are the players of a game whose value is a headline metric of the world in which only the
policies of a subset are there; what a group accounts for is its Shapley value.
"""
