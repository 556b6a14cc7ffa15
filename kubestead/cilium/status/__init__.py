"""Cilium's state from its own answers: what agents, hosts and the API said, and what is wrong with it. Pure."""
