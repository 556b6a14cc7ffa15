"""Switch a running cluster's Cilium to what the spec says, node by node, and back where a node does not come back.

pyinfra inventory/lab.py deploys/cilium.py
What it means is shown first, also by --dry. --data one_by_one=true: one node at a time even where nodes of the old and
the new kind cannot talk to each other, which takes longer.
"""

from kubestead.operations import kubeproxy
from kubestead.operations.flow import barrier
from kubestead.phases.preflight import preflight
from kubestead.phases.switching import plan_switch, switch_cilium
from kubestead.phases.topology import is_first_control_plane
from kubestead.phases.verify import verify

spec = preflight(switching=True)
plan_switch(spec)
if is_first_control_plane():
    switch_cilium(spec)
barrier(name="every agent is switched")

if spec.kube_proxy == "replace":
    kubeproxy.rules_removed(name="No rules of kube-proxy's")
barrier(name="kube-proxy is gone where it shall be")

if is_first_control_plane():
    verify(spec, only_if_changed=True)
