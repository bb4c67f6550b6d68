#!/bin/bash
# Run on every forum-vm: settings for more load.
sudo sysctl -w net.core.somaxconn=32768
sudo sysctl -w net.core.netdev_max_backlog=5000
sudo sysctl -w net.ipv4.tcp_max_syn_backlog=8192
sudo sysctl -w net.ipv4.tcp_fin_timeout=30

echo "* soft nofile 65536" | sudo tee -a /etc/security/limits.conf
echo "* hard nofile 65536" | sudo tee -a /etc/security/limits.conf

# Memory of the proxy, in cluster.env.
echo "PILOT_ENABLE_WORKLOAD_ENTRY_MEMORY_OPTIMIZATION=true" | sudo tee -a /var/lib/istio/envoy/cluster.env

sudo tee /etc/systemd/system/istio.service.d/resource-limits.conf <<EOF
[Service]
MemoryMax=1G
CPUQuota=200%
EOF

sudo systemctl daemon-reload
sudo systemctl restart istio
