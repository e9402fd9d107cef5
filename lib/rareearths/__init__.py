"""Dependence on one supplier of rare earths and other critical minerals."""
