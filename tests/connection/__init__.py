"""Connections, tried against real SSH servers in this process."""
