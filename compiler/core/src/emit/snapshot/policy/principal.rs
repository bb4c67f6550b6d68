use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::Principal;

use super::{Compiler, HttpOnly, add, claim, text};
use crate::emit::istio::sources;
use crate::model::{Attribute, Choice, Rule, Source, When};

impl Compiler<'_> {
    /// Who asks: one entry for each source of Istio's rule, each with all the rest.
    pub(super) fn principals(&self, rule: &Rule) -> Result<Vec<Principal>, HttpOnly> {
        sources(&rule.from)
            .iter()
            .map(|source| self.principal(rule, source))
            .collect()
    }

    /// In the order of Istio's filters.
    fn principal(&self, rule: &Rule, source: &Choice<Source>) -> Result<Principal, HttpOnly> {
        let mut all = Vec::new();
        let (accounts, namespaces) = (split(source, false), split(source, true));
        add(&mut all, &accounts, |source| self.identities(source));
        self.of_requests(&mut all, &rule.tokens, |token| self::token(token))?;
        add(&mut all, &namespaces, |source| self.identities(source));
        add(&mut all, &rule.remote_ip, |net| vec![Principal::RemoteIp(*net)]);
        add(&mut all, &rule.from_ip, |net| {
            vec![Principal::DirectRemoteIp(*net)]
        });
        for when in &rule.when {
            self.attribute(when, &mut all)?;
        }
        Ok(if all.is_empty() {
            Principal::Any
        } else {
            Principal::All(all)
        })
    }

    fn identities(&self, source: &Source) -> Vec<Principal> {
        match source {
            Source::Account { namespace, account } => {
                self.with_aliases(&format!("{}/ns/{namespace}/sa/{account}", self.mesh.trust_domain))
            }
            Source::Namespace(namespace) => vec![of_namespace(namespace)],
            Source::Everybody => self.with_aliases("*"),
            Source::Identity(identity) => self.with_aliases(identity),
        }
    }

    /// A principal in Istio's form. Under a trust domain of the mesh it is meant under all of them, and
    /// `cluster.local` is a word for the mesh's own (Istio `pilot/pkg/security/trustdomain`).
    fn with_aliases(&self, principal: &str) -> Vec<Principal> {
        let known = |domain: &str| domain == "cluster.local" || self.domains().any(|own| meets(own, domain));
        let mut names = Vec::new();
        match principal.split_once('/') {
            Some((domain, rest)) if domain != "*" && rest.split('/').count() == 4 && known(domain) => {
                for own in self.domains() {
                    let covered = domain.strip_prefix('*').is_some_and(|end| own.ends_with(end));
                    let name = if covered {
                        principal.to_owned()
                    } else {
                        format!("{own}/{rest}")
                    };
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            _ => names.push(principal.to_owned()),
        }
        let one = |name: &String| authenticated(text::prefixed(name, "spiffe://"));
        names.iter().map(one).collect()
    }

    fn domains(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.mesh.trust_domain)
            .chain(&self.mesh.trust_domain_aliases)
            .map(String::as_str)
    }

    fn attribute(&self, when: &When, all: &mut Vec<Principal>) -> Result<(), HttpOnly> {
        use Attribute as A;
        let values = &when.values;
        match &when.attribute {
            A::SourceIp => add(all, values, |value| {
                text::net(value)
                    .map(Principal::DirectRemoteIp)
                    .into_iter()
                    .collect()
            }),
            A::RemoteIp => add(all, values, |value| {
                text::net(value).map(Principal::RemoteIp).into_iter().collect()
            }),
            A::SourceNamespace => add(all, values, |value| vec![of_namespace(value)]),
            A::SourcePrincipal => add(all, values, |value| self.with_aliases(value)),
            A::SourceServiceAccount => add(all, values, |value| vec![self.account(value)]),
            A::SourceTrustDomain => add(all, values, |value| self.of_domain(value)),
            A::RequestHeader(name) => {
                return self.of_requests(all, values, |value| Principal::Header(text::header(name, value)));
            }
            A::RequestPrincipal => return self.of_requests(all, values, |value| token(value)),
            A::RequestAudiences => return self.of_requests(all, values, |value| of_claim(&["aud"], value)),
            A::RequestPresenter => return self.of_requests(all, values, |value| of_claim(&["azp"], value)),
            A::RequestClaim(path) => {
                let path: Vec<_> = path.iter().map(String::as_str).collect();
                return self.of_requests(all, values, |value| of_claim(&path, value));
            }
            A::DestinationIp | A::DestinationPort | A::ConnectionSni | A::Metadata { .. } => {}
        }
        Ok(())
    }

    /// `account` or `namespace/account`, in whatever trust domain.
    fn account(&self, value: &str) -> Principal {
        let (namespace, account) = value.split_once('/').unwrap_or((self.namespace, value));
        let (namespace, account) = (text::quoted(namespace), text::quoted(account));
        authenticated(StringMatch::Regex(format!(
            "spiffe://.+/ns/{namespace}/(.+/|)sa/{account}(/.+)?"
        )))
    }

    fn of_domain(&self, value: &str) -> Vec<Principal> {
        if value == "*" {
            return vec![authenticated(StringMatch::Prefix("spiffe://".to_owned()))];
        }
        if value.contains('*') {
            let domain = text::quoted_parts(value, "[^/]*");
            return vec![authenticated(StringMatch::Regex(format!("spiffe://{domain}/.*")))];
        }
        let exact = |domain: &str| authenticated(StringMatch::Prefix(format!("spiffe://{domain}/")));
        if self.domains().any(|own| own == value) {
            self.domains().map(exact).collect()
        } else {
            vec![exact(value)]
        }
    }
}

