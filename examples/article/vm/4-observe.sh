#!/bin/bash
# Run on forum-vm: what the proxy tells of itself.
curl localhost:15000/ready
curl localhost:15000/stats/prometheus | grep envoy_server_state
curl localhost:15000/clusters | grep outbound
curl localhost:15000/certs
sudo journalctl -u istio -f

curl localhost:15000/certs | jq '.certificates[] | {uri, valid_from, valid_to}'
curl localhost:15000/stats | grep ssl

for i in {1..10}; do
  TRACE_ID=$(openssl rand -hex 16)
  SPAN_ID=$(openssl rand -hex 8)

  curl -H "x-trace-id: ${TRACE_ID}" \
    -H "x-span-id: ${SPAN_ID}" \
    -H "x-b3-traceid: ${TRACE_ID}" \
    -H "x-b3-spanid: ${SPAN_ID}" \
    -H "x-b3-sampled: 1" \
    webapp.istioinaction.svc.cluster.local/api/catalog

  echo "Trace ID: ${TRACE_ID}"
  sleep 2
done
