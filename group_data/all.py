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
# Neither can be changed once the cluster is built; a pool that is full grows by cilium_more_pod_cidrs.
pod_cidr = "10.0.0.0/8"
pod_cidr_mask_size = 24
# Services live here; the tenth address is the cluster's DNS.
service_cidr = "172.20.0.0/16"
# "ipv4", or "dual": pods and services have IPv6 addresses, too; nodes are known by IPv4 all the same. For "dual" only:
# the pods' IPv6 pool, the prefix length of a node's part of it, and the services' network.
ip_families = "ipv4"
pod_cidr_v6 = "fd00:10::/48"
pod_cidr_v6_mask_size = 64
service_cidr_v6 = "fd00:96::/112"
dns_domain = "cluster.local"

# Cilium, one key a choice. What contradicts another is refused before a host is touched; docs/cilium.md has what each
# one needs, excludes, and whether it was proven. `kubestead cilium explain` prints that for the choices made here.

# Packets to other nodes: "vxlan" or "geneve" wrap them (UDP 8472, 6081), "native" routes them as they are.
cilium_routing = "vxlan"
# With native routing: the network that is never masqueraded, all pods in it (None: pod_cidr) ...
cilium_native_cidr = None
# ... and whether nodes of one network route to each other's pods by themselves (False: routers do, by cilium_bgp).
cilium_node_routes = True
# The links' MTU, before what a tunnel (50 bytes), WireGuard (80) or IPsec (77) takes off it; 0: found out on each node.
cilium_mtu = 0

# Who hands out pods' addresses: "cluster-pool" (Cilium, from pod_cidr), "kubernetes" (its controller manager),
# "multi-pool" (Cilium, from pools that pods ask for by name). It cannot be changed once the cluster is built.
cilium_ipam = "cluster-pool"
# Networks added to the pool when pod_cidr is full: ["100.64.0.0/16"]. They can only be added to.
cilium_more_pod_cidrs = []
# With multi-pool, the pools beside the default one: [{"name": "green", "cidrs": ["100.65.0.0/16"], "mask_size": 27}].
cilium_pools = []
# Who gives packets of pods to the outside their node's address: "iptables", "bpf" (without kube-proxy), "off" (nobody).
cilium_masquerade = "iptables"

# "keep": kube-proxy serves services. "replace": Cilium does, and kube-proxy is not installed.
kube_proxy = "keep"
# Without kube-proxy, several API servers that agents may turn to: ["https://10.9.0.1:6443", "https://10.9.0.2:6443"].
cilium_api_servers = []
# How a service's answer goes back: "snat" (by the node that was asked), "dsr" (straight), "hybrid" (TCP straight).
cilium_lb_mode = "snat"
# How dsr tells the pod's node the service's address: "opt" (an IP option) or "geneve".
cilium_lb_dispatch = "opt"
# How a service's pod is chosen: "random", or "maglev" (every node chooses the same one).
cilium_lb_algorithm = "random"

# Addresses for services of type LoadBalancer: [{"name": "lan", "blocks": ["192.168.1.200-192.168.1.220"]}].
cilium_lb_pools = []
# Links on which nodes answer ARP for them: [{"name": "lan", "interfaces": ["^eth0$"]}].
cilium_l2_announcements = []
# Or routers that are told by BGP:
# [{"name": "lab", "asn": 64512, "peers": [{"name": "tor1", "address": "192.168.1.1", "asn": 64513}]}].
cilium_bgp = []

# A pod's device: "veth", or "netkit" or "netkit-l2" (Linux 6.8, without kube-proxy).
cilium_datapath = "veth"
# Pods kept to the bandwidth of their annotation: "off", "on", "bbr" (and new pods' TCP uses BBR).
cilium_bandwidth_manager = "off"

# Traffic of pods between nodes: "none", "ipsec" (keys in the Secret cilium-ipsec-keys) or "wireguard".
cilium_encryption = "none"
# True: with wireguard, the nodes' own traffic too.
cilium_encrypt_nodes = False

# When policies are enforced: "default" (for pods that one selects), "always", "never".
cilium_policy = "default"
# True: policies may select nodes, too. Allow SSH, the API, etcd and kubelets before one does.
cilium_host_firewall = False
# True: rules on DNS names are enforced ...
cilium_l7_proxy = False
# ... and, with Envoy on every node, rules on HTTP.
cilium_envoy = False
# True: Cilium serves Ingresses, or Gateways (whose CRDs must be there first), with addresses of cilium_lb_pools.
cilium_ingress = False
cilium_gateway_api = False
# True: policies may ask for authentication, by SPIRE.
cilium_mutual_authentication = False

# The cluster's number in a mesh of clusters, 1 to 255; 0: in none.
cilium_cluster_id = 0
# The other clusters of the mesh: [{"name": "beta", "id": 2, "pod_cidrs": ["10.2.0.0/16"]}]; then deploys/mesh.py ...
cilium_mesh = []
# ... and where they find this one: addresses of some of its nodes, and a port of all.
cilium_mesh_addresses = []
cilium_mesh_port = 32379

# Hubble records flows on every node; the relay is one place to ask for all of them, the UI shows them in a browser.
hubble = True
hubble_relay = True
hubble_ui = False
# Metrics of flows for Prometheus: ["dns", "drop", "tcp", "flow", "icmp", "port-distribution"].
hubble_metrics = []
# Who makes Hubble's certificates: "helm" (once), "cronJob" or "certmanager" (and renew them).
hubble_tls = "helm"

# Merged last over what kubestead renders: Helm values of Cilium's chart that have no key above, and fields of
# KubeletConfiguration and KubeProxyConfiguration.
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
