//! Istio's action CUSTOM: an RBAC filter notes which rules match, and `envoy.extensions.filters.http.ext_authz.v3` asks
//! where one of its authorizer's does (Istio `pilot/pkg/security/authz/builder`).

use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::Millis;
use mesh_wire::authorizer::{AskedBody, AskedBy, Authorizer};
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::{Action, Policy, PolicySet};
use serde_json::json;

use crate::reader::Reader;
use crate::{matcher, policy, schema};

/// What Istio's rules note their words under, for the filter that asks.
const STAT: &str = "istio_ext_authz_";
/// What stands before the name of an authorizer, where the names of its rules begin.
const PREFIX: &str = "istio-ext-authz";

/// The authorizers of a chain, while its filters are read in their order.
#[derive(Default)]
pub(crate) struct Asked {
    /// Rules by their names, authorizers' names before them.
    noted: BTreeMap<String, Policy>,
    /// Names of those that somebody asks about.
    asked: BTreeSet<String>,
    pub(crate) all: Vec<Authorizer>,
}

/// Whether an RBAC filter only notes what an authorizer is asked about.
pub(crate) fn is_note(filter: &Reader<'_>) -> bool {
    filter.peek_text("shadow_rules_stat_prefix") == Some(STAT)
}

impl Asked {
    /// An RBAC filter that notes. What it enforces beside is of dry runs of CUSTOM, which Istio has Envoy refuse.
    pub(crate) fn note(&mut self, mut filter: Reader<'_>, policies: &mut PolicySet) {
        filter.skip("shadow_rules_stat_prefix");
        if filter.knows("stat_prefix") {
            filter.skip("stat_prefix");
        }
        if let Some(rules) = filter.message("rules") {
            policy::add_rules(policies, rules, false);
        }
        let Some(mut rules) = filter.message("shadow_rules") else {
            return;
        };
        rules.given("action", &[json!("DENY")]);
        for (name, rule) in rules.map("policies") {
            // Where something cannot be known, it is asked.
            self.noted
                .insert(name, policy::translated(rule, Action::Deny, false));
        }
    }

    /// A filter that asks about requests.
    pub(crate) fn add(&mut self, mut filter: Reader<'_>) {
        filter.given("transport_api_version", &[json!("V3")]);
        let status_on_error = filter.message("status_on_error").and_then(status);
        let fail_open = filter.flag("failure_mode_allow") == Some(true);
        let body = filter.message("with_request_body").map(body);
        let enabled = filter.message("filter_enabled_metadata");
        let send = filter
            .message("allowed_headers")
            .map(patterns)
            .unwrap_or_default();
        let asked = if let Some(service) = filter.message("grpc_service") {
            by_grpc(service)
        } else {
            filter
                .message("http_service")
                .and_then(|service| by_http(service, send))
        };
        let Some(Place {
            cluster,
            host,
            timeout,
            by,
        }) = asked
        else {
            return;
        };
        let (name, policies) = self.rules(enabled);
        self.all.push(Authorizer {
            name,
            cluster,
            host,
            timeout,
            fail_open,
            status_on_error,
            body,
            by,
            policies,
        });
    }

    /// A filter that asks about connections.
    pub(crate) fn add_for_bytes(&mut self, mut filter: Reader<'_>) {
        filter.skip("stat_prefix");
        filter.given("transport_api_version", &[json!("V3")]);
        let fail_open = filter.flag("failure_mode_allow") == Some(true);
        let enabled = filter.message("filter_enabled_metadata");
        let Some(Place {
            cluster,
            host,
            timeout,
            by,
        }) = filter.message("grpc_service").and_then(by_grpc)
        else {
            return;
        };
        let (name, policies) = self.rules(enabled);
        self.all.push(Authorizer {
            name,
            cluster,
            host,
            timeout,
            fail_open,
            status_on_error: None,
            body: None,
            by,
            policies,
        });
    }

    /// All of them; what was noted and nobody asks about is told.
    pub(crate) fn end(self, chain: &Reader<'_>) -> Vec<Authorizer> {
        let left: Vec<_> = self
            .noted
            .keys()
            .filter(|name| !self.asked.contains(*name))
            .collect();
        if !left.is_empty() {
            chain.tell(
                "shadow_rules",
                &json!(left),
                "what an authorizer is asked about; nobody is asked",
            );
        }
        self.all
    }

