"""What AWS executes, and local mode too: thin entry points over core and feeds. Runs on Python 3.9."""
