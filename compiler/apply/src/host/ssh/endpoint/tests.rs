use std::time::Duration;

use super::*;
use crate::ssh_config::Config;

fn operator(config: &str) -> Operator {
    Operator {
        home: "/home/me".into(),
        user: "me".to_owned(),
        agent: None,
        config: Config::of_text(config).unwrap(),
        accept_new: false,
        timeout: Duration::from_secs(1),
    }
}

fn wanted(host: &str) -> Wanted {
    Wanted {
        host: host.to_owned(),
        ..Wanted::default()
    }
}

#[test]
fn the_spec_counts_before_the_configuration_and_that_before_defaults() {
    let operator = operator("Host db\n HostName %h.corp\n User dba\n Port 2222\n IdentityFile ~/.ssh/%r\n");
    let db = Endpoint::resolve(&operator, None, &wanted("db")).unwrap();
    assert_eq!(db.describe(), "dba@db.corp:2222");
    assert_eq!(db.known_name(), "[db.corp]:2222");
    assert_eq!(db.identities, [PathBuf::from("/home/me/.ssh/dba")]);
    let spec = Wanted {
        user: Some("root".into()),
        port: Some(22),
        ..wanted("db")
    };
    assert_eq!(
        Endpoint::resolve(&operator, None, &spec).unwrap().describe(),
        "root@db.corp"
    );
}

#[test]
fn jump_hosts_are_resolved_by_themselves_and_stand_in_order() {
    let operator = operator("Host inner\n ProxyJump outer\nHost outer\n User gate\n Port 23\n");
    let spec = Wanted {
        via: Some("x@inner:24,[::1]:25".into()),
        ..wanted("vm")
    };
    let endpoint = Endpoint::resolve(&operator, None, &spec).unwrap();
    let hops: Vec<_> = endpoint.jumps.iter().map(Endpoint::describe).collect();
    assert_eq!(hops, ["gate@outer:23", "x@inner:24", "me@[::1]:25"]);
}

#[test]
fn jump_hosts_in_a_circle_are_an_error() {
    let operator = operator("Host *\n ProxyJump vm\n");
    assert!(matches!(
        Endpoint::resolve(&operator, None, &wanted("vm")),
        Err(EndpointError::Circle(_))
    ));
}

#[test]
fn known_hosts_and_strictness_follow_the_configuration() {
    let operator =
        operator("Host a\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\nHost b\n Port x\n");
    let a = Endpoint::resolve(&operator, None, &wanted("a")).unwrap();
    assert_eq!(
        (a.strictness, a.known_hosts[0].as_path()),
        (Strictness::Off, std::path::Path::new("/dev/null"))
    );
    assert!(matches!(
        Endpoint::resolve(&operator, None, &wanted("b")),
        Err(EndpointError::Port(..))
    ));
    assert_eq!(
        Endpoint::resolve(&operator, None, &wanted("c"))
            .unwrap()
            .strictness,
        Strictness::Strict
    );
}
