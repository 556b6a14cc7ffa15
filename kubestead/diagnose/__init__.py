"""From what was seen of a node to exactly one cause, with evidence and the remedies that may help. Pure."""

from __future__ import annotations

from kubestead.diagnose.api import ApiObjects, api_views
from kubestead.diagnose.cause import Cause
from kubestead.diagnose.diagnosis import diagnose
from kubestead.diagnose.model import ApiView, Diagnosis, NodeReport, Reach, Seen
from kubestead.diagnose.remedy import LADDER, Remedy, advice, hand_over

__all__ = [
    "LADDER",
    "ApiObjects",
    "ApiView",
    "Cause",
    "Diagnosis",
    "NodeReport",
    "Reach",
    "Remedy",
    "Seen",
    "advice",
    "api_views",
    "diagnose",
    "hand_over",
]
