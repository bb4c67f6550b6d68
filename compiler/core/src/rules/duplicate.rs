mod policies;

use std::collections::BTreeMap;

mod hosts;

use self::hosts::check as hosts;
use super::Context;
use crate::diag::{Diagnostic, Sink, Span, Spanned, code};
use crate::model::{egress_name, group_name};
use crate::spec::decl::{ClusterDecl, NamespaceDecl, ServiceDecl};

/// Names are unique where they are looked up.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    policies::check(context, sink);
    let spec = context.spec;
    unique("network", spec.networks.iter().map(|network| &network.name), sink);
    unique("cluster", spec.clusters.iter().map(|cluster| &cluster.name), sink);
    unique(
        "context",
        spec.clusters
            .iter()
            .filter_map(|cluster| cluster.context.as_ref()),
        sink,
    );
    unique(
        "namespace",
        spec.namespaces.iter().map(|namespace| &namespace.name),
        sink,
    );
    spec.clusters.iter().for_each(|cluster| gateways(cluster, sink));
    spec.namespaces
        .iter()
        .for_each(|namespace| namespace_names(namespace, sink));
    spec.services().for_each(|(_, service)| parts(service, sink));
    for owner in spec.routed() {
        unique(
            "route",
            owner.routes.iter().filter_map(|route| route.name.as_ref()),
            sink,
        );
    }
    hosts(context, sink);
    let authorizers = spec.mesh.iter().flat_map(|mesh| &mesh.authorizers);
    unique("authorizer", authorizers.map(|one| &one.name), sink);
    let aliases = spec
        .mesh
        .iter()
        .flat_map(|mesh| mesh.trust_domain.iter().chain(&mesh.trust_domain_aliases));
    unique("trust domain", aliases, sink);
    unique(
        "forwarded domain",
        spec.mesh
            .iter()
            .flat_map(|mesh| &mesh.dns.forward)
            .map(|one| &one.domain),
        sink,
    );
}

fn namespace_names(namespace: &NamespaceDecl, sink: &mut Sink) {
    let externals = namespace.externals.iter().map(|external| &external.name);
    unique(
        "service",
        namespace
            .services
            .iter()
            .map(|service| &service.name)
            .chain(externals),
        sink,
    );
    unique("account", namespace.accounts.iter(), sink);
    let groups = || namespace.groups();
    unique(
        "VM",
        groups().flat_map(|(_, vms)| &vms.vms).map(|vm| &vm.name),
        sink,
    );
    let instances = groups().flat_map(|(_, vms)| &vms.vms);
    unique(
        "instance",
        instances.filter_map(|vm| vm.instance_id.as_ref()),
        sink,
    );
    // A group without a name has the service's, and stands at its own place.
    let names = groups().map(|(service, vms)| {
        vms.group.clone().unwrap_or_else(|| Spanned {
            value: group_name(vms, service).to_owned(),
            span: vms.span,
        })
    });
    let names: Vec<_> = names.collect();
    unique("group", names.iter(), sink);
}

fn gateways(cluster: &ClusterDecl, sink: &mut Sink) {
    let name = |gateway: &crate::spec::decl::GatewayDecl| {
        let default = || Spanned {
            value: "istio-eastwestgateway".to_owned(),
            span: gateway.span,
        };
        gateway.name.clone().unwrap_or_else(default)
    };
    let egress = cluster.egress.iter().map(|egress| Spanned {
        value: egress_name(egress.name.as_ref()),
        span: egress.name.as_ref().map_or(egress.span, |name| name.span),
    });
    let names: Vec<_> = cluster.gateways.iter().map(name).chain(egress).collect();
    unique("gateway", names.iter(), sink);
}

fn parts(service: &ServiceDecl, sink: &mut Sink) {
    let pods = service.pods.iter().map(|pods| {
        let cluster = pods
            .cluster
            .as_ref()
            .map_or("the cluster", |cluster| cluster.value.as_str());
        let locality = pods.locality.as_ref().map(|locality| &locality.value);
        Spanned {
            value: locality.map_or_else(
                || cluster.to_owned(),
                |place| format!("{cluster} in {}/{}", place.region, place.zone),
            ),
            span: pods.span,
        }
    });
    let pods: Vec<_> = pods.collect();
    unique("pods of", pods.iter(), sink);
    unique("subset", service.subsets.iter().map(|subset| &subset.name), sink);
    let mtls = service.mtls.iter().map(|mtls| {
        let place = mtls
            .port
            .as_ref()
            .map_or_else(|| "the service".to_owned(), |port| format!("port {}", port.value));
        Spanned {
            value: place,
            span: mtls.span,
        }
    });
    let mtls: Vec<_> = mtls.collect();
    unique("mtls of", mtls.iter(), sink);
}

fn unique<'a>(kind: &str, names: impl Iterator<Item = &'a Spanned<String>>, sink: &mut Sink) {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for name in names {
        match first.get(name.value.as_str()) {
            Some(before) => sink.push(
                Diagnostic::new(
                    &code::DUPLICATE,
                    name.span,
                    format!("{kind} `{}` is declared twice", name.value),
                )
                .here("here again")
                .label(*before, "first here")
                .help(help(kind)),
            ),
            None => {
                first.insert(&name.value, name.span);
            }
        }
    }
}

fn help(kind: &str) -> &'static str {
    match kind {
        "group" => "give the second group a name of its own: `vms NAME …`",
        "namespace" => "write everything of the namespace in one `namespace`",
        "context" => "each cluster has a context of its own: write that of the second",
        "gateway" => "give the second gateway a name of its own: `gateway NAME …`, `egress NAME`",
        _ => "rename one of them, or leave it out",
    }
}
