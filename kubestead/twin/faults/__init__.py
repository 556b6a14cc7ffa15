"""Faults a twin's hosts can be given, and their undoing: what happens to real machines, one item per fault."""
