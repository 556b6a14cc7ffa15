"""Preflight: typed facts of the hosts in, findings out. Nothing here knows pyinfra or SSH."""
