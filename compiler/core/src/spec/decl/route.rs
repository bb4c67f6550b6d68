mod answer;
mod matching;
mod policy;

use mesh_wire::Millis;

use crate::diag::{Span, Spanned};
use crate::spec::Item;

pub use answer::{EditsDecl, RedirectDecl, RespondDecl, RewriteDecl, TargetDecl};
pub use matching::{MatchDecl, PairDecl, TextDecl};
pub use policy::{AbortDecl, CorsDecl, DelayDecl, FaultDecl, RetryDecl};

/// A list by comma, and where it is written.
pub type List = Spanned<Vec<Spanned<String>>>;

/// `route`.
#[derive(Clone, Debug)]
pub struct RouteDecl {
    /// Name.
    pub name: Option<Spanned<String>>,
    /// `port=`.
    pub port: Option<Spanned<u16>>,
    /// `match`.
    pub matches: Vec<MatchDecl>,
    /// `to`.
    pub to: Vec<TargetDecl>,
    /// `redirect`.
    pub redirect: Option<RedirectDecl>,
    /// `respond`.
    pub respond: Option<RespondDecl>,
    /// `rewrite`.
    pub rewrite: Option<RewriteDecl>,
    /// `timeout`.
    pub timeout: Option<Spanned<Millis>>,
    /// `retry`.
    pub retry: Option<RetryDecl>,
    /// `mirror`.
    pub mirrors: Vec<TargetDecl>,
    /// `fault`.
    pub fault: Option<FaultDecl>,
    /// `cors`.
    pub cors: Option<CorsDecl>,
    /// `request`.
    pub request: Option<EditsDecl>,
    /// `response`.
    pub response: Option<EditsDecl>,
    /// What it has may be incomplete.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

impl RouteDecl {
    pub(super) fn read(item: &Item) -> Self {
        let parts = [
            "match", "to", "redirect", "respond", "rewrite", "retry", "fault", "cors",
        ];
        Self {
            name: item.spanned("name"),
            port: item.spanned("port"),
            matches: item.children("match").map(MatchDecl::read).collect(),
            to: item.children("to").map(TargetDecl::read).collect(),
            redirect: item.child("redirect").map(RedirectDecl::read),
            respond: item.child("respond").map(RespondDecl::read),
            rewrite: item.child("rewrite").map(RewriteDecl::read),
            timeout: item.word("timeout"),
            retry: item.child("retry").and_then(RetryDecl::read),
            mirrors: item.children("mirror").map(TargetDecl::read).collect(),
            fault: item.child("fault").map(FaultDecl::read),
            cors: item.child("cors").and_then(CorsDecl::read),
            request: item.child("request").map(EditsDecl::read),
            response: item.child("response").map(EditsDecl::read),
            damaged: item.damaged || item.incomplete(&parts),
            span: item.span,
        }
    }

    /// Every change of headers, of the route and of its `to`.
    pub fn edits(&self) -> impl Iterator<Item = &EditsDecl> {
        let of_targets = self
            .to
            .iter()
            .flat_map(|to| to.request.iter().chain(&to.response));
        self.request.iter().chain(&self.response).chain(of_targets)
    }
}
