"""What the deployed stack costs: prices, amounts of work, and the monthly bill made of both."""
