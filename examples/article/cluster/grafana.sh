#!/bin/bash
# Run where kubectl reaches the cluster: a dashboard, and the queries on it.
kubectl apply -f https://raw.githubusercontent.com/istio/istio/release-1.17/samples/addons/grafana.yaml
kubectl port-forward -n istio-system svc/grafana 3000:3000 &

cat > /tmp/vm-metrics-queries.promql <<'EOF'
# Requests a second of every machine
sum(rate(istio_requests_total{destination_workload="forum-vm"}[5m])) by (destination_workload_namespace, destination_workload, source_workload)

# How long they take
histogram_quantile(0.99,
  sum(rate(istio_request_duration_milliseconds_bucket{destination_workload="forum-vm"}[5m]))
  by (destination_workload, le)
)

# How many fail
sum(rate(istio_requests_total{destination_workload="forum-vm",response_code!~"2.."}[5m]))
/
sum(rate(istio_requests_total{destination_workload="forum-vm"}[5m])) * 100

# Memory of Envoy
envoy_server_memory_allocated_bytes{instance=~".*forum-vm.*"}

# Open connections
envoy_cluster_upstream_cx_active{cluster_name=~".*forum.*"}
EOF
