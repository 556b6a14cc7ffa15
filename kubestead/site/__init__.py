"""The site: what differs from place to place. The annotated example of its file is ``site.example.yaml``."""

from kubestead.site.load import load_site
from kubestead.site.model import HostSettings, Sources
from kubestead.site.network import Twin, current_twin, running_twins
from kubestead.site.site import Site

__all__ = ["HostSettings", "Site", "Sources", "Twin", "current_twin", "load_site", "running_twins"]
