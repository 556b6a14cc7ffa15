"""Operations of kubeadm: start the cluster, mint and delete a join token, join."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra import host, state
from pyinfra.api import QuoteString, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.files import FileTexts
from kubestead.facts.membership import STATE, EndpointAnswers, NodeMembership
from kubestead.health import KUBECTL
from kubestead.jointoken import JoinMaterial, ca_cert_hash, new_token
from kubestead.membership import Membership, may_initialise
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.flow import failure, refusal
from kubestead.operations.images import unit_name
from kubestead.render import render
from kubestead.spec import ClusterSpec

Commands = Generator[StringCommand, None, None]
CONFIGURATION = f"{STATE}/kubeadm-init.yaml"
CA_CERTIFICATE = "/etc/kubernetes/pki/ca.crt"
# kubeadm's own phases wait four minutes each at most; past this something hangs for good.
TIMEOUT = 900


@operation()
def initialise(
    configuration: str, endpoint: str, control_planes: Mapping[str, Membership], workers: Mapping[str, Membership]
) -> Commands:
    """Run ``kubeadm init`` on a host that holds no cluster; refuse where that would make a second one.

    Args:
        configuration: kubeadm's configuration file, whole.
        endpoint: the control plane's ``name:port``.
        control_planes, workers: membership of every host of this run, by name, as gathered before it began.
    """
    membership = host.get_fact(NodeMembership)
    if membership.is_control_plane and membership.interrupted is None:
        host.noop("the control plane is there")
        return
    answers = host.get_fact(EndpointAnswers, endpoint=endpoint)
    present = {**control_planes, host.name: membership}
    findings = may_initialise(host.name, present, workers, answers)
    if findings:
        yield refusal("\n".join(map(str, findings)))
        return
    yield from install_files._inner([TextFile(CONFIGURATION, configuration, mode="600")])
    yield StringCommand(
        render(
            "kubeadm.sh.j2", step="init", state=STATE, config=CONFIGURATION, done="/etc/kubernetes/admin.conf",
            images_unit=unit_name("control-plane"),
        ),
        _timeout=TIMEOUT,
    )  # fmt: skip


@operation()
def mint_token(ttl_minutes: int) -> Commands:
    """Make a bootstrap token for this run and keep it, with the CA's pin, in this process only (see :func:`join`)."""
    token = new_token()
    if state.is_executing:
        certificate = host.get_fact(FileTexts, paths=(CA_CERTIFICATE,)).get(CA_CERTIFICATE)
        if certificate is None:
            yield failure(f"{host.name}: {CA_CERTIFICATE} cannot be read; is this a control plane?")
            return
        host.data.join_material = JoinMaterial(token, ca_cert_hash(certificate))
    configuration = render("kubeadm-token.yaml.j2", token=token, ttl_minutes=ttl_minutes)
    yield StringCommand("kubeadm token create --config /dev/stdin > /dev/null", _stdin=configuration, _timeout=120)
    # A join that comes before the controller manager has signed cluster-info for the token looks again only after 5 s.
    signature = f"jsonpath={{.data.jws-kubeconfig-{token.partition('.')[0]}}}"
    yield StringCommand(
        KUBECTL, "--namespace kube-public wait configmap/cluster-info",
        "--for", QuoteString(signature), "--timeout=60s > /dev/null",
        _timeout=120,
    )  # fmt: skip


@operation()
def delete_token() -> Commands:
    """Delete the token this run minted; the part of it that is named here is no secret."""
    material: JoinMaterial | None = host.data.get("join_material")
    identifier = material.token_id if material else "not minted yet"
    # As kubeadm does it, but a token whose time ran out during the joins is gone already, and that is well.
    yield StringCommand(
        KUBECTL, "--namespace kube-system delete --ignore-not-found secret",
        QuoteString(f"bootstrap-token-{identifier}"), "> /dev/null",
        _timeout=120,
    )  # fmt: skip


@operation()
def join(spec: ClusterSpec, node_address: str, control_plane: Host) -> Commands:
    """Run ``kubeadm join`` on a host that is no member; a join that died half-way is cleaned and done again."""
    membership = host.get_fact(NodeMembership)
    if membership.joined:
        if membership.server == f"https://{spec.control_plane_endpoint}":
            host.noop("the node has joined")
            return
        yield refusal(
            f"{host.name}: is a node of {membership.server}, not of https://{spec.control_plane_endpoint}; "
            f"take it out of there first: pyinfra INVENTORY deploys/reset.py --limit {host.name}"
        )
        return
    material: JoinMaterial | None = control_plane.data.get("join_material")
    if material is None:
        # While the run is only being planned there is no token yet.
        yield (
            StringCommand("kubeadm join")
            if not state.is_executing
            else failure(f"{host.name}: no join token was minted")
        )
        return
    configuration = render(
        "kubeadm-join.yaml.j2", spec=spec, node_name=host.name, node_address=node_address,
        token=material.token, ca_cert_hash=material.ca_cert_hash,
    )  # fmt: skip
    # The configuration holds the token: it comes by stdin and is never a file or an argument.
    script = render(
        "kubeadm.sh.j2", step="join", state=STATE, config="/dev/stdin", done="/etc/kubernetes/kubelet.conf",
        images_unit=None,
    )  # fmt: skip
    yield StringCommand(script, _stdin=configuration, _timeout=TIMEOUT)
