# Reads what kubestead.facts.health.ClusterHealth asks of the API; exits with 0 when kubestead.health would find nothing.
# Variable `nodes`: the names of the nodes that must be there, separated by spaces.
BEGIN { FS = "\t"; bad = cilium = 0 }
{ kind = $1; name = $2; ready = $3; node = $4 }
kind == "Node" { is_ready[name] = (ready == "True"); count++ }
kind == "Deployment" { workload($6, $7, $11) }
kind == "DaemonSet" { workload($8, $9, $10) }
kind == "Pod" && node != "" && ready != "True" && name ~ ("-" node "$") { bad = 1 }
function workload(wanted, there, updated) {
  if ($12 != $13) there = 0
  if (there + 0 < wanted + 0 || updated + 0 < wanted + 0) bad = 1
  if (name == "cilium") { cilium = 1; if (wanted + 0 == 0) bad = 1 }
}
END {
  expected = split(nodes, names, " ")
  for (i = 1; i <= expected; i++) if (!is_ready[names[i]]) bad = 1
  exit (bad || !cilium || !count)
}
