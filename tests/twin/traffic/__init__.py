"""Proofs by traffic: packets as they are on the twin's links, pods to talk to, clients and routers outside the cluster."""
