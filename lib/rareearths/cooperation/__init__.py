"""Two economies side by side: what they share, hold, sign and build together."""
