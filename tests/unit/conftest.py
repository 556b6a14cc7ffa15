"""Settings of the unit tests."""

from hypothesis import settings

# A deadline measures how busy the machine is, not the code.
settings.register_profile("kubestead", deadline=None)
settings.load_profile("kubestead")
