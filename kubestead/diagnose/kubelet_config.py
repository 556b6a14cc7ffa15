"""What the kubelet's configuration file says, as far as the rules need it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from kubestead.diagnose.model import Seen

# The kubelet's own, where evictionHard is not set (pkg/kubelet/eviction/defaults_linux.go, v1.31).
DEFAULTS = {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
}
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def read(text: str) -> tuple[dict[str, Any], str]:
    """The file's fields, and what is wrong with it; empty where nothing is."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return {}, f"it is not YAML: {' '.join(str(error).split())}"
    if not isinstance(data, dict):
        return {}, "it holds no fields"
    if data.get("kind") != "KubeletConfiguration":
        return data, f"its kind is {data.get('kind')!r}, not 'KubeletConfiguration'"
    if not str(data.get("apiVersion", "")).startswith("kubelet.config.k8s.io/"):
        return data, f"its apiVersion is {data.get('apiVersion')!r}, not 'kubelet.config.k8s.io/v1beta1'"
    return data, ""


def config_of(seen: Seen) -> Mapping[str, Any]:
    """The fields of the node's file; empty where it cannot be read."""
    return read(seen.report.kubelet_config)[0] if seen.report and seen.report.kubelet_config else {}


def threshold(config: Mapping[str, Any], signal: str, whole: int) -> int:
    """Below how much of ``whole`` the kubelet evicts pods (``evictionHard``); 0 where it never does."""
    hard = config.get("evictionHard")
    told = hard.get(signal, "0") if isinstance(hard, Mapping) and hard else DEFAULTS[signal]
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%|k|[MGT]|[KMGT]i)?", str(told).strip())
    if not match:
        return 0
    number, unit = float(match[1]), match[2] or ""
    return int(whole * number / 100) if unit == "%" else int(number * _UNITS[unit])
