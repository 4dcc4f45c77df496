"""Leverage: what it costs each side of a trade to replace the other, by counterfactual runs.

The power that trade gives a supplier is the cost that its customer has without it (Hirschman 1945,
National Power and the Structure of Foreign Trade, ch. 2): not the size of the trade, but how hard
it is to replace. So it is computed by taking the trade away in a second world of the same seed.
"""
