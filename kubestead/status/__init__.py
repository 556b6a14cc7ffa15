"""The state of a cluster on one screen: what its API says, what certificates say, what is recorded here."""
