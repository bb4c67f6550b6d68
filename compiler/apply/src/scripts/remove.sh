# Removes meshd and says what is left of it. Arguments: home prefix
home=$1 prefix=$2
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C; export PATH LC_ALL
left() { echo "meshc left $*"; }
if [ ! -e "$home" ] && [ ! -L "$home" ] && ! id meshd >/dev/null 2>&1 && [ ! -e "$prefix/etc/meshd" ]; then
  echo "meshc nothing"; exit 0
fi
if [ -e "$home/current" ] || [ -e "$home/installed.json" ]; then
  program=$home/current/meshd
  for other in "$home"/previous/meshd "$(command -v meshd)" "$home"/releases/*/meshd; do
    [ -x "$program" ] || program=$other
  done
  [ -x "$program" ] || { echo "meshc broken"; exit 1; }
  "$program" remove --format json </dev/null || exit $?
fi
# A transfer that was never put in force, or what is not meshd's to know.
for rest in "$home"/* "$home"/.[!.]*; do
  case ${rest##*/} in store|incoming) rm -rf "$rest" ;; esac
done
rmdir "$home" 2>/dev/null
for path in "$home" "$prefix/etc/meshd" "$prefix/usr/local/bin/meshd" "$prefix/etc/systemd/resolved.conf.d/50-meshd.conf"; do
  if [ -e "$path" ] || [ -L "$path" ]; then left "$path"; fi
done
for path in "$prefix"/etc/systemd/system/meshd* "$prefix"/etc/systemd/system/*/meshd*; do
  if [ -e "$path" ] || [ -L "$path" ]; then left "$path"; fi
done
id meshd >/dev/null 2>&1 && left "user meshd"
command -v systemctl >/dev/null 2>&1 && systemctl list-units --all --plain --no-legend 'meshd*' 2>/dev/null |
  while read -r unit load active _; do
    if [ "$load" = loaded ] || [ "$active" = active ]; then left "unit $unit"; fi
  done
command -v nft >/dev/null 2>&1 && nft list table inet meshd >/dev/null 2>&1 && left "nftables table inet meshd"
for save in iptables-save ip6tables-save; do
  command -v $save >/dev/null 2>&1 && $save 2>/dev/null | grep -q MESHD_ && left "chains MESHD_* in $save"
done
echo "meshc removed"
