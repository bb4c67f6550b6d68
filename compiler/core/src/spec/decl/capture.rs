use ipnet::IpNet;

use crate::diag::{Span, Spanned};
use crate::spec::{FromTyped, Item};

/// `capture`.
#[derive(Clone, Debug, Default)]
pub struct CaptureDecl {
    /// `inbound=`.
    pub inbound: Option<Spanned<Choice<u16>>>,
    /// `exclude-inbound=`.
    pub exclude_inbound: Option<Spanned<Vec<u16>>>,
    /// `outbound=`.
    pub outbound: Option<Spanned<Choice<IpNet>>>,
    /// `exclude-outbound=`.
    pub exclude_outbound: Option<Spanned<Vec<IpNet>>>,
    /// `outbound-ports=`.
    pub outbound_ports: Option<Spanned<Vec<u16>>>,
    /// `exclude-outbound-ports=`.
    pub exclude_outbound_ports: Option<Spanned<Vec<u16>>>,
    /// `exclude-interfaces=`.
    pub exclude_interfaces: Option<Spanned<Names>>,
    /// `virtual-interfaces=`.
    pub virtual_interfaces: Option<Spanned<Names>>,
    /// `exclude-users=`.
    pub exclude_users: Option<Spanned<Names>>,
    /// `exclude-groups=`.
    pub exclude_groups: Option<Spanned<Names>>,
    /// `only-groups=`.
    pub only_groups: Option<Spanned<Names>>,
    /// `mode=`.
    pub mode: Option<Spanned<String>>,
    /// `backend=`.
    pub backend: Option<Spanned<String>>,
    /// `drop-invalid=`.
    pub drop_invalid: Option<Spanned<bool>>,
    /// `ipv6=`.
    pub ipv6: Option<Spanned<bool>>,
    /// `loopback=`.
    pub loopback: Option<Spanned<Vec<IpNet>>>,
    /// Where; `None` where it is not written.
    pub span: Option<Span>,
}

/// Names of a list, each with its place.
pub type Names = Vec<Spanned<String>>;

/// A word, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<T> {
    /// One of the words.
    Word(String),
    /// The list.
    List(Vec<T>),
}

impl<T> Choice<T> {
    /// It is this word.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(said) if said == word)
    }
}

impl CaptureDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            inbound: choice(item, "inbound"),
            exclude_inbound: item.spanned("exclude-inbound"),
            outbound: choice(item, "outbound"),
            exclude_outbound: item.spanned("exclude-outbound"),
            outbound_ports: item.spanned("outbound-ports"),
            exclude_outbound_ports: item.spanned("exclude-outbound-ports"),
            exclude_interfaces: item.spanned("exclude-interfaces"),
            virtual_interfaces: item.spanned("virtual-interfaces"),
            exclude_users: item.spanned("exclude-users"),
            exclude_groups: item.spanned("exclude-groups"),
            only_groups: item.spanned("only-groups"),
            mode: item.spanned("mode"),
            backend: item.spanned("backend"),
            drop_invalid: item.spanned("drop-invalid"),
            ipv6: item.spanned("ipv6"),
            loopback: item.spanned("loopback"),
            span: Some(item.span),
        }
    }

    /// What holds where this is said beside `wider`: each setting from the narrower place that has it.
    pub fn over(&self, wider: &Self) -> Self {
        fn first<T: Clone>(own: &Option<T>, wider: &Option<T>) -> Option<T> {
            own.as_ref().or(wider.as_ref()).cloned()
        }
        Self {
            inbound: first(&self.inbound, &wider.inbound),
            exclude_inbound: first(&self.exclude_inbound, &wider.exclude_inbound),
            outbound: first(&self.outbound, &wider.outbound),
            exclude_outbound: first(&self.exclude_outbound, &wider.exclude_outbound),
            outbound_ports: first(&self.outbound_ports, &wider.outbound_ports),
            exclude_outbound_ports: first(&self.exclude_outbound_ports, &wider.exclude_outbound_ports),
            exclude_interfaces: first(&self.exclude_interfaces, &wider.exclude_interfaces),
            virtual_interfaces: first(&self.virtual_interfaces, &wider.virtual_interfaces),
            exclude_users: first(&self.exclude_users, &wider.exclude_users),
            exclude_groups: first(&self.exclude_groups, &wider.exclude_groups),
            only_groups: first(&self.only_groups, &wider.only_groups),
            mode: first(&self.mode, &wider.mode),
            backend: first(&self.backend, &wider.backend),
            drop_invalid: first(&self.drop_invalid, &wider.drop_invalid),
            ipv6: first(&self.ipv6, &wider.ipv6),
            loopback: first(&self.loopback, &wider.loopback),
            span: first(&self.span, &wider.span),
        }
    }
}

fn choice<T>(item: &Item, name: &str) -> Option<Spanned<Choice<T>>>
where
    Vec<T>: FromTyped,
{
    let word = item.spanned::<String>(name).map(|word| Spanned {
        value: Choice::Word(word.value),
        span: word.span,
    });
    word.or_else(|| {
        item.spanned::<Vec<T>>(name).map(|list| Spanned {
            value: Choice::List(list.value),
            span: list.span,
        })
    })
}
