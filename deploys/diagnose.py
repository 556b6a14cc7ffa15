"""What is wrong with a node, and what would be done about it; looks and changes nothing.

pyinfra inventory/lab.py deploys/diagnose.py --limit k8s-worker1 --limit k8s-cp
"""

from kubestead.phases.diagnose import diagnose_nodes

diagnose_nodes()
