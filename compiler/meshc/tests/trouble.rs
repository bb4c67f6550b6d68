//! What goes wrong on really booted machines: what the user does, what the user is told, and that nothing is left of it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

mod booted;

use std::time::Instant;

use booted::Booted;

const VM_1: &str = "forum-vm-1";
const VM_2: &str = "forum-vm-2";
const VM_3: &str = "forum-vm-3";
const DB: &str = "forum-db-1";
/// A request from a machine, through the mesh, to a pod.
const CALL: &str = "curl --silent --fail --max-time 5 --output /dev/null http://webapp:8080/api/catalog";

#[test]
fn trouble() {
    let Some(lab) = Booted::up() else { return };
    let begin = Instant::now();
    let clean = [VM_1, VM_2, VM_3, DB].map(|machine| (machine, lab.footprint(machine)));
    for scene in SCENES {
        println!("{:5.1} s  {}", begin.elapsed().as_secs_f64(), scene.0);
        (scene.1)(&lab);
    }
    println!(
        "{:5.1} s  everything is removed, twice, and one machine is down",
        begin.elapsed().as_secs_f64()
    );
    removed_and_gone(&lab, &clean);
    println!("{:5.1} s  done", begin.elapsed().as_secs_f64());
}

type Scene = (&'static str, fn(&Booted));

const SCENES: &[Scene] = &[
    (
        "machines that let nobody in, and a port that is taken",
        closed_machines,
    ),
    (
        "a full disk, another mesh's rules, an application that is down",
        unfit_machines,
    ),
    (
        "all is well, and a second time there is nothing to do",
        all_is_well,
    ),
    (
        "the operator's computer dies after the switch",
        the_operator_is_gone,
    ),
    ("the release locks the operator out", the_operator_is_locked_out),
    (
        "files are damaged on a running machine and over a restart",
        damaged_files,
    ),
    ("meshd cannot be started any more", a_crash_loop),
    ("releases and restarts under load", under_load),
    ("nft goes away while its rules are loaded", without_nft),
    ("a machine is tuned, and is not any more", tuned),
    ("another program flushes the rules", without_rules),
];

/// Each machine that fails is named with its cause and what to do, and is left as it was; the others go on.
fn closed_machines(lab: &Booted) {
    lab.sh(VM_1, "cd /etc/ssh && mkdir /root/keys && mv ssh_host_ed25519_key* /root/keys && ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key");
    lab.sh(VM_2, "mkdir /root/sudoers && mv /etc/sudoers.d/* /root/sudoers");
    lab.sh(
        VM_3,
        "systemd-run --quiet --unit squatter python3 -m http.server 15006",
    );
    lab.until(VM_3, "ss -Hlnt 'sport = :15006' | grep -q .");
    let before = [VM_1, VM_2, VM_3].map(|machine| (machine, lab.footprint(machine)));

    let run = lab.apply("out", &[]);
    assert_eq!(run.code, Some(1), "{}", run.said);
    says(
        &run.of(VM_1),
        &["its host key is", "known_hosts", "ssh-keygen -f"],
    );
    says(&run.of(VM_2), &["no right to act as root", "NOPASSWD"]);
    says(
        &run.of(VM_3),
        &["a port of the mesh is taken", "`python3` listens on 15006"],
    );
    says(&run.of(DB), &["applied"]);
    for (machine, before) in &before {
        lab.is_as(before, machine);
    }
    lab.sh(VM_1, "mv /root/keys/* /etc/ssh/ && rmdir /root/keys");
    lab.sh(VM_2, "mv /root/sudoers/* /etc/sudoers.d/ && rmdir /root/sudoers");
    lab.sh(VM_3, "systemctl stop squatter");
}

/// The health gate fails on a first installation, too: then meshd is gone again.
fn unfit_machines(lab: &Booted) {
    lab.sh(VM_1, "mount -t tmpfs -o size=8m tmpfs /var/lib");
    lab.sh(VM_2, "iptables -t nat -N ISTIO_INBOUND");
    lab.sh(VM_3, "systemctl stop forum.service");
    let before = [VM_1, VM_2, VM_3].map(|machine| (machine, lab.footprint(machine)));

    let run = lab.apply("out", &[]);
    assert_eq!(run.code, Some(1), "{}", run.said);
    says(&run.of(VM_1), &["does not fit", "are needed and", "make room"]);
    says(
        &run.of(VM_2),
        &["rules of another mesh", "ISTIO_INBOUND", "istio-iptables"],
    );
    says(
        &run.of(VM_3),
        &[
            "the application on 8081",
            "start the application",
            "without meshd again",
        ],
    );
    says(&run.of(DB), &["nothing to do"]);
    for (machine, before) in &before {
        lab.is_as(before, machine);
    }
    lab.sh(VM_1, "umount --lazy /var/lib");
    lab.sh(VM_2, "nft delete table ip nat");
    lab.sh(VM_3, "systemctl start forum.service");
}

fn all_is_well(lab: &Booted) {
    let run = lab.apply("out", &[]);
    assert_eq!(run.code, Some(0), "{}", run.said);
    let again = lab.apply("out", &[]);
    assert_eq!(again.said.matches("nothing to do").count(), 4, "{}", again.said);
}

/// meshc is killed between switch and confirmation: the machine goes back by itself, and nothing of the release stays.
fn the_operator_is_gone(lab: &Booted) {
    lab.change_spec("weight=110", "weight=115");
    lab.build("next");
    let before = lab.footprint(VM_1);
    let mut meshc = lab.begin_apply("next", &["--vm", VM_1, "--confirm-within", "5"]);
    lab.until(VM_1, "test -e /var/lib/meshd/unconfirmed.json");
    meshc.kill().unwrap();
    meshc.wait().unwrap();
    lab.until(
        VM_1,
        "! test -e /var/lib/meshd/unconfirmed.json && ! systemctl is-active --quiet meshd-rollback.service",
    );
    lab.until(VM_1, "! test -e /var/lib/meshd/incoming");
    lab.is_as(&before, VM_1);
    lab.until(VM_1, CALL);
}

/// While the release waits for its confirmation nobody can log in: it is taken back through the session that is open.
fn the_operator_is_locked_out(lab: &Booted) {
    lab.sh(VM_1, LOCK_OUT);
    let before = lab.footprint(VM_1);
    let run = lab.apply("next", &["--vm", VM_1]);
    assert_eq!(run.code, Some(1), "{}", run.said);
    says(
        &run.of(VM_1),
        &["no second login after the switch", "taken back at once"],
    );
    lab.is_as(&before, VM_1);
    lab.sh(VM_1, "rm /etc/ssh/sshd_config.d/lock.conf /usr/local/bin/keys /usr/local/share/keys && systemctl reload ssh");
}

/// sshd asks a program for the keys that it accepts, and that one gives none while a release is unconfirmed.
const LOCK_OUT: &str = r#"set -e
cp /home/ubuntu/.ssh/authorized_keys /usr/local/share/keys
printf '#!/bin/sh\ntest -e /var/lib/meshd/unconfirmed.json || cat /usr/local/share/keys\n' > /usr/local/bin/keys
chmod 755 /usr/local/bin/keys
chmod 644 /usr/local/share/keys
printf 'AuthorizedKeysFile none\nAuthorizedKeysCommand /usr/local/bin/keys\nAuthorizedKeysCommandUser nobody\n' > /etc/ssh/sshd_config.d/lock.conf
systemctl reload ssh
"#;

/// What worked goes on and `meshd status` says so; the next apply puts it right.
fn damaged_files(lab: &Booted) {
    lab.sh(
        VM_2,
        "echo '{broken' > /etc/meshd/snapshot.json; echo broken > /etc/meshd/identity/cert-chain.pem",
    );
    lab.until(VM_2, "meshd status | grep -q 'refused .*snapshot.json'");
    lab.until(VM_2, "meshd status | grep -q 'refused .*certificate chain'");
    says(&lab.sh(VM_2, "meshd status"), &["ready        yes"]);
    lab.sh(VM_2, CALL);

    lab.sh(VM_2, "systemctl restart meshd.service");
    lab.until(
        VM_2,
        "meshd status | grep -q '^ready  *no: no identity: the certificate chain'",
    );
    says(&lab.sh(VM_2, "meshd status"), &["snapshot.json"]);
    assert!(
        !lab.sh(VM_2, "meshd status").contains("snapshot     none"),
        "the last one that worked serves"
    );

    let run = lab.apply("out", &["--vm", VM_2]);
    assert_eq!(run.code, Some(0), "{}", run.said);
    says(
        &run.of(VM_2),
        &["/etc/meshd/snapshot.json was changed on the machine", "applied"],
    );
    lab.until(VM_2, CALL);
    lab.until(VM_2, "! meshd status | grep -q refused");
}

/// systemd gives up and takes the rules away: SSH and public names live, and the mesh comes back with its target.
fn a_crash_loop(lab: &Booted) {
    lab.sh(VM_3, BREAK);
    lab.until(VM_3, "! meshd capture show | grep -q .");
    lab.until(VM_3, "getent hosts www.example.org");
    lab.sh("webapp", "nc -w 5 10.10.0.27 22 < /dev/null | grep -q SSH-2.0");
    let run = lab.apply("out", &["--vm", VM_3]);
    assert_eq!(run.code, Some(1), "{}", run.said);
    says(&run.of(VM_3), &["meshd.service", "journalctl -u meshd.service"]);

    lab.sh(VM_3, "rm -r /run/systemd/system/meshd.service.d && systemctl daemon-reload && systemctl start meshd.target");
    lab.until(VM_3, CALL);
    lab.until(
        VM_3,
        "meshd capture show | grep -q . && getent hosts www.example.org",
    );
}

/// From now on the program ends as soon as it is started.
const BREAK: &str = r"
mkdir /run/systemd/system/meshd.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/false\n' > /run/systemd/system/meshd.service.d/broken.conf
systemctl daemon-reload
systemctl restart meshd.service || true
";

/// Not one request of a pod fails while all machines get another release and meshd is restarted again and again.
fn under_load(lab: &Booted) {
    let script = "touch /tmp/go; while [ -e /tmp/go ]; do curl --silent --max-time 20 --output /dev/null \
                  --write-out '%{http_code}\\n' 'http://forum:8080/api/posts?[1-40]'; done | sort | uniq -c";
    let load = lab.begin_sh("webapp", script);
    lab.until("webapp", "test -e /tmp/go");
    let run = lab.apply("next", &[]);
    for _ in 0..3 {
        for machine in [VM_1, VM_2, VM_3] {
            lab.sh(machine, "systemctl restart meshd.service");
        }
    }
    lab.sh("webapp", "rm /tmp/go");
    let counted = load.wait_with_output().unwrap().stdout;
    let counted = String::from_utf8(counted).unwrap();
    assert_eq!(run.code, Some(0), "{}", run.said);
    let codes: Vec<_> = counted.split_whitespace().skip(1).step_by(2).collect();
    assert_eq!(codes, ["200"], "{counted}");
}

/// The rules of a program that is gone are removed all the same, and those of iptables take their place.
fn without_nft(lab: &Booted) {
    lab.sh(
        VM_2,
        "mv /usr/sbin/nft /root/nft && systemctl reload meshd-capture.service",
    );
    let tables = lab.sh(VM_2, "/root/nft list tables");
    assert!(
        tables.contains("table ip nat") && !tables.contains("inet meshd"),
        "{tables}"
    );
    lab.until(VM_2, CALL);
    let run = lab.remove("next", &["--vm", VM_2]);
    assert_eq!(run.code, Some(0), "{}", run.said);
    assert_eq!(lab.sh(VM_2, "mv /root/nft /usr/sbin/nft && nft list ruleset"), "");
}

/// Settings of the kernel, bounds and order hold on the machine, and go with the release that has them.
fn tuned(lab: &Booted) {
    let setting = "sysctl -n net.ipv4.tcp_fin_timeout";
    let before = lab.sh(DB, setting);
    lab.change_spec(
        "health tcp=3306 every=\"5s\"",
        "health tcp=3306 every=\"5s\"
            tune {
                sysctl net.ipv4.tcp_fin_timeout 17
                limit nofile=16384 memory=\"256MiB\" tasks=200
                after \"mariadb.service\"
                before \"late.service\"
            }",
    );
    lab.build("tuned");
    let run = lab.apply("tuned", &["--vm", DB]);
    assert_eq!(run.code, Some(0), "{}", run.said);
    assert_eq!(lab.sh(DB, setting), "17");
    let limits = lab.sh(DB, "cat /proc/$(systemctl show -P MainPID meshd.service)/limits");
    let open: Vec<_> = limits
        .lines()
        .filter(|line| line.starts_with("Max open files"))
        .collect();
    assert_eq!(open[0].split_whitespace().nth(3), Some("16384"), "{limits}");
    // As systemd has read them: machines in namespaces have no controllers of their own.
    let bounds = "systemctl show -P MemoryMax meshd.service; systemctl show -P TasksMax meshd.service";
    assert_eq!(lab.sh(DB, bounds), "268435456\n200");

    // The machine's own service is there first, and what is to wait does.
    lab.sh(DB, LATE);
    lab.sh(
        DB,
        "systemctl stop late.service meshd.target meshd.socket meshd.service mariadb.service",
    );
    lab.sh(DB, "systemctl start --no-block all.target");
    lab.until(
        DB,
        "for unit in late meshd meshd-capture mariadb; do systemctl is-active --quiet $unit.service || exit 1; done",
    );
    let times = lab.sh(
        DB,
        "for unit in mariadb meshd meshd-capture late; do systemctl show -P ActiveEnterTimestampMonotonic $unit.service; done",
    );
    let times: Vec<u64> = times.lines().map(|line| line.parse().unwrap()).collect();
    assert!(times.is_sorted(), "mariadb, meshd, its rules, late: {times:?}");
    lab.sh(
        DB,
        "systemctl stop all.target late.service && rm /run/systemd/system/all.target /run/systemd/system/late.service && systemctl daemon-reload",
    );

    let run = lab.apply("next", &["--vm", DB]);
    assert_eq!(run.code, Some(0), "{}", run.said);
    assert_eq!(lab.sh(DB, setting), before);
    lab.sh(
        DB,
        "! find /etc/sysctl.d /etc/systemd/system -name 50-tune.conf -o -name 50-meshd.conf | grep .",
    );
    let memory = lab.sh(DB, "systemctl show -P MemoryMax meshd.service");
    assert_eq!(memory, "infinity", "no bound is left");
}

/// A unit that does nothing but start, and one that starts everything at once, since only what is to start at the same
/// time is put in order.
const LATE: &str = r"
printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n' > /run/systemd/system/late.service
printf '[Unit]\nWants=late.service meshd.target mariadb.service\n' > /run/systemd/system/all.target
systemctl daemon-reload
";

/// What nothing tells is seen within the minute, and a reload puts it right.
fn without_rules(lab: &Booted) {
    let figure = |value: u8| {
        format!(
            "curl --silent http://127.0.0.1:15090/stats/prometheus | grep -q '^meshd_capture_up {value}$'"
        )
    };
    lab.until(VM_3, &figure(1));
    lab.sh(VM_3, "nft flush ruleset");
    lab.until(VM_3, &figure(0));
    lab.sh(VM_3, "systemctl reload meshd-capture.service");
    lab.until(VM_3, &figure(1));
    lab.sh(VM_3, CALL);
}

/// Also where meshd does not run; and whoever is down is named, without keeping the others.
fn removed_and_gone(lab: &Booted, clean: &[(&str, String)]) {
    lab.sh(VM_3, "systemctl stop meshd.target meshd.socket meshd.service");
    let run = lab.remove("next", &[]);
    assert_eq!(run.code, Some(0), "{}", run.said);
    for (machine, before) in clean {
        lab.is_as(before, machine);
    }
    lab.power_off(VM_1);
    let run = lab.remove("next", &["--connect-timeout", "2"]);
    assert_eq!(run.code, Some(1), "{}", run.said);
    says(
        &run.of(VM_1),
        &["cannot connect to ubuntu@10.10.0.25", "help: is "],
    );
    says(&run.of(DB), &["nothing is installed"]);
}

/// All of these words are in it.
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is missing in: {text}");
    }
}
