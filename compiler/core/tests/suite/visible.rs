//! Who knows a service.

use std::collections::BTreeSet;

use crate::common;
use mesh_compiler::emit::snapshot;
use mesh_compiler::model::WorkloadRef;
use serde::Deserialize;
use serde_json::Value;

#[test]
fn a_service_of_one_namespace_is_known_there_and_to_gateways() {
    let mesh = common::compile_text(
        r#"
        mesh m
        network pods
        network machines
        cluster c network=pods { gateway address="203.0.113.1" }
        namespace shop {
            service ledger visible=namespace {
                port 8080 http
                limits connections=3
                route { timeout "1s"; to }
            }
            service letter visible=nobody { port 8080 http }
            service legacy host="legacy.internal" visible="shop,ops" {
                port 9000 tcp
                vms network=machines { health tcp=9000; vm legacy-1 address="10.0.0.1" }
            }
        }
        namespace ops { service cron { port 80 http; vms network=machines { health http=80; vm cron-1 address="10.0.0.9" } } }
        namespace dev { service try { port 80 http; vms network=machines { health http=80; vm try-1 address="10.0.0.8" } } }
        "#,
    );
    let output = common::emitted(&mesh);
    let text = &output["kubernetes/c/20-shop.yaml"].bytes;
    let objects = serde_yaml::Deserializer::from_slice(text);
    let objects = objects.map(|object| Value::deserialize(object).unwrap());
    let known: Vec<_> = objects
        .filter_map(|object| {
            let annotated = object["metadata"]["annotations"]["networking.istio.io/exportTo"].as_str();
            let listed = object["spec"]["exportTo"].as_array().map(|names| {
                let names: Vec<_> = names.iter().map(|name| name.as_str().unwrap()).collect();
                names.join(",")
            });
            let known = annotated.map(str::to_owned).or(listed)?;
            Some(format!("{} {known}", object["kind"].as_str().unwrap()))
        })
        .collect();
    assert_eq!(
        known,
        [
            "Service istio-system,.",
            "Service ~",
            "DestinationRule istio-system,.",
            "VirtualService istio-system,.",
            "ServiceEntry istio-system,ops,.",
        ]
    );
    let hosts = |namespace: &str, vm: &str| -> BTreeSet<String> {
        let vm = WorkloadRef::Vm {
            namespace: namespace.to_owned(),
            name: vm.to_owned(),
        };
        let told = snapshot::of(&mesh, &vm, &snapshot::Options::default()).unwrap();
        let names = told.clusters.keys().filter_map(|name| name.rsplit('|').next());
        let own = names.filter(|host| host.starts_with("le")).map(str::to_owned);
        own.collect()
    };
    assert_eq!(
        hosts("shop", "legacy-1"),
        BTreeSet::from(["ledger.shop.svc.cluster.local", "legacy.internal"].map(str::to_owned))
    );
    assert_eq!(
        hosts("ops", "cron-1"),
        BTreeSet::from(["legacy.internal"].map(str::to_owned))
    );
    assert!(hosts("dev", "try-1").is_empty());
}
