"""Where the tables come from; only this package talks to a network."""
