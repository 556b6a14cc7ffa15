"""The ``kubestead`` command."""
