//! What a machine looks like: taken before anything is installed and after all is removed, the two must be equal.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::stage::Stage;

/// Lists files with owner, mode and digest, users, rules, units and the resolver's settings. Left out is what changes on
/// any running machine: logs, the journal, caches, what systemd and the database keep for themselves.
const SCRIPT: &str = r#"
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
systemctl list-units --all --no-legend --no-pager 'meshd*'
systemctl list-units --failed --no-legend --no-pager
echo '# resolver'
cat /etc/resolv.conf; resolvectl dns; resolvectl domain
"#;

/// Takes the footprint of a machine.
pub(super) fn take(stage: &Stage, machine: &str) -> Result<String> {
    stage.sh(machine, SCRIPT)
}

/// Compares two footprints; the lines that differ are the error.
pub(super) fn compare(before: &str, after: &str) -> Result<()> {
    let lines = |text: &'_ str| -> BTreeSet<String> { text.lines().map(str::to_owned).collect() };
    let (before, after) = (lines(before), lines(after));
    let gone = before.difference(&after).map(|line| format!("- {line}"));
    let new = after.difference(&before).map(|line| format!("+ {line}"));
    let differences: Vec<_> = gone.chain(new).take(20).collect();
    if differences.is_empty() {
        Ok(())
    } else {
        bail!("the machine is not as before:\n{}", differences.join("\n"))
    }
}
