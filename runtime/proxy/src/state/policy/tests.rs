use std::collections::BTreeMap;

use mesh_wire::matcher::StringMatch;
use proptest::prelude::*;

use super::*;

fn peer(spiffe: &str) -> PeerIdentity {
    let hash = mesh_wire::Sha256::of(b"");
    PeerIdentity {
        spiffe: spiffe.into(),
        hash,
        subject: String::new(),
        dns: Vec::new(),
    }
}

fn attempt(port: u16, peer: Option<&PeerIdentity>) -> Attempt<'_> {
    let remote = IpAddr::from([10, 0, 0, 1]);
    let destination = SocketAddr::from(([10, 0, 0, 9], port));
    Attempt {
        destination,
        remote,
        client: remote,
        peer,
        sni: None,
        asked: None,
    }
}

fn policy(action: Action, permission: wire::Permission, principal: wire::Principal) -> wire::Policy {
    wire::Policy {
        action,
        permissions: vec![permission],
        principals: vec![principal],
        dry_run: false,
    }
}

fn set(policies: impl IntoIterator<Item = (&'static str, wire::Policy)>) -> Policies {
    let policies: BTreeMap<_, _> = policies
        .into_iter()
        .map(|(name, policy)| (name.to_owned(), policy))
        .collect();
    Policies::compile(&wire::PolicySet { policies }, &Places::default()).unwrap()
}

#[test]
fn without_policies_everybody_may() {
    assert_eq!(
        Policies::default().judge(&attempt(80, None), &mut Written::default()),
        Verdict::Allowed(None)
    );
}

#[test]
fn one_allow_refuses_everybody_else() {
    let api = StringMatch::Exact("spiffe://cluster.local/ns/forum/sa/api".to_owned());
    let allow = policy(
        Action::Allow,
        wire::Permission::DestinationPort(80),
        wire::Principal::Authenticated(Some(api)),
    );
    let policies = set([("api", allow)]);
    let (api, other) = (
        peer("spiffe://cluster.local/ns/forum/sa/api"),
        peer("spiffe://cluster.local/ns/forum/sa/x"),
    );
    assert_eq!(
        policies.judge(&attempt(80, Some(&api)), &mut Written::default()),
        Verdict::Allowed(Some("api"))
    );
    assert_eq!(
        policies.judge(&attempt(81, Some(&api)), &mut Written::default()),
        Verdict::Denied(None)
    );
    assert_eq!(
        policies.judge(&attempt(80, Some(&other)), &mut Written::default()),
        Verdict::Denied(None)
    );
    assert_eq!(
        policies.judge(&attempt(80, None), &mut Written::default()),
        Verdict::Denied(None)
    );
}

#[test]
fn a_condition_on_requests_and_its_opposite_never_match_on_tcp() {
    let path = || wire::Permission::Path(StringMatch::Prefix("/admin".to_owned()));
    for permission in [path(), wire::Permission::Not(Box::new(path()))] {
        let policies = set([("http", policy(Action::Allow, permission, wire::Principal::Any))]);
        assert_eq!(
            policies.judge(&attempt(80, None), &mut Written::default()),
            Verdict::Denied(None)
        );
    }
}

#[test]
fn a_refusal_that_cannot_be_asked_on_tcp_refuses_unless_the_rest_says_no() {
    let path = || wire::Permission::Path(StringMatch::Prefix("/admin".to_owned()));
    let refuse = |permission| set([("deny", policy(Action::Deny, permission, wire::Principal::Any))]);
    for permission in [path(), wire::Permission::Not(Box::new(path()))] {
        let policies = refuse(permission);
        assert_eq!(
            policies.judge(&attempt(80, None), &mut Written::default()),
            Verdict::Denied(Some("deny"))
        );
    }
    let policies = refuse(wire::Permission::All(vec![
        path(),
        wire::Permission::DestinationPort(80),
    ]));
    assert_eq!(
        policies.judge(&attempt(80, None), &mut Written::default()),
        Verdict::Denied(Some("deny"))
    );
    assert_eq!(
        policies.judge(&attempt(81, None), &mut Written::default()),
        Verdict::Allowed(None)
    );
}

#[test]
fn a_dry_run_decides_nothing() {
    let mut deny = policy(Action::Deny, wire::Permission::Any, wire::Principal::Any);
    deny.dry_run = true;
    assert_eq!(
        set([("dry", deny)]).judge(&attempt(80, None), &mut Written::default()),
        Verdict::Allowed(None)
    );
}

/// What is tried out is told whatever is enforced beside it, and ALLOWs that do not match as what they would refuse.
#[test]
fn a_dry_run_tells_what_it_would_do() {
    let at = |action, port, dry_run| wire::Policy {
        dry_run,
        ..policy(
            action,
            wire::Permission::DestinationPort(port),
            wire::Principal::Any,
        )
    };
    let policies = set([
        ("a", at(Action::Allow, 80, false)),
        ("b", at(Action::Allow, 80, true)),
        ("c", at(Action::Deny, 80, false)),
        ("d", at(Action::Deny, 80, true)),
    ]);
    let told = |policies: &Policies, port| {
        let mut written = Written::new(true);
        let _verdict = policies.judge(&attempt(port, None), &mut written);
        let of = |key: &str| written.at("envoy.filters.network.rbac", &[key.to_owned()]);
        let of = |key| of(key).map(|value| value.as_str().unwrap().to_owned());
        [
            "istio_dry_run_deny_shadow_effective_policy_id",
            "istio_dry_run_deny_shadow_engine_result",
            "istio_dry_run_allow_shadow_effective_policy_id",
            "istio_dry_run_allow_shadow_engine_result",
        ]
        .map(of)
    };
    let some = |text: &str| Some(text.to_owned());
    // What is refused is not looked at by what would allow it.
    assert_eq!(told(&policies, 80), [some("d"), some("denied"), None, None]);
    assert_eq!(told(&policies, 81), [None, some("allowed"), None, some("denied")]);
    let only = set([("b", at(Action::Allow, 80, true))]);
    assert_eq!(told(&only, 80), [None, None, some("b"), some("allowed")]);
    let none = set([("a", at(Action::Allow, 80, false))]);
    assert_eq!(told(&none, 80), [None, None, None, None]);
}

#[test]
fn templates_bind_segments() {
    let regex = template::pattern("/users/{*}/posts/{**}").unwrap();
    assert!(regex.is_match("/users/7/posts/2024/x"));
    assert!(!regex.is_match("/users/7/8/posts/2024"));
    assert!(!regex.is_match("/users//posts/1"));
}

proptest! {
    #[test]
    fn deny_wins_over_allow_whatever_the_names(port: u16, first in "[a-z]{1,3}", second in "[A-Z]{1,3}") {
        let any = |action| policy(action, wire::Permission::DestinationPort(port), wire::Principal::Any);
        let policies = BTreeMap::from([(first.clone(), any(Action::Deny)), (second, any(Action::Allow))]);
        let policies = Policies::compile(&wire::PolicySet { policies }, &Places::default()).unwrap();
        prop_assert_eq!(policies.judge(&attempt(port, None), &mut Written::default()), Verdict::Denied(Some(&first)));
        prop_assert_eq!(policies.judge(&attempt(port.wrapping_add(1), None), &mut Written::default()), Verdict::Denied(None));
    }
}
