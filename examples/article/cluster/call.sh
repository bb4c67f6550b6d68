#!/bin/bash
# Run where kubectl reaches the cluster: calls to the machines.
kubectl run test-client --image=curlimages/curl --rm -it --restart=Never -- sh

# In the pod.
curl forum.istioinaction.svc.cluster.local:8080
curl forum.istioinaction.svc.cluster.local:8081/health

for i in {1..10}; do
  curl -s forum.istioinaction.svc.cluster.local:8081/health | jq -r '.instance_id'
  sleep 1
done
