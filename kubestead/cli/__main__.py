from kubestead.cli import main

main()
