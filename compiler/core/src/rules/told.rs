//! Which rules of meshes make sense for existing objects, and how what they find is said in Istio's words.
//!
//! A rule is told of objects where three things hold. What it finds is a mistake there too, and never somebody's habit:
//! Istio's own samples are clean. No rule of objects speaks of the same. And what it says to be missing cannot be in
//! an object that was not understood, or in files that were not given: see [`Needs`].

use std::collections::BTreeSet;

use crate::diag::{Code, Diagnostic, code};
use crate::manifest::Object;

/// A rule that is told of objects.
#[derive(Debug)]
pub struct Told {
    /// What it finds.
    pub code: &'static Code,
    /// What has to be known before it is told.
    pub needs: Needs,
    /// Only what it finds with this piece in the message; the rest is not sure of objects.
    only: &'static [&'static str],
    /// What a help says instead, by a piece of the message; the first that is in it. None: what the rule says.
    help: &'static [(&'static str, &'static str)],
    /// Words of the language, and Istio's.
    words: &'static [(&'static str, &'static str)],
}

/// What has to be known, so that a rule may say what is not there.
#[derive(Clone, Copy, Debug)]
pub enum Needs {
    /// What it says is in what it points at.
    Nothing,
    /// All of this kind in the namespace and in Istio's own, and at least one of it anywhere.
    Around(&'static str),
    /// All of this kind, and at least one.
    All(&'static str),
}

impl Needs {
    /// `left` are the objects that were not understood, by their places; `namespace` is what a rule speaks of.
    pub(crate) fn are_met(self, objects: &[Object], left: &BTreeSet<usize>, namespace: &str) -> bool {
        let whole = |kind: &str, near: &dyn Fn(&Object) -> bool| {
            let all = || {
                objects
                    .iter()
                    .enumerate()
                    .filter(|(_, one)| one.kind.value == kind)
            };
            all().next().is_some() && all().all(|(at, one)| !near(one) || !left.contains(&at))
        };
        match self {
            Self::Nothing => true,
            Self::Around(kind) => whole(kind, &|one| [namespace, ROOT].contains(&one.namespace())),
            Self::All(kind) => whole(kind, &|_| true),
        }
    }
}

const ROOT: &str = "istio-system";

impl Told {
    const fn new(code: &'static Code, needs: Needs) -> Self {
        Self {
            code,
            needs,
            only: &[],
            help: &[],
            words: &[],
        }
    }

    const fn only(mut self, only: &'static [&'static str]) -> Self {
        self.only = only;
        self
    }

    const fn help(mut self, help: &'static [(&'static str, &'static str)]) -> Self {
        self.help = help;
        self
    }

    const fn words(mut self, words: &'static [(&'static str, &'static str)]) -> Self {
        self.words = words;
        self
    }

    /// What was found, as somebody says it who writes objects. Fixes are written for specs.
    pub(crate) fn in_words_of_istio(&self, mut found: Diagnostic) -> Diagnostic {
        let help = self.help.iter().find(|(piece, _)| found.message.contains(piece));
        if let Some((_, help)) = help {
            found.help = Some((*help).to_owned());
        }
        found.fixes.clear();
        let labels = found.labels.iter_mut().map(|label| &mut label.text);
        let texts = [&mut found.message, &mut found.primary.text].into_iter();
        for text in texts.chain(labels).chain(&mut found.help).chain(&mut found.note) {
            for (ours, istios) in self.words {
                *text = text.replace(ours, istios);
            }
        }
        found
    }
}

/// The rule that found it, if it is told of objects.
pub(crate) fn told(found: &Diagnostic) -> Option<&'static Told> {
    let sure =
        |told: &&Told| told.only.is_empty() || told.only.iter().any(|piece| found.message.contains(piece));
    TOLD.iter().find(|told| told.code == found.code).filter(sure)
}

const POLICY: &str = "AuthorizationPolicy";

