"""How the controller's SSH connections are made: what pyinfra and paramiko leave open is settled here.

pyinfra has no hooks for it, so this replaces what answers there, as :mod:`kubestead.guard` does; its version is pinned,
and tests/connection runs the real command against real SSH servers.
"""

from kubestead.connection.client import connect_as_the_site_says
from kubestead.connection.tuning import tune_connections

__all__ = ["connect_as_the_site_says", "tune_connections"]
