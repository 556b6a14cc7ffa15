"""What the watcher does about a node that is not well, decided from plain values. No clock, cluster or SSH. Pure."""
