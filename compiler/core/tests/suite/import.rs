//! Existing objects as a spec that means the same.

use std::collections::BTreeMap;

use mesh_compiler::diff::{self, Picture, render};
use mesh_compiler::{Entry, Imported, ObjectOptions, World, compile, import};

use crate::common::{emitted, example, examples, read, reference};

/// Files that lie nowhere.
pub(crate) struct Memory(pub(crate) BTreeMap<String, String>);

impl World for Memory {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| format!("there is no {path}"))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let names = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(&format!("{folder}/")));
        let entry = |name: &str| Entry {
            name: name.to_owned(),
            folder: false,
        };
        Ok(names.map(entry).collect())
    }
}

pub(crate) fn of_texts(texts: &[(&str, &str)]) -> Imported {
    let files = texts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let names: Vec<String> = texts.iter().map(|(name, _)| (*name).to_owned()).collect();
    let options = ObjectOptions {
        namespace: Some("default".to_owned()),
        ..ObjectOptions::default()
    };
    import(&Memory(files.collect()), &names, &options)
        .unwrap_or_else(|found| panic!("{:#?}", found.diagnostics))
}

/// The imported spec with its files, compiled as everybody's.
pub(crate) fn compiled(imported: &Imported) -> mesh_compiler::model::Mesh {
    let mut files = imported.raw.clone();
    files.insert("spec.kdl".to_owned(), imported.spec.clone());
    let compiled = compile(&Memory(files), "spec.kdl");
    compiled
        .model
        .unwrap_or_else(|| panic!("{}\n{:#?}", imported.spec, compiled.diagnostics))
}

/// The objects of a spec are those that it was made of, apart from what is said to be more.
fn same(imported: &Imported, texts: &[(&str, &str)]) {
    assert!(
        imported.lost.is_empty(),
        "{}\n{:#?}",
        imported.spec,
        imported.lost
    );
    assert!(
        imported.mistakes.is_empty(),
        "{}\n{:#?}",
        imported.spec,
        imported.mistakes
    );
    let there = Picture::of_texts(texts.iter().map(|(name, text)| (*name, text.as_bytes()))).unwrap();
    let now = Picture::of_output(&emitted(&compiled(imported))).unwrap();
    let mut found = diff::between(&there, &now);
    found.things.retain(|change| !imported.added.contains(change));
    // Gateways are Istio's own.
    found
        .access
        .retain(|access| !access.target.contains(".istio-system:"));
    let gone = imported.left.iter().filter(|left| left.elsewhere).count();
    assert!(
        found.things.len() <= gone,
        "{}\n{}",
        imported.spec,
        render::human(&found, false)
    );
    assert!(
        found.access.is_empty(),
        "{}\n{}",
        imported.spec,
        render::human(&found, false)
    );
}

#[test]
fn what_a_spec_becomes_is_imported_as_what_it_means() {
    for name in examples() {
        let output = emitted(&example(&name));
        let mut clusters: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (path, file) in &output {
            let Some((cluster, own)) = path
                .strip_prefix("kubernetes/")
                .and_then(|rest| rest.split_once('/'))
            else {
                continue;
            };
            let manifest =
                own.ends_with(".yaml") && !own.contains("values") && !own.contains("kustomization");
            if manifest {
                let text = std::str::from_utf8(&file.bytes).unwrap();
                clusters.entry(cluster).or_default().push((path.as_str(), text));
            }
        }
        for texts in clusters.values() {
            same(&of_texts(texts), texts);
        }
    }
}

#[test]
fn what_the_language_says_is_said_in_it() {
    let output = emitted(&example("forum"));
    let texts: Vec<_> = output
        .iter()
        .filter(|(path, _)| {
            path.starts_with("kubernetes/")
                && path.contains("/0") | path.contains("/1") | path.contains("/2") | path.contains("/3")
        })
        .map(|(path, file)| (path.as_str(), std::str::from_utf8(&file.bytes).unwrap()))
        .collect();
    let imported = of_texts(&texts);
    assert!(imported.left.is_empty(), "{:#?}", imported.left);
    assert!(imported.raw.is_empty());
    // What it came from has the same services, machines and rules.
    let (before, after) = (example("forum"), compiled(&imported));
    let names = |mesh: &mesh_compiler::model::Mesh| {
        mesh.services
            .iter()
            .map(|service| service.label())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&before), names(&after));
    let vms = |mesh: &mesh_compiler::model::Mesh| {
        mesh.vms()
            .map(|(group, vm)| (group.name.clone(), vm.name.clone(), vm.address))
            .collect::<Vec<_>>()
    };
    assert_eq!(vms(&before), vms(&after));
}

#[test]
fn the_reference_is_imported_whole() {
    let (Some(first), Some(second)) = (reference("xds/k8s.yaml"), reference("xds/istio.yaml")) else {
        return;
    };
    let (first, second) = (read(&first), read(&second));
    let texts = [("k8s.yaml", first.as_str()), ("istio.yaml", second.as_str())];
    let imported = of_texts(&texts);
    same(&imported, &texts);
    let raw: Vec<_> = imported
        .left
        .iter()
        .filter(|left| !left.elsewhere)
        .map(|left| left.identity.name.as_str())
        .collect();
    // It is about a port that no object declares.
    assert_eq!(raw, ["billing"], "{:#?}", imported.left);
}

