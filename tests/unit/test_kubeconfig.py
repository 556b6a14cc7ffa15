"""The operator's kubeconfig: another server, everything else the same."""

import yaml

from kubestead.kubeconfig import for_operator

ADMIN_CONF = """\
apiVersion: v1
kind: Config
clusters:
- cluster: {certificate-authority-data: Q0E=, server: https://k8s-api:6443}
  name: lab
contexts:
- context: {cluster: lab, user: kubernetes-admin}
  name: kubernetes-admin@lab
current-context: kubernetes-admin@lab
users:
- name: kubernetes-admin
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
"""


def test_only_the_server_is_replaced():
    expected = yaml.safe_load(ADMIN_CONF)
    expected["clusters"][0]["cluster"]["server"] = "https://192.168.1.187:6443"
    assert yaml.safe_load(for_operator(ADMIN_CONF, "https://192.168.1.187:6443")) == expected
