#!/bin/bash
# Run on forum-vm: what names of the cluster lead to, and who answers there.
nslookup webapp.istioinaction.svc.cluster.local
# Istio's DNS proxy resolves it to 240.240.0.1

curl -v webapp.istioinaction.svc.cluster.local
curl -H "User-Agent: forum-vm-client/1.0" \
  -H "X-Request-ID: $(uuidgen)" \
  webapp.istioinaction.svc.cluster.local/api/status

dig @127.0.0.1 -p 15053 webapp.istioinaction.svc.cluster.local
# ;; ANSWER SECTION:
# webapp.istioinaction.svc.cluster.local. 30 IN A 240.240.0.1

nslookup webapp.istioinaction.svc.cluster.local
# Server: 127.0.0.53
# Address: 127.0.0.53#53
# Non-authoritative answer:
# Name: webapp.istioinaction.svc.cluster.local
# Address: 240.240.0.1
