#!/bin/bash
# Run on forum-vm: the agent's files and its unit.
sudo mkdir -p /etc/istio/config
sudo mkdir -p /var/lib/istio/envoy
sudo mkdir -p /etc/certs
sudo mkdir -p /var/run/secrets/tokens

sudo tee /var/lib/istio/envoy/cluster.env <<EOF
ISTIO_SERVICE_CIDR=10.96.0.0/12
ISTIO_INBOUND_PORTS=8080,8081,9090
ISTIO_LOCAL_EXCLUDE_PORTS=15000,15001,15006,15090
ISTIO_NAMESPACE=istioinaction
SERVICE_ACCOUNT=forum
ISTIO_META_WORKLOAD_NAME=forum-vm-1
ISTIO_META_OWNER=kubernetes://apis/networking.istio.io/v1alpha3/namespaces/istioinaction/workloadentries/forum-vm-1
ISTIO_META_MESH_ID=cluster.local
ISTIO_META_CLUSTER_ID=Kubernetes
ISTIO_META_NETWORK=vm-network
PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION=true
PILOT_ENABLE_CROSS_CLUSTER_WORKLOAD_ENTRY=true
EOF

sudo tee /etc/istio/config/mesh.yaml <<EOF
defaultConfig:
  discoveryAddress: <EAST_WEST_GATEWAY_IP>:15012
  proxyMetadata:
    PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION: true
    ISTIO_META_DNS_CAPTURE: true
    ISTIO_META_DNS_AUTO_ALLOCATE: true
trustDomain: cluster.local
EOF

sudo cp /tmp/root-cert.pem /etc/certs/
sudo cp /tmp/token /var/run/secrets/tokens/istio-token
sudo chmod 600 /var/run/secrets/tokens/istio-token

sudo tee /etc/systemd/system/istio.service <<EOF
[Unit]
Description=Istio Pilot Agent
After=network.target

[Service]
Type=simple
User=root
Environment="PILOT_ENABLE_WORKLOAD_ENTRY_AUTOREGISTRATION=true"
Environment="CA_ADDR=<EAST_WEST_GATEWAY_IP>:15012"
Environment="PILOT_CERT_PROVIDER=istiod"
Environment="ISTIO_META_AUTO_REGISTER_GROUP=forum-vm"
ExecStart=/usr/local/bin/pilot-agent proxy
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
EOF

sudo systemctl daemon-reload
sudo systemctl enable istio
sudo systemctl start istio
sudo systemctl status istio
