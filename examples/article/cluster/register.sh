#!/bin/bash
# Run where kubectl reaches the cluster: what the machine needs to join.
istioctl x workload entry configure \
  -f forum-vm-workloadgroup.yaml \
  --name forum-vm-1 \
  --namespace istioinaction \
  --autoregister

# A token for the machine.
kubectl create token forum \
  --namespace istioinaction \
  --duration=24h > token

# The root certificate.
kubectl get configmap istio-ca-root-cert -n istio-system -o jsonpath='{.data.root-cert\.pem}' > root-cert.pem

scp token root-cert.pem forum-vm:/tmp/
