//! A lab of one machine and one pod, really booted: what is in it, that it comes back, and that nothing stays.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says what failed by failing"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use mesh_lab::plan::{LabPlan, MachinePlan, OutsideName, Place, PodPlan, Segment, Setup};
use mesh_lab::{Lab, Places};

const NAME: &str = "boot-test";

/// Takes the lab down, also where a check before failed.
struct Guard(Places);

impl Drop for Guard {
    fn drop(&mut self) {
        Lab::down(&self.0, NAME).unwrap();
    }
}

#[test]
fn a_lab_boots_reboots_and_leaves_nothing() {
    if let Err(missing) = mesh_lab::needs::check() {
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        println!("skipped: {missing}");
        return;
    }
    let places = Places::default();
    let guard = Guard(places.clone());
    let lab = Lab::up(&places, &plan(), &|event| println!("{event:?}")).unwrap();
    assert!(
        lab.status().unwrap().iter().all(|node| node.state == "running"),
        "{:?}",
        lab.status()
    );
    names_resolve(&lab);
    the_two_networks_are_apart(&lab);
    the_operator_logs_in_and_becomes_root(&lab);
    a_reboot_keeps_the_disk(&lab);
    a_second_up_keeps_the_lab(&places);
    drop(guard);
    nothing_is_left(&places);
}

fn names_resolve(lab: &Lab) {
    assert!(inside(lab, "vm-1", "getent hosts www.example.org").starts_with("198.51.100.80"));
    assert!(inside(lab, "vm-1", "dig nowhere.example.org").contains("NXDOMAIN"));
    assert!(inside(lab, "web", "getent hosts web").starts_with("10.96.0.20"));
}

/// Pods reach machines, machines do not reach pods: that is what the gateway is for.
fn the_two_networks_are_apart(lab: &Lab) {
    assert!(inside(lab, "web", "nc -w 5 10.10.0.25 22 < /dev/null").starts_with("SSH-2.0"));
    let tried = lab
        .exec("vm-1", &["curl", "--max-time", "1", "http://10.244.1.10:8080/"])
        .unwrap();
    assert_eq!(tried.status.code(), Some(28), "curl's own word for a timeout");
}

fn the_operator_logs_in_and_becomes_root(lab: &Lab) {
    assert_eq!(ssh(lab, "hostname && sudo id -u").as_deref(), Some("vm-1\n0\n"));
}

fn a_reboot_keeps_the_disk(lab: &Lab) {
    let boot = ssh(lab, "echo kept > mark && cat /proc/sys/kernel/random/boot_id").unwrap();
    ssh(lab, "sudo systemctl --no-block reboot");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        assert!(Instant::now() < deadline, "the machine did not come back");
        match ssh(lab, "cat /proc/sys/kernel/random/boot_id mark") {
            Some(answer) if !answer.starts_with(&boot) => {
                break assert!(answer.ends_with("kept\n"), "{answer}");
            }
            _ => std::thread::yield_now(),
        }
    }
}

fn a_second_up_keeps_the_lab(places: &Places) {
    let lab = Lab::up(places, &plan(), &|event| {
        panic!("nothing is to be made, but {event:?}")
    })
    .unwrap();
    assert!(ssh(&lab, "cat mark").is_some());
}

fn nothing_is_left(places: &Places) {
    assert!(!places.state.join(NAME).exists() && !places.run.join(NAME).exists());
    assert!(
        !std::fs::read_to_string("/proc/self/mountinfo")
            .unwrap()
            .contains("/meshlab/boot-test")
    );
    assert!(!Path::new("/run/netns/meshlab-boot-test").exists());
    assert!(Lab::attach(places, NAME).is_err());
}

fn inside(lab: &Lab, node: &str, script: &str) -> String {
    let output = lab.exec(node, &["sh", "-c", script]).unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn ssh(lab: &Lab, script: &str) -> Option<String> {
    let config = lab.ssh_config().display().to_string();
    let argv = ["ssh", "-F", &config, "-o", "ConnectTimeout=2", "vm-1", script];
    let output = lab.command(None, &argv).unwrap().output().unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

fn plan() -> LabPlan {
    let segment = |range: &str, router: [u8; 4], dns: Option<[u8; 4]>| Segment {
        range: range.parse().unwrap(),
        router: Ipv4Addr::from(router),
        dns: dns.map(Ipv4Addr::from),
    };
    let machine = MachinePlan {
        address: Ipv4Addr::new(10, 10, 0, 25),
        user: "ubuntu".into(),
        setup: Setup::default(),
    };
    let pod = PodPlan {
        place: Place::Pods,
        address: Ipv4Addr::new(10, 244, 1, 10),
        namespace: "forum".into(),
        files: vec![],
        command: ["python3", "-m", "http.server", "8080"]
            .map(String::from)
            .to_vec(),
        ready: Some(8080),
        envoy: None,
    };
    let example = OutsideName {
        address: IpAddr::from([198, 51, 100, 80]),
        ttl: 300,
    };
    let service = (
        "web.forum.svc.cluster.local".to_owned(),
        vec![IpAddr::from([10, 96, 0, 20])],
    );
    LabPlan {
        name: NAME.into(),
        // Those of examples/forum, so that both share one tree.
        packages: BTreeSet::from(["mariadb-server".to_owned(), "python3-pymysql".to_owned()]),
        outside: BTreeMap::from([("www.example.org".to_owned(), example)]),
        vms: segment("10.10.0.0/24", [10, 10, 0, 1], Some([10, 10, 0, 53])),
        pods: segment("10.244.1.0/24", [10, 244, 1, 1], Some([10, 96, 0, 10])),
        edge: segment("203.0.113.0/24", [203, 0, 113, 1], None),
        cluster_hosts: BTreeMap::from([service]),
        cluster_domain: "cluster.local".into(),
        machines: BTreeMap::from([("vm-1".to_owned(), machine)]),
        workloads: BTreeMap::from([("web".to_owned(), pod)]),
    }
}
