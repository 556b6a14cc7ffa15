"""What the cluster is. Every key is here with its value; a line left out takes the same value.

Network addresses, versions and names are text in quotes. Keys are checked before any host is touched. What differs from
place to place (SSH, mirrors) stands in the site file; what differs from node to node in group_data/<group>.py.
"""

# The cluster's name, 1 to 32 lower-case characters; Cilium and the kubeconfig carry it.
cluster_name = "lab"

# Releases. They must be in the catalog in force (catalog/upstream.yaml, or the mirror's).
kubernetes_version = "1.31.13"
containerd_version = "2.1.5"
runc_version = "1.3.3"
helm_version = "3.19.0"
cilium_version = "1.18.4"
pause_version = "3.10"

# The API's name and port. A name from day one, so that a second control plane or a load balancer can come later;
# the hosts find it in /etc/hosts, where it leads to the first control plane. (An address only for a cluster that was
# built with one before, see docs/adopt.md.)
control_plane_endpoint = "k8s-api:6443"
# More names and addresses people reach the API by; they go into its certificate.
extra_cert_sans = []

# Pods live in pod_cidr; every node gets a part of it, of this prefix length (24: 254 addresses).
# It may not meet the nodes' own networks, any route they have, or service_cidr. If it does, preflight proposes another.
# Neither can be changed once the cluster is built.
pod_cidr = "10.0.0.0/8"
pod_cidr_mask_size = 24
# Services live here; the tenth address is the cluster's DNS.
service_cidr = "172.20.0.0/16"
dns_domain = "cluster.local"

# "keep": kube-proxy serves services. "replace": Cilium does, and kube-proxy is not installed.
kube_proxy = "keep"
# Hubble records flows on every node; the relay is one place to ask for all of them.
hubble = True
hubble_relay = True

# Merged over what kubestead renders: Helm values of Cilium's chart, and fields of KubeletConfiguration and
# KubeProxyConfiguration.
cilium_extra_values = {}
kubelet_config = {}
kube_proxy_config = {}
# kubeadm checks to ignore, by name: ["NumCPU"].
kubeadm_ignore_preflight_errors = []

# True only where the kernel forbids lowering a process's OOM score (a container without CAP_SYS_RESOURCE).
containerd_restrict_oom_score_adj = False
# False where somebody else keeps the hosts' clocks (a hypervisor).
time_sync = True

# What a host must have at least: processor cores, memory in MiB, free space below /var in GiB.
preflight_minimum = {"cores": 2, "memory_mib": 1700, "disk_gib": 10}
# False: no test pods are run.
smoke = True
# "host:port" that pods must reach, tried whenever test pods run; None: not tried.
smoke_egress_target = None
# How long a join token lives, in minutes. It is deleted at the end of the run all the same.
token_ttl_minutes = 15
