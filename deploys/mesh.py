"""Connect this cluster with the others of cilium_mesh; once in each cluster, and in the first once more.

pyinfra inventory/lab.py deploys/mesh.py [--data mesh=FOLDER]
Each run hands over this cluster's card in the folder (.kubestead/mesh) and takes the others' from there.
"""

from kubestead.phases.load import load_spec
from kubestead.phases.mesh import join_mesh
from kubestead.phases.topology import is_first_control_plane
from kubestead.phases.verify import require_control_plane

spec = load_spec()
require_control_plane()
if is_first_control_plane():
    join_mesh(spec)
