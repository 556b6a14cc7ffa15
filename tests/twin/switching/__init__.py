"""What the tests of switching a running Cilium share."""
