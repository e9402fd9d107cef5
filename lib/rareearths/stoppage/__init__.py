"""A supplier stops: stock, shortfall, price, loss, and what third countries pass on."""
