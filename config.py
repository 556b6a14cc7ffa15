"""Settings of every pyinfra run in this folder."""

from pyinfra import config

from kubestead.connection import send_small_packets_at_once
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
guard_connections()
start_lock()
start_record()
start_view()
send_small_packets_at_once()
spare_the_controller()
