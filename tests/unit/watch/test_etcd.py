"""How etcd's members are: asked when a control plane is not well, and not known when it cannot be asked."""

from __future__ import annotations

from kubestead.watch.etcd import KNOWN_FOR, Etcd


def member(fake, node, ready):
    fake.put(
        "pods",
        {
            "metadata": {"name": f"etcd-{node}", "namespace": "kube-system", "labels": {"component": "etcd"}},
            "spec": {"nodeName": node},
            "status": {"conditions": [{"type": "Ready", "status": ready}]},
        },
    )


def test_what_cannot_be_read_is_not_known(api, fake):
    clock, troubles = [100.0], []
    etcd = Etcd(api, troubles.append, lambda: clock[0])
    assert etcd.now() is None
    member(fake, "cp1", "True")
    member(fake, "cp2", "False")
    fake.agent("cp1")
    etcd.read()
    assert etcd.now() == {"cp1": True, "cp2": False}
    fake.refused = 403
    clock[0] += KNOWN_FOR + 1
    etcd.read()
    assert etcd.now() is None
    assert troubles == ["etcd's pods: 403 Forbidden"]


def test_the_watcher_asks_only_for_a_control_plane(settled, until):
    member(settled.fake, "cp", "True")
    settled.fails("worker1")
    until(settled.ran)
    assert settled.parts.etcd.now() is None
    settled.fails("cp")
    assert until(settled.parts.etcd.now) == {"cp": True}
