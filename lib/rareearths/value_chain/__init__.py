"""Where an economy stands from compound to magnet, and whether it moves up."""
