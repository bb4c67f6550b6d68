//! Servers of gateways.

use super::index::Index;
use super::workload::{Service, is_subset};
use crate::diag::Spanned;
use crate::manifest::Object;
use crate::syntax::Datum;

/// One server of a Gateway.
pub(super) struct Server<'a> {
    pub(super) datum: &'a Datum,
}

impl Server<'_> {
    pub(super) fn number(&self) -> Option<Spanned<String>> {
        self.datum.at(&["port"])?.field_text("number")
    }

    pub(super) fn protocol(&self) -> Option<Spanned<String>> {
        self.datum.at(&["port"])?.field_text("protocol")
    }

    /// The address it listens on; empty for all.
    pub(super) fn bind(&self) -> String {
        self.datum
            .field_text("bind")
            .map_or_else(String::new, |bind| bind.value)
    }

    pub(super) fn mode(&self) -> Option<Spanned<String>> {
        self.datum.at(&["tls"])?.field_text("mode")
    }

    pub(super) fn hosts(&self) -> Vec<Spanned<String>> {
        let hosts = self.datum.at(&["hosts"]).map_or(&[][..], Datum::items);
        hosts.iter().filter_map(Datum::text).collect()
    }

    /// It tells its hosts apart by the names of TLS (istio, pkg/config/gateway, IsTLSServer).
    pub(super) fn is_tls(&self) -> bool {
        let has_block = self.datum.entry("tls").is_some();
        let protocol = self
            .protocol()
            .map(|protocol| protocol.value.to_ascii_uppercase());
        has_block && !matches!(protocol.as_deref(), Some("HTTP" | "HTTP2" | "GRPC"))
    }
}

/// The servers of a Gateway.
pub(super) fn servers(gateway: &Object) -> impl Iterator<Item = Server<'_>> {
    gateway
        .items(&["spec", "servers"])
        .iter()
        .map(|datum| Server { datum })
}

/// What a Gateway is put on.
pub(super) fn selector(gateway: &Object) -> Vec<(String, String)> {
    gateway.labels_at(&["spec", "selector"])
}

/// The services before the pods that a Gateway is put on, as far as both are written.
pub(super) fn services<'i, 'a>(index: &'i Index<'a>, gateway: &Object) -> Vec<&'i Service<'a>> {
    let wanted = selector(gateway);
    let of_gateway = |service: &&Service<'_>| {
        !wanted.is_empty()
            && !service.selector.is_empty()
            && (is_subset(&wanted, &service.selector)
                || index
                    .selected(service)
                    .iter()
                    .any(|pods| is_subset(&wanted, &pods.labels)))
    };
    index.services().iter().filter(of_gateway).collect()
}

/// There is a gateway for HBONE between networks.
pub(super) fn of_ambient(index: &Index<'_>) -> bool {
    let mut gateways = index.kind("gateway.networking.k8s.io", "Gateway");
    gateways.any(|gateway| {
        gateway
            .text(&["spec", "gatewayClassName"])
            .is_some_and(|class| class.value == "istio-east-west")
    })
}
