#!/bin/bash
# Run where kubectl reaches the cluster: Istio with a gateway for other networks.
istioctl install --set values.pilot.env.EXTERNAL_ISTIOD=true \
  --set values.global.meshID=mesh1 \
  --set values.global.network=network1 \
  --set values.istiodRemote.enabled=true

kubectl get pods -n istio-system
kubectl get gw,vs -A
kubectl get svc -n istio-system istio-eastwestgateway
