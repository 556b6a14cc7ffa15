"""Proofs by traffic: packets on the twin's links, pods to talk to, clients and routers outside the cluster."""
