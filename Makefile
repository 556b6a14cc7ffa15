# The two commands are `make lab` and `make test`. Every target can be run again at any point: what is done is not
# done again.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help lab setup packages components twin cluster state clean-lab check test test-pure test-twin test-long
.PHONY: test-faults test-crash test-switch test-upgrade test-mesh
.PHONY: bench bench-scale bench-cilium

# Where the components come from: auto, gomod (Go modules) or upstream (the vendors' own downloads).
SOURCE ?= auto
export PATH := $(PATH):/usr/sbin:/sbin
# Root's part is the twin's: namespaces, mounts and cgroups. The mirror is built as root too, so that both share a cache.
KUBESTEAD := tools/as-root.sh .venv/bin/kubestead
say = @printf '\n==> %s\n' '$(1)'

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' Makefile

lab: setup components twin cluster state ## build everything and a real three-node cluster on this machine

setup: packages .venv/synced ## install system packages and the virtual environment

packages:
	$(call say,system packages: one or two minutes the first time)
	@tools/packages.sh

.venv/synced: uv.lock pyproject.toml tools/venv.sh | packages
	$(call say,virtual environment: about a minute the first time)
	@tools/venv.sh
	@touch $@

components: setup ## build or fetch the components into the mirror (over 20 minutes the first time on two cores)
	$(call say,components from source "$(SOURCE)": Go builds take over 20 minutes the first time on two cores; seconds after that)
	@$(KUBESTEAD) mirror build --from $(SOURCE)

twin: setup ## start the twin: three hosts on a network of their own
	$(call say,twin: about two minutes the first time; seconds after that)
	@$(KUBESTEAD) twin up --source $(SOURCE)

cluster: setup ## build or repair the cluster on the twin
	$(call say,cluster: a few minutes on bare hosts; seconds when there is nothing to do)
	@$(KUBESTEAD) twin exec -- .venv/bin/pyinfra -y inventory/lab.py deploys/cluster.py

state: setup ## show the cluster's nodes and pods
	$(call say,the state of the cluster)
	@$(KUBESTEAD) twin ssh k8s-cp kubectl --kubeconfig=/etc/kubernetes/admin.conf get nodes --output=wide
	@$(KUBESTEAD) twin ssh k8s-cp kubectl --kubeconfig=/etc/kubernetes/admin.conf get pods --all-namespaces --output=wide

clean-lab: setup ## take the twin down; the caches stay
	$(call say,twin: down)
	@$(KUBESTEAD) twin down

check: setup ## lint, formatting and types
	$(call say,ruff and mypy)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

test-pure: setup ## the tests that need no twin
	$(call say,tests without the twin)
	@.venv/bin/pytest -m "not twin and not twin_long"

test-twin: setup ## the tests on the twin
	$(call say,tests on the twin)
	@tools/twin-tests.sh

test-long: setup ## the tests on twins of their own that take minutes each; not part of `make test`
	$(call say,long tests on the twin)
	@tools/as-root.sh .venv/bin/pytest -m "twin_long and not fault and not crash and not switch" -p no:cacheprovider

test-mesh: setup ## two clusters in a mesh on a twin of their own: pods, a shared service, a cluster without power, native routing
	$(call say,two meshed clusters on the twin: about thirteen minutes)
	@tools/as-root.sh .venv/bin/pytest -p no:cacheprovider -m twin_long tests/twin/test_mesh.py tests/twin/test_mesh_native.py

test-faults: setup ## break and mend hosts of the twin in every way there is; goes on where it stopped, on one commit
	$(call say,every fault on the twin: about a minute each)
	@tools/as-root.sh .venv/bin/pytest -m fault -p no:cacheprovider tests/twin/test_faults.py
	@.venv/bin/python -m tests.twin.proof

test-crash: setup ## kill runs at over fifty points and see the next one converge; goes on where it stopped, on one commit
	$(call say,killed runs on the twin: about two minutes each)
	@tools/as-root.sh .venv/bin/pytest -m crash -p no:cacheprovider tests/twin/test_crash.py
	@.venv/bin/python -m tests.twin.crashproof

test-switch: setup ## switch a running Cilium in every way, with a probe at work; goes on where it stopped, on one commit
	$(call say,switches of Cilium on the twin: two or three minutes each)
	@tools/as-root.sh .venv/bin/pytest -m switch -p no:cacheprovider tests/twin/test_cilium_switch.py tests/twin/test_cilium_pool.py
	@.venv/bin/python -m tests.twin.switching.results

test-upgrade: setup ## upgrade a cluster from Cilium 1.18.3 to the present one, with a probe at work; builds the older one once
	$(call say,an upgrade of Cilium on the twin: about five minutes; the first time the older one is built, over 10 more)
	@tools/as-root.sh nice -n 19 .venv/bin/python -m tests.twin.switching.older
	@tools/as-root.sh .venv/bin/pytest -m switch -p no:cacheprovider tests/twin/test_cilium_upgrade.py
	@.venv/bin/python -m tests.twin.switching.results

test: check test-pure test-twin ## everything that CI runs
	@printf '\n==> make test: all passed\n'

# Rounds of `make bench`; each builds the cluster twice and takes about six minutes on two cores, the first about nine: an
# ansible playbook builds it too (docs/performance.md).
ROUNDS ?= 3

bench-scale: setup ## take the numbers with 5 and 50 workers, dead and far ones, on a light twin (kubeadm simulated)
	$(call say,numbers at scale: about 20 minutes on a light twin of its own; nothing else should run meanwhile)
	@tools/as-root.sh .venv/bin/python -m bench.scale --source $(SOURCE)

bench: setup ## take the numbers: fresh clusters beside a shell script, second runs beside ansible, memory; on an idle machine
	$(call say,numbers: $(ROUNDS) rounds of about six minutes on a twin of their own; nothing else should run meanwhile)
	@tools/as-root.sh .venv/bin/python -m bench.run --rounds $(ROUNDS) --source $(SOURCE)

# Some modes only: MODES="vxlan native". Here a round builds a cluster in each of them and measures it REPEATS times.
MODES ?=
REPEATS ?= 3

bench-cilium: ROUNDS = 1
bench-cilium: setup ## take the numbers of Cilium's modes: throughput, latency, connections, the agents' memory
	$(call say,modes of Cilium: two to three minutes each on a twin of their own; nothing else should run meanwhile)
	@tools/as-root.sh .venv/bin/python -m bench.cilium --rounds $(ROUNDS) --repeats $(REPEATS) $(MODES:%=--mode %) --source $(SOURCE)
