"""Numbers by ``make bench``: a fresh cluster by kubestead and by a plain shell script, side by side on one twin."""
