use proptest::prelude::*;

use super::*;
use crate::diag::FileId;

const ISTIO: &str = "\
*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ISTIO_INBOUND - [0:0]
:ISTIO_IN_REDIRECT - [0:0]
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_INBOUND -p tcp -m tcp --dport 22 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -m comment --comment \"the proxy -j itself\" -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -p tcp -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
";

fn rules(text: &str) -> Ruleset {
    Ruleset::read(Part::whole(text, FileId(0)))
}

fn packet(port: u16, way: Way) -> Packet {
    Packet {
        protocol: Protocol::Tcp,
        destination: "10.0.0.1".parse().unwrap(),
        port,
        way,
    }
}

fn by(user: Option<u32>) -> Way {
    Way::Out {
        user: user.map(Id::Number),
        group: None,
    }
}

#[test]
fn packets_go_where_the_rules_send_them() {
    let rules = rules(ISTIO);
    let to = |fate| match fate {
        Fate::Redirected(port, _) => port,
        Fate::Passes => 0,
        other => panic!("{other:?}"),
    };
    assert_eq!(to(rules.fate("nat", "PREROUTING", &packet(22, Way::In))), 0);
    assert_eq!(to(rules.fate("nat", "PREROUTING", &packet(80, Way::In))), 15006);
    assert_eq!(to(rules.fate("nat", "OUTPUT", &packet(80, by(None)))), 15001);
    assert_eq!(to(rules.fate("nat", "OUTPUT", &packet(80, by(Some(1337))))), 0);
    assert_eq!(to(rules.fate("nat", "OUTPUT", &packet(80, by(Some(998))))), 15001);
}

#[test]
fn what_is_not_followed_is_unknown() {
    let with = |line: &str| rules(&ISTIO.replace("-A PREROUTING", &format!("{line}\n-A PREROUTING")));
    let ssh = |rules: &Ruleset| rules.fate("nat", "PREROUTING", &packet(80, Way::In));
    for line in [
        "-A PREROUTING -m set --match-set friends src -j ACCEPT",
        "-A PREROUTING -i eth0 -j ACCEPT",
        "-A PREROUTING -d 10.9.9.9/32 -j ACCEPT",
        "-A PREROUTING -j SOMEWHERE",
        "-A PREROUTING -p tcp -j DNAT --to-destination 10.0.0.9",
    ] {
        assert_eq!(ssh(&with(line)), Fate::Unknown, "{line}");
    }
    for line in ["-A PREROUTING -i lo -j ACCEPT", "-A PREROUTING -p udp -j ACCEPT"] {
        assert!(matches!(ssh(&with(line)), Fate::Redirected(15006, _)), "{line}");
    }
}

#[test]
fn circles_and_policies_end() {
    let rules = rules("*nat\n-A OUTPUT -j A\n-A A -j B\n-A B -j A\n*filter\n:INPUT DROP [0:0]\n");
    assert_eq!(rules.fate("nat", "OUTPUT", &packet(80, by(None))), Fate::Unknown);
    let input = rules.fate("filter", "INPUT", &packet(80, Way::In));
    assert!(matches!(input, Fate::Dropped(_)));
}

proptest! {
    #[test]
    fn any_text_is_rules(text in "(\\*nat\n)?((-A|-I|:|-N) ?(OUTPUT|A|B)( -j (A|B|RETURN|REDIRECT --to-ports 1)| ! -p tcp| --dport [0-9:,]{0,5}| -d [0-9:./]{0,9}| \"é)*\n){0,12}") {
        let rules = rules(&text);
        rules.fate("nat", "OUTPUT", &packet(80, by(None)));
        rules.owners("nat");
    }
}
