"""Address arithmetic: what is used for what, which uses may not meet, what would fit, how much room there is. Pure."""

from kubestead.netplan.capacity import Capacity, capacity, check_capacity
from kubestead.netplan.change import PodPools, Pool, PoolChange, check_pool_change
from kubestead.netplan.plan import KEPT, check_address_plan, check_pool
from kubestead.netplan.propose import (
    POOL_BLOCKS,
    SERVICE_BLOCKS,
    propose_block,
    propose_pool,
    propose_service_cidr,
)
from kubestead.netplan.routes import CILIUM_DEVICES, Route, foreign_routes
from kubestead.netplan.uses import OtherCluster

__all__ = [
    "CILIUM_DEVICES",
    "KEPT",
    "POOL_BLOCKS",
    "SERVICE_BLOCKS",
    "Capacity",
    "OtherCluster",
    "PodPools",
    "Pool",
    "PoolChange",
    "Route",
    "capacity",
    "check_address_plan",
    "check_capacity",
    "check_pool",
    "check_pool_change",
    "foreign_routes",
    "propose_block",
    "propose_pool",
    "propose_service_cidr",
]
