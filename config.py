"""Settings of every pyinfra run in this folder."""

from pyinfra import config

from kubestead.connection import connect_as_the_site_says, tune_connections
from kubestead.dryrun import plan_to_the_end
from kubestead.guard import guard_run
from kubestead.inventory import only_looks
from kubestead.pace import spare_the_controller
from kubestead.runlock import start_lock
from kubestead.runrecord import start_record
from kubestead.runview import start_view
from kubestead.unreachable import guard_connections

# A failed host stops the story at the next barrier; pyinfra's default would go on with the others.
config.FAIL_PERCENT = 100 if only_looks() else 0
config.CONNECT_TIMEOUT = 10

guard_run()
plan_to_the_end()
guard_connections()
start_lock()
start_record()
start_view()
tune_connections()
connect_as_the_site_says()
spare_the_controller()
