"""The heavy steps, each with a local and an AWS form behind one interface."""
