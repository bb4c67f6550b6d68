#!/bin/sh
# Stands in for meshd where a test may not change this machine: it keeps the same folders below a root of its own.
home=@HOME@ prefix=@PREFIX@
current=$(readlink "$home/current" 2>/dev/null); current=${current##*/}; current=${current:-none}
refuse() { printf '{"ok":false,"release":null,"changed":false,"steps":[],"error":{"what":"%s","cause":"%s","remedy":"%s"}}\n' "$1" "$2" "$3"; exit 1; }
case $1 in
install)
  dir=$2 expect=$6
  [ "$expect" = "$current" ] || refuse "install the release" "another release came meanwhile" "plan again"
  [ -e "$prefix/gate-fails" ] && refuse "check ready" "it answers 503" "look at the application"
  release=$(sha256sum "$dir/bundle.json" | cut -d' ' -f1)
  into=$home/releases/$release
  rm -rf "$into"; mkdir -p "$into/rootfs"
  cp "$dir/bundle.json" "$into/"; cp "$dir/meshd" "$into/meshd"
  tr -d ' ",' <"$dir/bundle.json" | sed -n 's/^path://p; s/^sha256://p' | while read -r path && read -r sha; do
    mkdir -p "$into/rootfs${path%/*}" "$prefix${path%/*}"
    cp "$home/store/$sha" "$into/rootfs$path" || exit 1
    ln -sfn "$home/current/rootfs$path" "$prefix$path"
  done
  [ "$current" = none ] || ln -sfn "releases/$current" "$home/previous"
  ln -sfn "releases/$release" "$home/current"
  # Put in force, but nothing is heard of it: as if the new rules had cut the session off.
  if [ -e "$prefix/cut-off" ]; then rm "$prefix/cut-off"; touch "$home/unconfirmed.json"; exec sleep 20 >/dev/null; fi
  echo "{\"ok\":true,\"release\":\"$release\",\"changed\":true,\"steps\":[]}" ;;
confirm)
  [ "$2" = "$current" ] || refuse "not confirmed" "$current is in force" "apply again"
  echo "$2" >"$home/confirmed"; rm -f "$home/unconfirmed.json"
  echo '{"ok":true,"changed":false,"steps":[]}' ;;
rollback)
  if [ -L "$home/previous" ]; then ln -sfn "$(readlink "$home/previous")" "$home/current"; rm "$home/previous"
  else rm -rf "$home/current" "$home/releases" "$prefix/etc"; fi
  echo '{"ok":true,"changed":true,"steps":[]}' ;;
remove)
  rm -rf "$prefix/etc" "$home/current" "$home/previous" "$home/releases" "$home/confirmed" "$home/unconfirmed.json"
  echo '{"ok":true,"changed":true,"steps":[]}' ;;
esac
