"""``python -m kubestead.cli``: the command from a plain checkout."""

from kubestead.cli.main import main

main()
