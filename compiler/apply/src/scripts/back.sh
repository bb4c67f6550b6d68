# Takes back a release that was not confirmed. Argument: home
home=$1
"$home/current/meshd" rollback --format json </dev/null
status=$?
if [ ! -e "$home/current" ] && [ ! -e "$home/installed.json" ]; then
  rm -rf "$home/store" "$home/incoming"; rmdir "$home" 2>/dev/null
fi
exit $status
