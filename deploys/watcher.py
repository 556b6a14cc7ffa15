"""Have `kubestead watch` running for good on the first two control planes, one of which acts, or on the hosts of
`--data watcher_hosts=a,b`; `--data state=absent` removes it.

pyinfra inventory/lab.py deploys/watcher.py
"""

from kubestead.operations.flow import barrier
from kubestead.phases.load import load_spec
from kubestead.phases.topology import is_first_control_plane
from kubestead.phases.watcher import (
    grant_rights,
    install_watcher,
    is_watcher_host,
    let_watchers_in,
    look_whether_it_works,
    remove_watcher,
    start_watcher,
)

spec = load_spec()
if is_watcher_host():
    install_watcher(spec)
else:
    remove_watcher()
barrier(name="every watcher has its key")

let_watchers_in()
if is_first_control_plane():
    grant_rights()
barrier(name="the watchers may act")

if is_watcher_host():
    start_watcher(spec)
barrier(name="the watchers run")

if is_first_control_plane():
    look_whether_it_works()
