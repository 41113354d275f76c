"""Benchmarks: each measures against a floor of its own in the same run, prints ratios, and with ``--check`` judges them."""