const ODD: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/rev: stable, team: blue}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  selector: {app: web, tier: front}
  ports:
  - {name: http-api, port: 80, targetPort: api}
  - {name: grpc-admin, port: 9000}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-v1, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front, version: v1}}
    spec: {serviceAccountName: front, containers: [{name: web, image: web}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: front, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: guess, namespace: shop}
spec: {selector: {app: guess}, ports: [{port: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: shop}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata: {name: all-of-web, namespace: shop}
spec:
  host: web
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 7, interval: 1m, baseEjectionTime: 30s}
    portLevelSettings:
    - port: {number: 9000}
      loadBalancer: {simple: ROUND_ROBIN}
  subsets:
  - name: v1
    labels: {version: v1}
    trafficPolicy: {connectionPool: {tcp: {maxConnections: 10}}}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: routes-of-web, namespace: shop}
spec:
  hosts: [web]
  http:
  - match: [{uri: {prefix: /a}, port: 80}, {uri: {exact: /b}, port: 80, headers: {x-a: {}}}]
    route: [{destination: {host: web, subset: v1, port: {number: 80}}}]
    timeout: 1500ms
  - fault: {abort: {httpStatus: 503, percentage: {value: 0.5}}}
    route: [{destination: {host: web.shop.svc.cluster.local}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: edge, namespace: shop}
spec:
  hosts: ["shop.example.com"]
  gateways: [edge]
  http: [{route: [{destination: {host: web, port: {number: 80}}}]}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["shop.example.com"]}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: wide, namespace: shop}
spec:
  hosts: ["*.example.org"]
  ports: [{number: 443, name: tls, protocol: TLS}]
  exportTo: ["."]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: nothing, namespace: shop}
spec: {}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web-callers, namespace: shop}
spec:
  selector: {matchLabels: {app: web, tier: front}}
  rules:
  - from: [{source: {principals: ["cluster.local/ns/shop/sa/front"]}}, {source: {namespaces: [ops], ipBlocks: [10.0.0.0/8]}}]
    to: [{operation: {methods: [GET]}}, {operation: {ports: ["9000"]}}]
    when: [{key: "request.headers[x-price]", values: ["$5"]}]
"#;

#[test]
fn odd_shapes_mean_the_same_or_stay_as_they_are() {
    let texts = [("odd.yaml", ODD)];
    let imported = of_texts(&texts);
    same(&imported, &texts);
    let left: Vec<_> = imported
        .left
        .iter()
        .map(|left| format!("{} {}", left.identity.kind, left.identity.name))
        .collect();
    let stays = [
        "Deployment web-v1",
        "Service guess",
        "Service outside",
        "VirtualService edge",
        "Gateway edge",
        "AuthorizationPolicy nothing",
    ];
    assert_eq!(left, stays, "{:#?}", imported.left);
    for line in [
        "namespace shop revision=stable {",
        "    label team=blue",
        "    service web account=front {",
        "        port 80 http target=api name=http-api",
        "        port 9000 grpc name=grpc-admin {",
        "        subset v1 version=v1 {",
        "            timeout \"1500ms\"",
        "    external wide host=\"*.example.org\" visible=namespace {",
    ] {
        assert!(imported.spec.contains(line), "{line}\n{}", imported.spec);
    }
    // A dollar is a dollar.
    assert!(imported.spec.contains("$$5"), "{}", imported.spec);
}

#[test]
fn an_import_does_not_depend_on_the_order_of_documents() {
    let documents: Vec<&str> = ODD.split("---\n").collect();
    let turned: Vec<&str> = documents.iter().rev().copied().collect();
    let turned = turned.join("\n---\n");
    assert_eq!(
        of_texts(&[("odd.yaml", ODD)]).spec,
        of_texts(&[("odd.yaml", turned.as_str())]).spec
    );
}

#[test]
fn objects_without_a_namespace_are_in_the_one_that_they_are_applied_to() {
    let text = "\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
";
    let imported = of_texts(&[("web.yaml", text)]);
    assert!(
        imported.lost.is_empty(),
        "{}\n{:#?}",
        imported.spec,
        imported.lost
    );
    assert!(imported.mistakes.is_empty(), "{:#?}", imported.mistakes);
    assert!(
        imported.spec.contains("subset v1 version=v1"),
        "{}",
        imported.spec
    );
    let left: Vec<_> = imported
        .left
        .iter()
        .map(|left| left.identity.kind.as_str())
        .collect();
    assert_eq!(left, ["Deployment"]);
}

/// Objects that the language says in words of its own, each of which once stayed as it was.
const SAID: &str = r#"
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations: {networking.istio.io/exportTo: "., istio-system,ops"}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}, {name: grpc, port: 90, appProtocol: grpc-web}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{name: sql, port: 3306}]}
---
apiVersion: v1
kind: Service
metadata: {name: collector, namespace: shop}
spec: {selector: {app: collector}, ports: [{name: grpc, port: 4317}]}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: partners, namespace: shop}
spec:
  hosts: [a.partner.example, b.partner.example]
  location: MESH_EXTERNAL
  resolution: DNS
  exportTo: ["."]
  ports: [{number: 443, name: tls, protocol: TLS}, {number: 80, name: http, protocol: HTTP}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: partners, namespace: shop}
