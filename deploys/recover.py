"""Diagnose nodes, take the least remedy, and go on until each is healthy or handed over to a person.

pyinfra inventory/lab.py deploys/recover.py --limit k8s-worker1
For a node SSH cannot reach, name a control plane too: --limit k8s-worker1 --limit k8s-cp
"""

from kubestead.phases.load import load_spec
from kubestead.phases.recover import recover

recover(load_spec())
