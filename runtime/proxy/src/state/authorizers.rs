//! Who is asked about requests and connections before all policies, compiled.

use std::sync::Arc;

use http::{HeaderName, StatusCode};
use mesh_wire::authorizer as wire;

use super::Clusters;
use super::matcher::BadPattern;
use super::policy::{Attempt, Stage};
use crate::cluster::Cluster;
use crate::telemetry::Places;
use crate::written::Written;

/// What Istio has the filter that notes write before its words.
const NOTED: &str = "istio_ext_authz_";

/// One authorizer, and what it is asked about.
#[derive(Debug)]
pub(crate) struct Authorizer {
    /// Without its policies, which are `rules`; its patterns of headers are in lower case.
    pub(crate) wire: wire::Authorizer,
    /// `None` where it cannot be reached from here at all.
    pub(crate) cluster: Option<Arc<Cluster>>,
    /// What clients get where it does not answer.
    pub(crate) status_on_error: StatusCode,
    /// Where something cannot be known, it is asked.
    rules: Stage,
}

impl Authorizer {
    pub(super) fn compile(
        wire: &wire::Authorizer,
        clusters: &Clusters,
        places: &Places<'_>,
    ) -> Result<Self, BadPattern> {
        let mut wire = wire.clone();
        let policies = std::mem::take(&mut wire.policies);
        let name = |name: &str| format!("istio-ext-authz-{}-{name}", wire.name);
        let enforced = policies.iter().filter(|(_, policy)| !policy.dry_run);
        let named = enforced.map(|(own, policy)| (name(own), policy));
        let rules = Stage::noting(named, NOTED, places)?;
        if let wire::AskedBy::Http {
            send,
            upstream,
            allow,
            deny,
            ..
        } = &mut wire.by
        {
            let patterns = [send, upstream, allow, deny].into_iter().flatten();
            patterns.for_each(|pattern| pattern.make_ascii_lowercase());
        }
        let status = wire.status_on_error.map(StatusCode::from_u16);
        Ok(Self {
            cluster: clusters.get(&wire.cluster).cloned(),
            status_on_error: status.and_then(Result::ok).unwrap_or(StatusCode::FORBIDDEN),
            rules,
            wire,
        })
    }

    /// Whether it can be asked where there are no requests. Istio leaves those out there that are asked by HTTP
    /// (`pilot/pkg/security/authz/builder/extauthz.go`).
    pub(crate) const fn decides_bytes(&self) -> bool {
        matches!(self.wire.by, wire::AskedBy::Grpc)
    }

    /// Whether it decides about `attempt`.
    pub(crate) fn is_asked(&self, attempt: &Attempt<'_>, written: &mut Written) -> bool {
        self.rules.matches(attempt, written)
    }
}

/// Whether one of `patterns` means the header: a name, its beginning with `*` behind, or its end with `*` before.
pub(crate) fn names(patterns: &[String], header: &HeaderName) -> bool {
    let name = header.as_str();
    patterns.iter().any(
        |pattern| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
            (Some(end), _) => name.ends_with(end),
            (None, Some(begin)) => name.starts_with(begin),
            (None, None) => name == pattern,
        },
    )
}
