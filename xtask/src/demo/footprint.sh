set -u
find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log \
  -o -path /var/cache -o -path /var/lib/systemd -o -path /var/lib/mysql -o -path /var/lib/private -o -path /root -o -path /home \) -prune \
  -o \( -type f -o -type l -o -type d \) -printf '%y %M %U:%G %p -> %l\n' | LC_ALL=C sort
find /etc -xdev -type f -exec sha256sum {} + | LC_ALL=C sort -k2
echo '# rules'
nft list ruleset 2>/dev/null | sed -E 's/packets [0-9]+ bytes [0-9]+//'
for tool in iptables-save ip6tables-save; do $tool 2>/dev/null | grep -v '^#' | sed -E 's/\[[0-9]+:[0-9]+\]//' ; done
echo '# users'
getent passwd; getent group
echo '# units'
systemctl list-unit-files --no-legend --no-pager | LC_ALL=C sort
# Whether a timer's service runs just now is chance.
systemctl list-units --all --no-legend --no-pager 'meshd*' | grep -v meshd-capture-look | tr -s ' '
systemctl list-units --failed --no-legend --no-pager
echo '# resolver'
cat /etc/resolv.conf; resolvectl dns; resolvectl domain
