"""Take hosts out of Kubernetes; software, images, SSH and foreign firewall rules stay.

pyinfra inventory/lab.py deploys/reset.py --data confirm=lab
"""

from kubestead.phases.load import load_spec
from kubestead.phases.reset import reset

reset(load_spec())
