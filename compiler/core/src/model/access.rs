use std::collections::BTreeSet;

use ipnet::IpNet;
use mesh_wire::Millis;

use crate::diag::Span;
// There is nothing to resolve in them: what is written is what is meant.
pub use crate::spec::decl::{Action, Attribute};

/// What Istio's docs call the policy of a whole mesh or namespace.
pub(crate) const DEFAULT_POLICY: &str = "default";

/// What a service, a namespace or the mesh says of those who call.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// By action and content, so that the order in the spec says nothing.
    pub rules: Vec<Rule>,
    /// Tokens, by issuer.
    pub jwt: Vec<Jwt>,
}

/// One rule (AuthorizationPolicy `rules`). All that it asks must hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// What a match means.
    pub action: Action,
    /// Whom [`Action::Ask`] asks.
    pub authorizer: Option<String>,
    /// The AuthorizationPolicy that it is to stand in, if it is named.
    pub name: Option<String>,
    /// It is only written down what it would do.
    pub dry_run: bool,
    /// Who calls.
    pub from: Choice<Source>,
    /// The other end of the connection.
    pub from_ip: Choice<IpNet>,
    /// The client by X-Forwarded-For.
    pub remote_ip: Choice<IpNet>,
    /// Verified tokens: `issuer/subject`, with `*` at either end.
    pub tokens: Choice<String>,
    /// HTTP methods.
    pub methods: Choice<String>,
    /// Paths: exact, `/x*`, `*x` or with `{*}` and `{**}`.
    pub paths: Choice<String>,
    /// Hosts: exact, `x*` or `*x`.
    pub hosts: Choice<String>,
    /// Workload ports.
    pub ports: Choice<u16>,
    /// Conditions on single attributes.
    pub when: Vec<When>,
    /// Where it is written.
    pub span: Span,
}

/// One of `any`, and none of `none`; an empty list asks nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice<T> {
    /// One of these.
    pub any: Vec<T>,
    /// None of these.
    pub none: Vec<T>,
}

/// A condition on one attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct When {
    /// What is asked.
    pub attribute: Attribute,
    /// The same in Istio's words.
    pub key: String,
    /// What it must and must not be.
    pub values: Choice<String>,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// An account: everything that runs as it.
    Account {
        /// Namespace.
        namespace: String,
        /// Service account.
        account: String,
    },
    /// Everything of a namespace.
    Namespace(String),
    /// Everybody who shows a certificate of the mesh.
    Everybody,
    /// What follows `spiffe://` in an identity; `*` at its end stands for anything.
    Identity(String),
}

/// Tokens of one issuer (RequestAuthentication `jwtRules`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jwt {
    /// Claim `iss`.
    pub issuer: String,
    /// Claim `aud`: one of these; empty is any.
    pub audiences: Vec<String>,
    /// Where the keys are.
    pub jwks_uri: Option<String>,
    /// The keys.
    pub jwks: Option<String>,
    /// Headers that carry a token, with what stands before it there.
    pub headers: Vec<(String, Option<String>)>,
    /// Parameters that carry a token.
    pub params: Vec<String>,
    /// Cookies that carry a token.
    pub cookies: Vec<String>,
    /// The application gets the token.
    pub forward: bool,
    /// A header that the application gets the claims in.
    pub payload_header: Option<String>,
    /// Claims that the application gets as headers: header, claim.
    pub claim_headers: Vec<(String, String)>,
    /// Claims that are lists by space.
    pub space_delimited: Vec<String>,
    /// How long the keys may take; `None` is Istio's 5 s.
    pub timeout: Option<Millis>,
    /// Where it is written.
    pub span: Span,
}

impl Access {
    /// It refuses what it does not let through.
    pub fn closes(&self) -> bool {
        self.enforced(Action::Allow).next().is_some()
    }

    /// The rules of `action`.
    pub fn of(&self, action: Action) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.action == action)
    }

    /// The rules of `action` that are in force.
    pub fn enforced(&self, action: Action) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(move |rule| rule.action == action && !rule.dry_run)
    }
}

impl<T> Default for Choice<T> {
    fn default() -> Self {
        Self {
            any: Vec::new(),
            none: Vec::new(),
        }
    }
}

impl<T> Choice<T> {
    /// Nothing is asked.
    pub const fn is_open(&self) -> bool {
        self.any.is_empty() && self.none.is_empty()
    }
}

impl<T: PartialEq> Choice<T> {
    /// `value` fulfils it, where nothing but equality is looked at.
    pub fn takes(&self, value: &T) -> bool {
        (self.any.is_empty() || self.any.contains(value)) && !self.none.contains(value)
    }
}

impl Rule {
    /// A rule that asks nothing.
    pub fn open(action: Action, span: Span) -> Self {
        Self {
            action,
            authorizer: None,
            name: None,
            dry_run: false,
            from: Choice::default(),
            from_ip: Choice::default(),
            remote_ip: Choice::default(),
            tokens: Choice::default(),
            methods: Choice::default(),
            paths: Choice::default(),
            hosts: Choice::default(),
            ports: Choice::default(),
            when: Vec::new(),
            span,
        }
    }

    /// It asks nothing.
    pub fn is_open(&self) -> bool {
        self.from.is_open()
            && self.from_ip.is_open()
            && self.remote_ip.is_open()
            && self.ports.is_open()
            && self.when.is_empty()
            && !self.on_requests()
    }

    /// The name of the AuthorizationPolicy that it stands in, at a place that is called `base`.
    pub fn policy_name(&self, base: &str) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let mut name = base.to_owned();
        if self.action != Action::Allow {
            name = format!("{name}-{}", self.action.word());
        }
        if let Some(authorizer) = &self.authorizer {
            name = format!("{name}-{authorizer}");
        }
        if self.dry_run {
            name.push_str("-dry-run");
        }
        name
    }

    /// It asks something that only requests can fulfil.
    pub fn on_requests(&self) -> bool {
        use Attribute as A;
        let asks = |when: &When| {
            matches!(
                when.attribute,
                A::RequestHeader(_)
                    | A::RequestPrincipal
                    | A::RequestAudiences
                    | A::RequestPresenter
                    | A::RequestClaim(_)
            )
        };
        let listed = [&self.tokens, &self.methods, &self.paths, &self.hosts];
        listed.iter().any(|choice| !choice.is_open()) || self.when.iter().any(asks)
    }

    /// It is about `port` of a workload, as far as it says.
    pub fn covers(&self, port: u16) -> bool {
        let text = port.to_string();
        self.ports.takes(&port)
            && self
                .when
                .iter()
                .filter(|when| when.attribute == Attribute::DestinationPort)
                .all(|when| when.values.takes(&text))
    }

    /// Limits it to ports other than these, unless it names its ports itself.
    pub(crate) fn leave_alone(&mut self, ports: &BTreeSet<u16>) {
        if self.ports.any.is_empty() {
            let more: BTreeSet<u16> = self.ports.none.iter().chain(ports).copied().collect();
            self.ports.none = more.into_iter().collect();
        }
    }
}