    /// The name of an authorizer and its rules; without a condition it is asked about everything.
    fn rules(&mut self, enabled: Option<Reader<'_>>) -> (String, BTreeMap<String, Policy>) {
        let Some(mut enabled) = enabled else {
            let every = Policy {
                action: Action::Deny,
                permissions: vec![mesh_wire::policy::Permission::Any],
                principals: vec![mesh_wire::policy::Principal::Any],
                dry_run: false,
            };
            return (String::new(), BTreeMap::from([("every".to_owned(), every)]));
        };
        let filters = ["envoy.filters.http.rbac", "envoy.filters.network.rbac"];
        enabled.given("filter", &filters.map(|name| json!(name)));
        enabled.given(
            "path",
            &[json!([{"key": format!("{STAT}shadow_effective_policy_id")}])],
        );
        let value = enabled
            .message("value")
            .and_then(|mut value| value.message("string_match"));
        let prefix = match value.and_then(matcher::string) {
            Some(StringMatch::Prefix(prefix)) => prefix,
            other => {
                enabled.tell(
                    "value",
                    &json!(other),
                    "an authorizer is asked by the beginning of its rules' names",
                );
                String::new()
            }
        };
        let mut own = BTreeMap::new();
        for (name, rule) in &self.noted {
            let Some(rest) = name.strip_prefix(&prefix) else {
                continue;
            };
            self.asked.insert(name.clone());
            own.insert(rest.strip_prefix('-').unwrap_or(rest).to_owned(), rule.clone());
        }
        let name = prefix
            .strip_prefix(PREFIX)
            .unwrap_or(&prefix)
            .trim_start_matches('-')
            .to_owned();
        (name, own)
    }
}

/// Those of `all` that are asked about bytes, as they are asked there.
pub(crate) fn of_bytes(all: &[Authorizer]) -> Vec<Authorizer> {
    let seen = all.iter().filter(|one| matches!(one.by, AskedBy::Grpc));
    seen.map(|one| Authorizer {
        status_on_error: None,
        body: None,
        policies: policy::asked_by_bytes(&one.policies),
        ..one.clone()
    })
    .collect()
}

/// Where an authorizer is, and how it is asked.
struct Place {
    cluster: String,
    host: String,
    timeout: Millis,
    by: AskedBy,
}

/// Envoy's, where nothing is said.
const TIMEOUT: Millis = Millis(200);

fn by_grpc(mut service: Reader<'_>) -> Option<Place> {
    let timeout = service.span("timeout").unwrap_or(TIMEOUT);
    let mut envoy = service.message("envoy_grpc")?;
    let cluster = envoy.text("cluster_name");
    let host = envoy.some_text("authority").unwrap_or_else(|| cluster.clone());
    Some(Place {
        cluster,
        host,
        timeout,
        by: AskedBy::Grpc,
    })
}

fn by_http(mut service: Reader<'_>, send: Vec<String>) -> Option<Place> {
    let mut server = service.message("server_uri")?;
    let uri = server.text("uri");
    let host = uri.strip_prefix("http://").unwrap_or(&uri).to_owned();
    let mut add = BTreeMap::new();
    if let Some(mut request) = service.message("authorization_request") {
        for mut header in request.messages("headers_to_add") {
            add.insert(header.text("key").to_lowercase(), header.text("value"));
        }
    }
    let mut response = service.message("authorization_response");
    let mut list = |name: &str| {
        let list = response.as_mut().and_then(|response| response.message(name));
        list.map(patterns).unwrap_or_default()
    };
    Some(Place {
        cluster: server.text("cluster"),
        host,
        timeout: server.span("timeout").unwrap_or(TIMEOUT),
        by: AskedBy::Http {
            path_prefix: service.some_text("path_prefix"),
            send,
            add,
            upstream: list("allowed_upstream_headers"),
            allow: list("allowed_client_headers_on_success"),
            deny: list("allowed_client_headers"),
        },
    })
}

fn status(mut status: Reader<'_>) -> Option<u16> {
    let word = status.word("code")?;
    let named =
        |code: &u16| schema::word("envoy.type.v3.StatusCode", i64::from(*code)) == Some(word.as_str());
    (100..600).find(named)
}

fn body(mut settings: Reader<'_>) -> AskedBody {
    AskedBody {
        most: settings.number("max_request_bytes").unwrap_or(0),
        partial: settings.flag("allow_partial_message") == Some(true),
        bytes: settings.flag("pack_as_bytes") == Some(true),
    }
}

/// Names of headers, with `*` at an end.
fn patterns(mut list: Reader<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for pattern in list.messages("patterns") {
        let Some(pattern) = matcher::string(pattern) else {
            continue;
        };
        // Names of headers have no case.
        let bare = match &pattern {
            StringMatch::IgnoreCase(inner) => inner,
            other => other,
        };
        match bare {
            StringMatch::Exact(name) => all.push(name.clone()),
            StringMatch::Prefix(name) => all.push(format!("{name}*")),
            StringMatch::Suffix(name) => all.push(format!("*{name}")),
            other => list.tell(
                "patterns",
                &json!(other),
                "headers are named by what they begin or end with",
            ),
        }
    }
    all
}