spec:
  hosts: [a.partner.example, b.partner.example]
  exportTo: ["."]
  http:
  - match: [{port: 80}]
    route: [{destination: {host: b.partner.example, port: {number: 80}}}]
    timeout: 3s
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: old, namespace: shop}
spec:
  hosts: [old.shop.internal]
  location: MESH_INTERNAL
  resolution: STATIC
  exportTo: [".", "istio-system"]
  ports: [{number: 80, name: http, protocol: HTTP}]
  workloadSelector: {labels: {app: old}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: hidden, namespace: shop}
spec:
  hosts: [hidden.shop.internal, also.shop.internal]
  location: MESH_INTERNAL
  resolution: STATIC
  exportTo: ["~"]
  ports: [{number: 90, name: tcp, protocol: TCP}]
  workloadSelector: {labels: {app: old}}
status:
  addresses:
  - {value: 240.240.0.1, host: hidden.shop.internal}
  - {value: 240.240.0.2, host: also.shop.internal}
---
apiVersion: v1
kind: Service
metadata:
  name: draft
  namespace: shop
  annotations: {networking.istio.io/exportTo: "~"}
spec: {selector: {app: draft}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: draft, namespace: shop}
spec: {host: draft, exportTo: ["~"], trafficPolicy: {loadBalancer: {simple: RANDOM}}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: draft, namespace: shop}
spec: {selector: {matchLabels: {app: draft}}, mtls: {mode: STRICT}, portLevelMtls: {9091: {mode: PERMISSIVE}}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: old-1, namespace: shop}
spec: {address: 10.0.0.5, labels: {app: old}, serviceAccount: old}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: all, namespace: istio-system}
spec:
  metrics:
  - overrides:
    - match: {metric: REQUEST_COUNT, mode: SERVER}
      tagOverrides:
        host: {value: request.host}
        principal: {operation: REMOVE}
    - match: {metric: REQUEST_SIZE}
      disabled: true
  accessLogging:
  - providers: [{name: "access-log:collector.shop.svc.cluster.local:4317"}]
    match: {mode: CLIENT}
  tracing:
  - providers: [{name: "otlp:collector.shop.svc.cluster.local:4317"}]
    randomSamplingPercentage: 2.5
    customTags:
      tier: {literal: {value: back}}
      tenant: {header: {name: x-tenant, defaultValue: none}}
      zone: {environment: {name: ZONE}}
"#;

#[test]
fn what_has_other_words_in_the_language_is_said_in_them() {
    let texts = [("all.yaml", SAID)];
    let imported = of_texts(&texts);
    assert!(imported.left.is_empty(), "{:#?}", imported.left);
    same(&imported, &texts);
    for line in [
        "service web visible=\"ops,shop\" account=default {",
        "port 90 grpc-web name=grpc",
        "port 3306 tcp name=sql",
        "external partners host=a.partner.example visible=namespace {",
        "external partners-2 host=b.partner.example visible=namespace {",
        "to service=partners-2 port=80",
        "service old host=old.shop.internal visible=namespace {",
        "service hidden host=hidden.shop.internal visible=nobody",
        "service hidden-2 host=also.shop.internal visible=nobody",
        "service draft visible=nobody",
        "mtls permissive port=9091",
        "tag host value=request.host metric=requests at=server",
        "drop request-size",
        "access-log text otlp=\"collector.shop.svc.cluster.local:4317\" at=client",
        "tracing otlp=\"collector.shop.svc.cluster.local:4317\" sampling=\"2.5%\" {",
    ] {
        assert!(imported.spec.contains(line), "{line}\n{}", imported.spec);
    }
}

#[test]
fn what_the_language_has_no_word_for_stays_with_the_reason() {
    let other = |from: &str, to: &str| {
        assert!(SAID.contains(from), "{from}");
        let text = SAID.replace(from, to);
        let texts = [("all.yaml", text.as_str())];
        let imported = of_texts(&texts);
        same(&imported, &texts);
        let left = imported.left.into_iter();
        left.map(|left| format!("{} {}: {}", left.identity.kind, left.identity.name, left.why))
            .collect::<Vec<_>>()
    };
    let sniffed = other("name: tls, protocol: TLS", "name: tls");
    assert!(
        sniffed[0].contains("Istio looks at the first bytes"),
        "{sniffed:?}"
    );
    let named = other("otlp:collector.shop.svc.cluster.local:4317", "jaeger");
    assert_eq!(
        named,
        ["Telemetry all: MeshConfig says who the provider `jaeger` is"]
    );
    let twice = other("disabled: true", "tagOverrides: {host: {value: \"'x'\"}}");
    assert_eq!(
        twice,
        ["Telemetry all: several changes are about the label `host`"]
    );
}
