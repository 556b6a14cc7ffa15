"""The twin: the lab's hosts as systemd-nspawn machines on a network of their own, on one Linux machine."""
