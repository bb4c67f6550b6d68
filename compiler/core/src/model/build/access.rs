use std::collections::BTreeSet;
use std::sync::Arc;

use super::callers::{self, Caller};
use crate::diag::Spanned;
use crate::model::{Access, Action, Choice, Group, Jwt, Port, Rule, Source, When};
use crate::spec::decl::{AccessDecl, Attribute, ChoiceDecl, JwtDecl, RuleDecl, Spec, WhenDecl};

/// What `decl` means where names without a namespace are those of `home`.
pub(super) fn access(decl: &AccessDecl, home: &str, spec: &Spec) -> Access {
    let mut rules: Vec<_> = decl.rules.iter().map(|decl| rule(decl, home, spec)).collect();
    rules.extend(demand(&decl.jwt));
    rules.sort();
    let mut jwt: Vec<_> = decl.jwt.iter().map(self::jwt).collect();
    jwt.sort();
    Access { rules, jwt }
}

/// Who has no token of the issuers that are required is refused: RequestAuthentication itself refuses bad ones alone.
/// Paths that one issuer leaves out need no token of any.
fn demand(jwt: &[JwtDecl]) -> Option<Rule> {
    let demanding = || jwt.iter().filter(|jwt| jwt.demand().is_some());
    let first = demanding().next()?;
    let mut rule = Rule::open(Action::Deny, first.span);
    rule.tokens.none = sorted(demanding().map(|jwt| format!("{}/*", jwt.issuer.value)).collect());
    let except = demanding()
        .flat_map(|jwt| &jwt.except)
        .flat_map(|paths| &paths.value);
    rule.paths.none = sorted(except.map(|path| path.value.clone()).collect());
    Some(rule)
}

/// Ports that know no requests are left out of what is asked of tokens: all of them would be refused there.
pub(super) fn only_requests(access: &mut Access, decl: &AccessDecl, ports: &[Port], groups: &[Arc<Group>]) {
    let demands = decl.jwt.iter().find(|jwt| jwt.demand().is_some());
    let bytes = ports.iter().filter(|port| !port.protocol.is_http());
    let numbers: BTreeSet<u16> = bytes
        .flat_map(|port| {
            let name = port.target_name.as_ref().unwrap_or(&port.name);
            let of_groups = groups.iter().filter_map(|group| group.ports.get(name).copied());
            of_groups.chain([port.target])
        })
        .collect();
    let is = |rule: &&mut Rule| demands.is_some_and(|jwt| jwt.span == rule.span);
    for rule in access.rules.iter_mut().filter(is) {
        rule.ports.none = numbers.iter().copied().collect();
    }
}

fn rule(decl: &RuleDecl, home: &str, spec: &Spec) -> Rule {
    let source = |from: &Spanned<String>| match callers::resolve(&from.value, home, spec) {
        Caller::Known(source) | Caller::Foreign(source) => Some(source),
        // They are mistakes, and the rule is not one for everybody by them.
        Caller::External(_) | Caller::Unknown { .. } => Some(Source::Account {
            namespace: home.to_owned(),
            account: from.value.clone(),
        }),
    };
    let same = |text: &Spanned<String>| Some(text.value.clone());
    let mut when: Vec<_> = decl.when.iter().filter_map(self::when).collect();
    when.sort();
    Rule {
        action: decl.action,
        authorizer: decl.authorizer.as_ref().map(|name| name.value.clone()),
        name: decl.name.as_ref().map(|name| name.value.clone()),
        dry_run: decl.dry_run.as_ref().is_some_and(|dry| dry.value),
        from: choice(&decl.from, source),
        from_ip: choice(&decl.from_ip, |net| Some(*net)),
        remote_ip: choice(&decl.remote_ip, |net| Some(*net)),
        tokens: choice(&decl.jwt, same),
        methods: choice(&decl.methods, same),
        paths: choice(&decl.paths, same),
        hosts: choice(&decl.hosts, same),
        ports: choice(&decl.ports, |port| Some(*port)),
        when,
        span: decl.span,
    }
}

fn choice<T, U: Ord>(decl: &ChoiceDecl<T>, read: impl Fn(&T) -> Option<U>) -> Choice<U> {
    let all = |list: &Option<Spanned<Vec<T>>>| {
        let items = list.iter().flat_map(|list| &list.value);
        sorted(items.filter_map(&read).collect())
    };
    Choice {
        any: all(&decl.any),
        none: all(&decl.none),
    }
}

fn when(decl: &WhenDecl) -> Option<When> {
    let texts = |list: &[Spanned<String>]| sorted(list.iter().map(|text| text.value.clone()).collect());
    Some(When {
        attribute: Attribute::parse(&decl.key.value).ok()?,
        key: decl.key.value.clone(),
        values: Choice {
            any: texts(&decl.any),
            none: texts(&decl.none),
        },
    })
}

fn jwt(decl: &JwtDecl) -> Jwt {
    let texts = |list: &[Spanned<String>]| list.iter().map(|text| text.value.clone()).collect();
    let text = |value: &Option<Spanned<String>>| value.as_ref().map(|value| value.value.clone());
    let headers = decl.from.iter().filter_map(|from| {
        let header = from.header.as_ref()?.value.clone();
        Some((header, text(&from.prefix)))
    });
    let claims = decl
        .claims
        .iter()
        .map(|(claim, header)| (header.value.clone(), claim.value.clone()));
    Jwt {
        issuer: decl.issuer.value.clone(),
        audiences: sorted(texts(&decl.audiences)),
        jwks_uri: text(&decl.jwks_uri),
        jwks: text(&decl.jwks),
        headers: sorted(headers.collect()),
        params: sorted(decl.from.iter().filter_map(|from| text(&from.param)).collect()),
        cookies: sorted(decl.from.iter().filter_map(|from| text(&from.cookie)).collect()),
        forward: decl.forward.unwrap_or(false),
        payload_header: text(&decl.payload_header),
        claim_headers: sorted(claims.collect()),
        space_delimited: sorted(texts(&decl.space_delimited)),
        timeout: decl.timeout,
        span: decl.span,
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list.dedup();
    list
}
