"""How is Cilium, and what is to be done about it? Looks and changes nothing.

pyinfra inventory/lab.py deploys/cilium_status.py
"""

from kubestead.phases.cilium_status import tell_cilium_status

tell_cilium_status()
