//! What the examples mean.

use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_compiler::model::{InboundPorts, Kind, Mesh, Resolution, Service, Source};
use mesh_compiler::{World, compile};
use mesh_wire::bundle::ProbeAction;
use mesh_wire::listener::MtlsMode;

const FORUM: &str = include_str!("../../../../examples/forum/spec.kdl");
const REFERENCE: &str = include_str!("../../../../examples/reference/spec.kdl");

struct One<'a>(&'a str);

impl World for One<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

fn mesh(text: &str) -> Mesh {
    let compiled = compile(&One(text), "spec.kdl");
    compiled
        .model
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

fn service<'a>(mesh: &'a Mesh, namespace: &str, name: &str) -> &'a Service {
    mesh.service(namespace, name).expect("the service is there")
}

fn labels(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn what_a_spec_does_not_say_is_filled_in() {
    let mesh = mesh(FORUM);
    let webapp = service(&mesh, "istioinaction", "webapp");
    assert_eq!(webapp.host, "webapp.istioinaction.svc.cluster.local");
    assert_eq!(
        (webapp.account.as_str(), &webapp.selector),
        ("webapp", &labels(&[("app", "webapp")]))
    );
    let pods = webapp.pods.first().expect("a service without VMs has pods");
    assert_eq!(
        (pods.cluster.as_str(), pods.network.as_str()),
        ("forum-cluster", "kube-network")
    );
    assert!(webapp.groups.is_empty() && !webapp.addresses_given);
    assert_eq!(webapp.addresses.len(), 2);
    assert_eq!(
        mesh.gateways_of("kube-network")
            .map(|gateway| gateway.port)
            .collect::<Vec<_>>(),
        [15443]
    );
    assert!(mesh.namespaces["istioinaction"].injection && mesh.telemetry.metrics == Some(true));
    assert_eq!((mesh.mtls, mesh.dns.ttl), (MtlsMode::Strict, 30));
}

#[test]
fn a_group_has_the_ports_and_labels_of_its_service() {
    let mesh = mesh(FORUM);
    let forum = service(&mesh, "istioinaction", "forum");
    assert!(forum.pods.is_empty());
    let [group] = forum.groups.as_slice() else {
        panic!("forum has one group")
    };
    assert_eq!(
        (
            group.name.as_str(),
            group.network.as_str(),
            group.account.as_str()
        ),
        ("forum", "vm-network", "forum")
    );
    assert_eq!(
        group.labels,
        labels(&[("app", "forum"), ("tier", "backend"), ("version", "vm")])
    );
    let ports: Vec<_> = group
        .ports
        .iter()
        .map(|(name, port)| (name.as_str(), *port))
        .collect();
    assert_eq!(ports, [("health", 8081), ("http", 8080), ("metrics", 9090)]);
    let probe = group.health.as_ref().expect("forum has a probe").probe();
    assert!(matches!(&probe.action, ProbeAction::Http { port: 8081, path, .. } if path == "/health"));
    assert_eq!((probe.period, probe.timeout, probe.failures), (5, 1, 3));
    assert_eq!(group.capture.inbound, InboundPorts::Declared);
    let vms: Vec<_> = group
        .vms
        .iter()
        .map(|vm| (vm.name.as_str(), vm.weight, vm.locality.zone.as_str()))
        .collect();
    let expected = [
        ("forum-vm-1", Some(110), "us-west-2a"),
        ("forum-vm-2", Some(120), "us-west-2a"),
        ("forum-vm-3", Some(130), "us-west-2b"),
    ];
    assert_eq!(vms, expected);
    assert!(
        group
            .vms
            .iter()
            .all(|vm| vm.ssh.user.as_deref() == Some("ubuntu"))
    );
}

#[test]
fn callers_are_accounts() {
    let mesh = mesh(FORUM);
    let account = |name: &str| Source::Account {
        namespace: "istioinaction".to_owned(),
        account: name.to_owned(),
    };
    let allow = &service(&mesh, "istioinaction", "forum").access.rules;
    assert_eq!(allow.len(), 1);
    assert_eq!(
        (&allow[0].from.any, &allow[0].paths.any),
        (&vec![account("webapp")], &vec!["/api/*".to_owned()])
    );
    assert_eq!(allow[0].methods.any, ["GET", "POST"]);
    let allow = &service(&mesh, "istioinaction", "forum-db").access.rules;
    assert_eq!(allow[0].from.any, [account("forum"), account("webapp")]);
}

#[test]
fn given_addresses_are_kept_and_ports_get_their_usual_names() {
    let mesh = mesh(REFERENCE);
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let names = |service: &Service| {
        service
            .ports
            .iter()
            .map(|port| port.name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        service(&mesh, "forum", "forum-api").addresses,
        [address("10.96.1.10")]
    );
    let web = service(&mesh, "forum", "forum-web");
    assert_eq!(
        (names(web), web.ports[0].target),
        (vec!["http".to_owned(), "grpc".to_owned()], 3000)
    );
    assert_eq!(names(service(&mesh, "forum", "forum-mysql")), ["tcp-mysql"]);
    let cache = service(&mesh, "forum", "forum-cache");
    assert_eq!(
        (names(cache), &cache.kind),
        (vec!["tcp-redis".to_owned()], &Kind::Kubernetes { headless: true })
    );
    assert!(cache.addresses.is_empty());
    let billing = service(&mesh, "forum", "billing");
    assert_eq!(
        (&billing.kind, billing.host.as_str()),
        (&Kind::MeshInternal, "billing.legacy.internal")
    );
    assert_eq!(billing.port_mtls, BTreeMap::from([(9091, MtlsMode::Permissive)]));
    let payments = service(&mesh, "forum", "payments-external");
    assert_eq!(
        payments.kind,
        Kind::External {
            resolution: Resolution::Dns,
            sans: Vec::new(),
            endpoints: Vec::new()
        }
    );
}

#[test]
fn another_service_moves_nobodys_address() {
    let before = mesh(FORUM);
    let more = "    service aaa { port 80 http }\n    service zzz { port 80 http }\n    // Three machines";
    let after = mesh(&FORUM.replace("    // Three machines", more));
    assert_eq!(after.services.len(), before.services.len() + 2);
    for old in &before.services {
        assert_eq!(
            service(&after, &old.namespace, &old.name).addresses,
            old.addresses,
            "{}",
            old.name
        );
    }
}
