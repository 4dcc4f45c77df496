"""Games between two governments in normal form: the matrix, its equilibria, what is only noise."""