/// The rules that are told.
pub static TOLD: &[Told] = &[
    Told::new(&code::AUTHZ_BAD_VALUE, Needs::Nothing)
        .help(&[("compares with nothing", "write `values` or `notValues`")])
        .words(&[("`not=`", "`notValues`")]),
    Told::new(&code::CORS_OPEN, Needs::Nothing).help(&[(
        "",
        "name the origins in `allowOrigins`, each by `exact`, `prefix` or `regex`",
    )]),
    Told::new(&code::DENY_SHADOWS_ALLOW, Needs::Nothing)
        .help(&[("", "leave this rule out, or make that of `action: DENY` narrower")])
        .words(&[("`deny` refuses", "a rule of `action: DENY` refuses")]),
    Told::new(&code::DRY_RUN_OPEN, Needs::Around(POLICY))
        .help(&[(
            "",
            "leave the annotation `istio.io/dry-run` out of the policies that are to hold",
        )])
        .words(&[("every `allow`", "every policy with `action: ALLOW`")]),
    // Of how many workloads there are, objects say nothing.
    Told::new(&code::EJECT_NEVER, Needs::Nothing)
        .only(&["no failure is counted"])
        .help(&[(
            "",
            "write `consecutive5xxErrors: 5`, or what else is counted: `consecutiveGatewayErrors`, \
             `consecutiveLocalOriginFailures`",
        )]),
    Told::new(&code::FAILOVER_INVALID, Needs::Nothing).help(&[
        (
            "exclude each other",
            "keep one of them: shares hold whatever fails",
        ),
        (
            "orders places already",
            "leave the label out of `failoverPriority`, or leave `failover` out",
        ),
        (
            "",
            "name two regions, each of `from` once; within a region, near zones come first by themselves",
        ),
    ]),
    Told::new(&code::HASH_WITHOUT_REQUESTS, Needs::Nothing).help(&[(
        "",
        "write `useSourceIp: true`, or say `http` in the name of the Service's port",
    )]),
    Told::new(&code::HEADLESS_MACHINES, Needs::Nothing).help(&[(
        "",
        "leave `clusterIP: None` out: the service then has one address, and every caller finds the machines",
    )]),
    Told::new(&code::IDENTITY_WITHOUT_MTLS, Needs::Around("PeerAuthentication"))
        .help(&[("", "leave `mode: DISABLE` out, or ask for addresses: `ipBlocks`")]),
    Told::new(&code::JWT_MISSING, Needs::Around("RequestAuthentication"))
        .help(&[
            (
                "expected ISSUER/SUBJECT",
                "write issuer and subject; `/*` behind the issuer is all of its tokens",
            ),
            (
                "without a subject",
                "write `/*` behind the issuer for all of its tokens",
            ),
            (
                "",
                "write a RequestAuthentication with a rule for the `issuer`, for the same workloads",
            ),
        ])
        .words(&[("no `jwt` verifies", "no RequestAuthentication verifies")]),
    Told::new(&code::LOCALITY_SHARES, Needs::Nothing).help(&[
        (
            "gets nothing",
            "leave the place out: what is not named gets nothing",
        ),
        (
            "overlap",
            "name places beside each other, such as `us-west/a/*` and `us-west/b/*`",
        ),
        ("", "the shares in `to` have to be 100 together"),
    ]),
    Told::new(&code::MATCH_NEVER, Needs::Nothing)
        .help(&[("", "write an entry of `match` for each: one of several is enough")]),
    Told::new(&code::MIRROR_SELF, Needs::Nothing).help(&[("", "mirror to another subset or host")]),
    Told::new(&code::NEAR_WITHOUT_EJECT, Needs::Nothing).help(&[(
        "",
        "write `outlierDetection` beside `loadBalancer`, such as `consecutive5xxErrors: 5`",
    )]),
    // TLS of one port beside a balancer for all is written so on purpose, as in Istio's sample for googleapis.com.
    Told::new(&code::PORT_STANDS_ALONE, Needs::Nothing)
        .only(&["limits", "eject"])
        .help(&[(
            "",
            "repeat what is to hold there too in this entry of `portLevelSettings`",
        )])
        .words(&[
            ("nothing of the service's", "nothing of the host's"),
            ("limits", "`connectionPool`"),
            ("eject", "`outlierDetection`"),
            ("balance", "`loadBalancer`"),
        ]),
    Told::new(&code::PORT_UNREAD, Needs::Nothing)
        .help(&[("", "write it in `spec.trafficPolicy`, for the whole host")])
        .words(&[
            ("`idle-timeout`", "`idleTimeout`"),
            ("`connection-age`", "`maxConnectionDuration`"),
            ("`balance hash { source-ip }`", "`useSourceIp`"),
            ("; VMs with meshd keep it", ""),
        ]),
    Told::new(&code::PROBE_OVERLAP, Needs::Nothing)
        .help(&[("", "make `timeoutSeconds` no longer than `periodSeconds`")]),
    Told::new(&code::REGEX_UNUSABLE, Needs::Nothing)
        .words(&[("`with=`", "`rewrite`"), ("`regex=`", "`match`")]),
    Told::new(&code::RESOLUTION, Needs::Nothing)
        .help(&[
            ("needs endpoints", "write `endpoints`, or `resolution: DNS`"),
            ("has to be looked up", "write an address, or `resolution: DNS`"),
            (
                "goes to the address",
                "leave the endpoints out, or write `resolution: STATIC`",
            ),
            ("cannot be looked up", "write `resolution: NONE`, or `endpoints`"),
            (
                "takes one endpoint",
                "leave the others out, or write `resolution: DNS`",
            ),
            ("names port", "name a port of `spec.ports` by its name"),
        ])
        .words(&[
            ("`static`", "`STATIC`"),
            ("`none`", "`NONE`"),
            ("`dns-round-robin`", "`DNS_ROUND_ROBIN`"),
        ]),
    Told::new(&code::REWRITE_WITHOUT_PREFIX, Needs::Nothing).help(&[
        (
            "by an expression",
            "write `uriRegexRewrite`, or match by `prefix`",
        ),
        (
            "every path",
            "match by `prefix`, or end `rewrite.uri` with a slash",
        ),
    ]),
    Told::new(&code::ROUTE_GAP, Needs::Nothing).help(&[("", "write a last route without `match`")]),
    Told::new(&code::ROUTE_REFUSED, Needs::All(POLICY)).help(&[(
        "",
        "let the AuthorizationPolicy of the destination allow the same callers",
    )]),
    Told::new(&code::SHARE_ZERO, Needs::Nothing)
        .help(&[("", "write a `percentage` above 0, or leave it out")]),
    Told::new(&code::SUBSET_UNUSED, Needs::All("VirtualService")).help(&[(
        "",
        "write a VirtualService with a route to the subset, or leave its `trafficPolicy` out",
    )]),
    Told::new(&code::TIMEOUT_ORDER, Needs::Nothing)
        .help(&[("", "make `perTryTimeout` shorter than `timeout`, or leave it out")]),
    Told::new(&code::TLS_NAME, Needs::Nothing).help(&[
        ("asked for a name", "write `subjectAltNames` beside `sni`"),
        (
            "",
            "write `sni` and `subjectAltNames`, or a ServiceEntry for each host",
        ),
    ]),
    Told::new(&code::TOKEN_OPTIONAL, Needs::Around(POLICY)).help(&[(
        "",
        "write an AuthorizationPolicy for the same workloads that asks for `requestPrincipals`",
    )]),
    Told::new(&code::UDP_UNPROXIED, Needs::Nothing)
        .help(&[("", "leave `trafficPolicy` out of it, or declare what is TCP")]),
    Told::new(&code::WARM_UP_INEFFECTIVE, Needs::Nothing)
        .help(&[(
            "",
            "write `simple: LEAST_REQUEST` or `simple: ROUND_ROBIN`, or leave `warmup` out",
        )])
        .words(&[
            ("`random`", "`RANDOM`"),
            ("`passthrough`", "`PASSTHROUGH`"),
            ("`hash`", "`consistentHash`"),
        ]),
    Told::new(&code::WEIGHT_MIXED, Needs::Nothing).help(&[(
        "",
        "write `weight` in every WorkloadEntry of the service, or in none",
    )]),
];
