# Lets meshd put a staged release in force. Arguments: home release program seconds expect
home=$1 release=$2 stage=$1/incoming/$2
[ -x "$stage/meshd" ] || { echo "the staged release is gone" >&2; exit 1; }
"$home/store/$3" install "$stage" --confirm-within "$4" --expect "$5" --format json </dev/null
status=$?
rm -rf "$stage"
rmdir "$home/incoming/parts" "$home/incoming" 2>/dev/null
# A first release that did not come into force leaves nothing behind.
if [ "$status" != 0 ] && [ ! -e "$home/current" ] && [ ! -e "$home/installed.json" ]; then
  rm -rf "$home/store" "$home/incoming"; rmdir "$home" 2>/dev/null
fi
exit $status
