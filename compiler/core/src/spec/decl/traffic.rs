use super::{
    BalanceDecl, ClientTlsDecl, EjectDecl, Labels, LimitsDecl, LocalityDecl, RetryBudgetDecl, WarmUpDecl,
};
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// How callers treat a service, one of its ports or one of its versions, as far as that place says something.
#[derive(Clone, Debug, Default)]
pub struct TrafficDecl {
    /// `balance`.
    pub balance: Option<BalanceDecl>,
    /// `warm-up`.
    pub warm_up: Option<WarmUpDecl>,
    /// `locality`.
    pub locality: Option<LocalityDecl>,
    /// `limits`.
    pub limits: Option<LimitsDecl>,
    /// `eject`.
    pub eject: Option<EjectDecl>,
    /// `retry-budget`.
    pub retry_budget: Option<RetryBudgetDecl>,
    /// `tls`, of what is outside.
    pub tls: Option<ClientTlsDecl>,
}

/// `subset NAME key=value`.
#[derive(Clone, Debug)]
pub struct SubsetDecl {
    /// Name.
    pub name: Spanned<String>,
    /// What its workloads are labelled.
    pub labels: Labels,
    /// What holds for it alone.
    pub traffic: TrafficDecl,
    /// `port`: what holds on one port of it alone.
    pub ports: Vec<SubsetPortDecl>,
    /// Where.
    pub span: Span,
}

/// `port NUMBER { … }` of a subset.
#[derive(Clone, Debug)]
pub struct SubsetPortDecl {
    /// What callers dial.
    pub number: Spanned<u16>,
    /// What holds on it.
    pub traffic: TrafficDecl,
    /// Where.
    pub span: Span,
}

impl TrafficDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            balance: item.child("balance").and_then(BalanceDecl::read),
            warm_up: item.child("warm-up").and_then(WarmUpDecl::read),
            locality: item.child("locality").map(LocalityDecl::read),
            limits: item.child("limits").map(LimitsDecl::read),
            eject: item.child("eject").map(EjectDecl::read),
            retry_budget: item.child("retry-budget").and_then(RetryBudgetDecl::read),
            tls: item.child("tls").and_then(ClientTlsDecl::read),
        }
    }

    /// It says nothing.
    pub fn is_empty(&self) -> bool {
        self.balance.is_none()
            && self.warm_up.is_none()
            && self.locality.is_none()
            && self.limits.is_none()
            && self.eject.is_none()
            && self.retry_budget.is_none()
            && self.tls.is_none()
    }
}

impl SubsetDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let port = |item: &Item| {
            Some(SubsetPortDecl {
                number: item.spanned("number")?,
                traffic: TrafficDecl::read(item),
                span: item.span,
            })
        };
        Some(Self {
            name: item.spanned("name")?,
            labels: item.labels.clone(),
            traffic: TrafficDecl::read(item),
            ports: item.children("port").filter_map(port).collect(),
            span: item.span,
        })
    }
}
