# Receives blobs as a tar stream, checks their digests, moves them into the store and stages a release.
# Arguments: home release program. In the stream: `<sha256>` or `<sha256>.tail`, `want` (for sha256sum), bundle.json.
home=$1 release=$2 program=$3
parts=$home/incoming/parts
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C; export PATH LC_ALL
umask 077
say() { echo "meshc $*"; }
# Nothing of ours stays on a machine on which nothing was before.
tidy() { cd / && rm -rf "$parts" && rmdir "$home/incoming" "$home/store" "$home" 2>/dev/null; }
[ -d "$home" ] || mkdir -p -m 0755 "$home" || { say failed "cannot make $home"; exit 1; }
mkdir -p "$home/store" "$parts" && cd "$parts" || { say failed "cannot make $parts"; tidy; exit 1; }
if command -v flock >/dev/null 2>&1; then
  exec 9<"$parts" && flock -n 9 || { say busy; exit 1; }
fi
rm -f ./*.tail want bundle.json
complaint=$(tar -xf - --no-same-owner 2>&1); status=$?
for tail in ./*.tail; do
  [ -f "$tail" ] || continue
  cat "$tail" >>"${tail%.tail}" || { complaint="No space left on device"; status=1; }
  rm -f "$tail"
done
case $complaint in
  # tar names a short write by its length alone.
  *"No space left"*|*"Disk quota"*|*"Wrote only"*)
    say full "$(df -Pk "$home" | sed -n '$s/.* \([0-9][0-9]*\)  *[0-9-]*% .*/\1/p')"; tidy; exit 1 ;;
esac
if [ -f want ]; then
  good=$(sha256sum -c want 2>/dev/null | sed -n 's/: OK$//p')
  for blob in $good; do mv -f "$blob" "$home/store/" || { say failed "cannot move $blob"; exit 1; }; done
fi
[ "$status" = 0 ] || { say failed "$complaint"; exit 1; }
# All of it came, so what is left has the wrong bytes and is of no use.
while read -r blob _; do
  [ -f "$home/store/$blob" ] || { rm -f "$blob"; damaged="$damaged $blob"; }
done <want
[ -z "$damaged" ] || { say damaged $damaged; exit 1; }
stage=$home/incoming/$release
rm -rf "$stage" && mkdir "$stage" && mv bundle.json "$stage/" || { say failed "cannot stage $release"; exit 1; }
# The release in force may be another name of the same file, and its user has to run it.
chmod 0755 "$home/store/$program"
ln "$home/store/$program" "$stage/meshd" 2>/dev/null || cp "$home/store/$program" "$stage/meshd" || {
  rm -rf "$stage"; say full; exit 1; }
rm -f want
say staged
