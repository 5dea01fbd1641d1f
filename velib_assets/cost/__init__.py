"""What the stack on AWS costs per month: measured work and deployed settings times AWS's list prices.

Read inputs.toml first: every value that the bill depends on, with its basis. `inputs` reads the values of a
deployed stack, and `bill` computes quantities and costs and prints them.
"""
