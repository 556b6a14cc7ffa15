"""What Cilium's modes cost: the same two pods, measured in one mode after the other. ``python -m bench.cilium``."""
