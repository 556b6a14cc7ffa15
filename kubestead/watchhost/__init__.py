"""What a host needs that runs the watcher for good: its software in one archive, its files, its rights. Pure."""
