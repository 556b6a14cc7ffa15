"""What stands on a Node object by the hand of a remedy, and what a person says there."""

PAUSE = "kubestead.dev/recovery"
"""Annotation of a person's: ``paused`` leaves the node alone."""

CORDONED_FOR = "kubestead.dev/cordoned-for"
"""Annotation from a remedy's cordon to its uncordon: the remedy's name. Without it a cordon is a person's."""

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""Taint on a node that is proven off: its pods may start elsewhere (KEP 2268)."""
