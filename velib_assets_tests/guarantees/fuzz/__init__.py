"""Fuzzing of the decoders, the audit and clean: what must hold, a corpus, and the coverage-guided run."""
