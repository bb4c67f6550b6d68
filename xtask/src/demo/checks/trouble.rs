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

/// Kills the process. From before that moment until after the return, the machine asks for a public name, past the
/// resolver's cache, and reads the SSH server's greeting, again and again: not one may fail. It runs on the machine, so
/// that what it measures is the machine and not the way to it.
const CRASH: &str = r#"
set -u
now() { date +%s%N | cut -c1-13; }
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
watch() { # NAME COMMAND: repeats COMMAND until told to stop, counts, notes failures
  while [ ! -e "$folder/stop" ]; do
    sh -c "$2" >/dev/null 2>"$folder/$1.error" || { echo "$1 was lost: $(cat "$folder/$1.error")" >>"$folder/lost"; return; }
    echo >>"$folder/$1"
  done
}
watch dns 'timeout 5 resolvectl query --cache=no --legend=no www.example.org' &
watch ssh 'timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/22; read -r -n 4 -u 3 greeting; [ \"\$greeting\" = SSH- ]"' &
until [ -s "$folder/dns" ] && [ -s "$folder/ssh" ] || [ -e "$folder/lost" ]; do :; done
old=$(systemctl show --property MainPID --value meshd.service)
start=$(now)
kill -9 "$old"
until curl --silent --fail --max-time 2 --output /dev/null http://webapp:8080/api/catalog || [ $(( $(now) - start )) -gt 5000 ]; do :; done
served=$(( $(now) - start ))
until curl --silent --fail --max-time 1 --output /dev/null http://127.0.0.1:15021/healthz/ready || [ $(( $(now) - start )) -gt 5000 ]; do :; done
ready=$(( $(now) - start ))
touch "$folder/stop"; wait
[ -e "$folder/lost" ] && { cat "$folder/lost"; exit 1; }
new=$(systemctl show --property MainPID --value meshd.service)
[ "$new" != "$old" ] || { echo "the process was not killed"; exit 1; }
echo "$served $ready $(wc -l <"$folder/dns") $(wc -l <"$folder/ssh")"
"#;

pub(crate) fn crash(stage: &Stage) -> Result<String> {
    let said = stage.sh("forum-vm-1", CRASH)?;
    let numbers: Vec<u64> = said
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [served, ready, names, greetings] = numbers[..] else {
        anyhow::bail!("the machine said {said:?}")
    };
    ensure!(
        served <= 2000 && ready <= 2000,
        "traffic after {served} ms, ready after {ready} ms"
    );
    stage.ssh("forum-vm-1", "true")?;
    Ok(format!(
        "traffic again after {served} ms; meanwhile {names} public names resolved and {greetings} times SSH answered, none lost"
    ))
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
