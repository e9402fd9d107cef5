"""Criticality indices on one data set, their agreement and the term that parts them."""
