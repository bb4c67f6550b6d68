#!/bin/bash
# Run where kubectl reaches the cluster: a place for traces.
kubectl apply -f https://raw.githubusercontent.com/istio/istio/release-1.17/samples/addons/jaeger.yaml
kubectl get pods -n istio-system | grep jaeger
kubectl port-forward -n istio-system svc/jaeger 16686:16686 &
