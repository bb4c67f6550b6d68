# Tells what this machine is and has, one fact a line. Changes nothing.
# Given: home prefix releases units paths sums blobs ports
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C; export PATH LC_ALL
echo "meshc facts"
current=$(readlink "$home/current" 2>/dev/null); current=${current##*/}
echo "release ${current:-none}"
[ -e "$home/unconfirmed.json" ] && echo "unconfirmed"
[ -d /run/systemd/system ] && echo "booted systemd"
for unit in $units; do names="$names $unit"; done
if command -v systemctl >/dev/null 2>&1; then
  set -- $names systemd-resolved.service
  systemctl is-active "$@" 2>/dev/null | while read -r state; do echo "unit $1 $state"; shift; done
fi
same=no
for release in $releases; do [ "$release" = "$current" ] && same=yes; done
drift=no
if [ "$same" = yes ]; then
  set -f
  for path in $paths; do
    theirs=$home/current/rootfs$path
    [ "$prefix$path" -ef "$theirs" ] || cmp -s "$prefix$path" "$theirs" || { echo "drift $path"; drift=yes; }
  done
  set +f
  # A change through the link is one of the release itself.
  changed=$(cd "$home/current/rootfs" && printf %s "$sums" | sha256sum -c 2>/dev/null | sed -n 's/^\.\(.*\): FAILED.*/drift \1/p')
  [ -z "$changed" ] || { echo "$changed"; drift=yes; }
fi
echo "arch $(uname -m)"
[ "$same$drift" = yesno ] && [ "$full" != yes ] && { echo "end"; return 0; }
echo "kernel $(uname -r)"
echo "clock $(date +%s)"
version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
echo "systemd ${version:-none}"
command -v nft >/dev/null 2>&1 && echo "has nft"
command -v iptables-restore >/dev/null 2>&1 && echo "has iptables"
command -v sha256sum >/dev/null 2>&1 && echo "has sha256sum"
command -v tar >/dev/null 2>&1 && echo "has tar"
echo "resolvconf $(readlink -f /etc/resolv.conf 2>/dev/null)"
grep -q '^nameserver[[:space:]]*127\.0\.0\.53' /etc/resolv.conf 2>/dev/null && echo "has stub"
place=$home
while [ ! -d "$place" ]; do place=${place%/*}; [ -n "$place" ] || place=/; done
echo "free $(df -Pk "$place" 2>/dev/null | sed -n '$s/.* \([0-9][0-9]*\)  *[0-9-]*% .*/\1/p')"
for blob in $blobs; do
  [ -f "$home/store/$blob" ] && { echo "blob $blob"; continue; }
  part=$home/incoming/parts/$blob
  [ -f "$part" ] && echo "part $blob $(wc -c <"$part" | tr -d ' ')"
done
sockets() { ss -H -lntu$1 2>/dev/null | grep -E ":($ports)[[:space:]]"; }
[ -n "$(sockets)" ] && sockets p | sed 's/^/listen /'
if [ -f "$home/current/bundle.json" ]; then echo "bundle"; cat "$home/current/bundle.json"; echo; fi
echo "end"
