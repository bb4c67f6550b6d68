#!/bin/bash
# Run on forum-vm: the firewall and the programs.
sudo apt update && sudo apt install -y curl wget unzip

sudo ufw allow 8080/tcp   # the application
sudo ufw allow 8081/tcp   # health checks
sudo ufw allow 9090/tcp   # metrics
sudo ufw allow 15000/tcp  # Envoy's admin port
sudo ufw allow 15001/tcp  # Envoy, outbound
sudo ufw allow 15006/tcp  # Envoy, inbound
sudo ufw allow 15090/tcp  # Envoy's metrics

ping -c 3 <KUBERNETES_CLUSTER_IP>
telnet <EAST_WEST_GATEWAY_IP> 15012

curl -L https://istio.io/downloadIstio | ISTIO_VERSION=1.17.2 sh -
cd istio-1.17.2

sudo cp bin/istio-proxy /usr/local/bin/
sudo cp bin/pilot-agent /usr/local/bin/

sudo chmod +x /usr/local/bin/istio-proxy
sudo chmod +x /usr/local/bin/pilot-agent

pilot-agent version
istio-proxy version
