use ipnet::IpNet;

use super::{Action, JwtDecl};
use crate::diag::{Span, Spanned};
use crate::spec::Item;
use crate::spec::item::FromTyped;

/// What a service, a namespace or the mesh says of those who call.
#[derive(Clone, Debug, Default)]
pub struct AccessDecl {
    /// `allow`, `deny`, `audit` and `ask`, in this order.
    pub rules: Vec<RuleDecl>,
    /// `jwt`.
    pub jwt: Vec<JwtDecl>,
}

/// `allow`, `deny`, `audit` or `ask`.
#[derive(Clone, Debug)]
pub struct RuleDecl {
    /// Which of them.
    pub action: Action,
    /// Whom `ask` asks.
    pub authorizer: Option<Spanned<String>>,
    /// `name=`.
    pub name: Option<Spanned<String>>,
    /// `dry-run=`.
    pub dry_run: Option<Spanned<bool>>,
    /// `from=`.
    pub from: ChoiceDecl<Spanned<String>>,
    /// `from-ip=`.
    pub from_ip: ChoiceDecl<IpNet>,
    /// `remote-ip=`.
    pub remote_ip: ChoiceDecl<IpNet>,
    /// `jwt=`.
    pub jwt: ChoiceDecl<Spanned<String>>,
    /// `methods=`.
    pub methods: ChoiceDecl<Spanned<String>>,
    /// `paths=`.
    pub paths: ChoiceDecl<Spanned<String>>,
    /// `hosts=`.
    pub hosts: ChoiceDecl<Spanned<String>>,
    /// `ports=`.
    pub ports: ChoiceDecl<u16>,
    /// `when`.
    pub when: Vec<WhenDecl>,
    /// A part of it was wrong and is left out: it asks less than it seems to.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// A list and its opposite: `from=` and `not-from=`.
#[derive(Clone, Debug)]
pub struct ChoiceDecl<T> {
    /// One of these.
    pub any: Option<Spanned<Vec<T>>>,
    /// None of these.
    pub none: Option<Spanned<Vec<T>>>,
}

/// `when KEY values… not=`.
#[derive(Clone, Debug)]
pub struct WhenDecl {
    /// The attribute.
    pub key: Spanned<String>,
    /// One of these.
    pub any: Vec<Spanned<String>>,
    /// `not=`.
    pub none: Vec<Spanned<String>>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

impl AccessDecl {
    pub(super) fn read(item: &Item) -> Self {
        let actions = [Action::Allow, Action::Deny, Action::Audit, Action::Ask];
        let rules = actions.into_iter().flat_map(|action| {
            item.children(action.word())
                .map(move |child| RuleDecl::read(action, child))
        });
        Self {
            rules: rules.collect(),
            jwt: item.children("jwt").filter_map(JwtDecl::read).collect(),
        }
    }

    /// The rules of one action.
    pub fn of(&self, action: Action) -> impl Iterator<Item = &RuleDecl> {
        self.rules.iter().filter(move |rule| rule.action == action)
    }
}

impl RuleDecl {
    fn read(action: Action, item: &Item) -> Self {
        Self {
            action,
            authorizer: item.spanned("authorizer"),
            name: item.spanned("name"),
            dry_run: item.spanned("dry-run"),
            from: ChoiceDecl::read(item, "from", "not-from"),
            from_ip: ChoiceDecl::read(item, "from-ip", "not-from-ip"),
            remote_ip: ChoiceDecl::read(item, "remote-ip", "not-remote-ip"),
            jwt: ChoiceDecl::read(item, "jwt", "not-jwt"),
            methods: ChoiceDecl::read(item, "methods", "not-methods"),
            paths: ChoiceDecl::read(item, "paths", "not-paths"),
            hosts: ChoiceDecl::read(item, "hosts", "not-hosts"),
            ports: ChoiceDecl::read(item, "ports", "not-ports"),
            when: item.children("when").filter_map(WhenDecl::read).collect(),
            damaged: item.damaged || item.incomplete(&["when"]),
            span: item.span,
        }
    }

    /// Every condition that only requests can fulfil, with the name that it is written by.
    pub fn on_requests(&self) -> Vec<(&'static str, Span)> {
        let named = [
            ("jwt", &self.jwt),
            ("hosts", &self.hosts),
            ("methods", &self.methods),
            ("paths", &self.paths),
        ];
        let listed = named.into_iter().flat_map(|(name, choice)| {
            [&choice.any, &choice.none]
                .into_iter()
                .flatten()
                .map(move |list| (name, list.span))
        });
        let when = self
            .when
            .iter()
            .filter(|when| when.key.value.starts_with("request."))
            .map(|when| ("when", when.key.span));
        listed.chain(when).collect()
    }
}

impl<T> ChoiceDecl<T> {
    fn read(item: &Item, any: &str, none: &str) -> Self
    where
        Vec<T>: FromTyped,
    {
        Self {
            any: item.spanned(any),
            none: item.spanned(none),
        }
    }

    /// Nothing is asked.
    pub const fn is_open(&self) -> bool {
        self.any.is_none() && self.none.is_none()
    }

    /// All that is named, in both lists.
    pub fn named(&self) -> impl Iterator<Item = &T> {
        [&self.any, &self.none]
            .into_iter()
            .flatten()
            .flat_map(|list| &list.value)
    }
}

impl WhenDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            key: item.spanned("key")?,
            any: item.all("values"),
            none: item.get("not").unwrap_or_default(),
            damaged: item.damaged,
            span: item.span,
        })
    }

    /// Its values of both kinds.
    pub fn values(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.any.iter().chain(&self.none)
    }
}