/// A trust domain of the mesh is meant by `domain`, which may have a `*` at either end.
fn meets(own: &str, domain: &str) -> bool {
    let begins = || {
        domain
            .strip_suffix('*')
            .is_some_and(|begin| own.starts_with(begin))
    };
    let ends = || domain.strip_prefix('*').is_some_and(|end| own.ends_with(end));
    own == domain || begins() || ends()
}

/// The namespaces of `source`, or all that is not one.
fn split(source: &Choice<Source>, namespaces: bool) -> Choice<Source> {
    let of = |list: &[Source]| {
        let is = |source: &&Source| matches!(source, Source::Namespace(_)) == namespaces;
        list.iter().filter(is).cloned().collect()
    };
    Choice {
        any: of(&source.any),
        none: of(&source.none),
    }
}

fn of_namespace(namespace: &str) -> Principal {
    let namespace = text::quoted_parts(namespace, ".*");
    authenticated(StringMatch::Regex(format!(".*/ns/{namespace}/.*")))
}

fn of_claim(path: &[&str], value: &str) -> Principal {
    Principal::Metadata(claim(path, text::string(value)))
}

/// `issuer/subject`; the issuer may be a URL, so that the last slash parts them (Istio `authz/model/generator.go`,
/// requestPrincipalGenerator).
fn token(value: &str) -> Principal {
    let any = || StringMatch::Regex(".+".to_owned());
    let (issuer, subject) = match value.rsplit_once('/') {
        _ if value == "*" => (any(), any()),
        Some((issuer, subject)) if value.starts_with('*') => {
            (text::string(issuer), StringMatch::Exact(subject.to_owned()))
        }
        Some((issuer, subject)) if value.ends_with('*') => {
            (StringMatch::Exact(issuer.to_owned()), text::string(subject))
        }
        Some((issuer, subject)) => (
            StringMatch::Exact(issuer.to_owned()),
            StringMatch::Exact(subject.to_owned()),
        ),
        None if value.starts_with('*') => (any(), text::string(value)),
        None if value.ends_with('*') => (text::string(value), any()),
        None => (
            StringMatch::Exact(value.to_owned()),
            StringMatch::Exact(String::new()),
        ),
    };
    Principal::All(vec![
        Principal::Metadata(claim(&["iss"], issuer)),
        Principal::Metadata(claim(&["sub"], subject)),
    ])
}

fn authenticated(name: StringMatch) -> Principal {
    Principal::Authenticated(Some(name))
}
