#!/bin/bash
# Run on every forum-vm: the application.
curl -fsSL https://deb.nodesource.com/setup_18.x | sudo -E bash -
sudo apt-get install -y nodejs

export INSTANCE_ID="vm-$(hostname | cut -d'-' -f3)"
node /tmp/forum-app.js &

sudo tee /etc/systemd/system/forum-app.service <<EOF
[Unit]
Description=Forum Application
After=network.target

[Service]
Type=simple
User=ubuntu
Environment="INSTANCE_ID=vm-$(hostname | cut -d'-' -f3)"
ExecStart=/usr/bin/node /tmp/forum-app.js
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
EOF

sudo systemctl enable forum-app
sudo systemctl start forum-app
sudo systemctl status forum-app
