//! What may go wrong, and what must go on working.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::demo::stage::{Stage, VMS};
use crate::demo::wait::until;

pub(crate) fn ssh_alive(stage: &Stage) -> Result<String> {
    for vm in VMS {
        let rules = stage.ssh(vm, "sudo meshd capture show")?;
        ensure!(!rules.trim().is_empty(), "{vm} has no capture rules");
    }
    Ok(format!("{} logins with capture on", VMS.len()))
}

/// Kills the process and, from that moment on, asks for a public name, logs in, and calls through the mesh. The
/// script runs on the machine, so that what it measures is the machine's and not the way to it.
const CRASH: &str = r#"
set -eu
now() { date +%s%N | cut -c1-13; }
old=$(systemctl show --property MainPID --value meshd.service)
start=$(now)
kill -9 "$old"
getent hosts www.example.org >/dev/null || { echo "public DNS was lost"; exit 1; }
timeout 5 sh -c 'exec 3<>/dev/tcp/127.0.0.1/22' 2>/dev/null || bash -c 'exec 3<>/dev/tcp/127.0.0.1/22' || { echo "SSH was lost"; exit 1; }
while ! curl --silent --fail --max-time 2 --output /dev/null http://webapp:8080/api/catalog; do
  [ $(( $(now) - start )) -lt 5000 ] || { echo "no traffic after 5 s"; exit 1; }
done
served=$(( $(now) - start ))
while ! curl --silent --fail --max-time 1 --output /dev/null http://127.0.0.1:15021/healthz/ready; do
  [ $(( $(now) - start )) -lt 5000 ] || { echo "not ready after 5 s"; exit 1; }
done
ready=$(( $(now) - start ))
new=$(systemctl show --property MainPID --value meshd.service)
[ "$new" != "$old" ] || { echo "the process was not killed"; exit 1; }
echo "$served $ready"
"#;

pub(crate) fn crash(stage: &Stage) -> Result<String> {
    let said = stage.sh("forum-vm-1", CRASH)?;
    let times: Vec<u64> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [served, ready] = times[..] else {
        anyhow::bail!("the machine said {said:?}")
    };
    ensure!(
        served <= 2000 && ready <= 2000,
        "traffic after {served} ms, ready after {ready} ms"
    );
    stage.ssh("forum-vm-1", "true")?;
    Ok(format!("traffic again after {served} ms, ready after {ready} ms"))
}

/// The machine restarts; nobody helps.
pub(crate) fn reboot(stage: &Stage) -> Result<String> {
    let vm = "forum-vm-2";
    let boot_id = "cat /proc/sys/kernel/random/boot_id; stat -c %Z /proc/1";
    let before = stage.ssh(vm, boot_id)?;
    // The login may end before the command does: what counts is that the machine comes back as another boot.
    let _ = stage.ssh(vm, "sudo systemctl reboot");
    let again = || {
        let now = stage.ssh(vm, boot_id)?;
        ensure!(now != before, "still the old boot");
        Ok(())
    };
    let ((), booted) = until(Duration::from_secs(60), again)?;
    let call = || {
        stage.ssh(vm, "curl --silent --show-error --fail --max-time 5 --output /dev/null http://webapp:8080/api/catalog")
    };
    let (_, called) = until(Duration::from_secs(60), call)?;
    let served = || {
        stage.sh("webapp", "seq 30 | xargs -I% curl --silent --max-time 5 'http://forum:8080/api/posts?%' | grep -q forum-vm-2")
    };
    let (_, served) = until(Duration::from_secs(60), served)?;
    Ok(format!(
        "SSH after {:.1} s, calls after {:.1} s more, served after {:.1} s more",
        booted.as_secs_f32(),
        called.as_secs_f32(),
        served.as_secs_f32()
    ))
}
