"""A simulated city that can stand in for a feed, with the faults that real feeds have shown."""
