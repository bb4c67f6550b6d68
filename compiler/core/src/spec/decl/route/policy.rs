use mesh_wire::Millis;

use super::List;
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `retry`.
#[derive(Clone, Debug)]
pub struct RetryDecl {
    /// Tries after the first.
    pub attempts: Spanned<u32>,
    /// `per-try=`.
    pub per_try: Option<Spanned<Millis>>,
    /// `on=`.
    pub on: Option<List>,
    /// `backoff=`.
    pub backoff: Option<Spanned<Millis>>,
    /// `ignore-previous-hosts=`.
    pub ignore_previous_hosts: Option<Spanned<bool>>,
    /// `remote-localities=`.
    pub remote_localities: Option<Spanned<bool>>,
    /// Where.
    pub span: Span,
}

/// `fault`.
#[derive(Clone, Debug)]
pub struct FaultDecl {
    /// `delay`.
    pub delay: Option<DelayDecl>,
    /// `abort`.
    pub abort: Option<AbortDecl>,
    /// What it has may be incomplete.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `delay`.
#[derive(Clone, Debug)]
pub struct DelayDecl {
    /// How long.
    pub time: Spanned<Millis>,
    /// `share=`, in millionths.
    pub share: Spanned<u32>,
}

/// `abort`.
#[derive(Clone, Debug)]
pub struct AbortDecl {
    /// The HTTP status.
    pub status: Option<Spanned<u16>>,
    /// `grpc=`.
    pub grpc: Option<Spanned<String>>,
    /// `share=`, in millionths.
    pub share: Spanned<u32>,
    /// A value was wrong and is left out.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `cors`.
#[derive(Clone, Debug)]
pub struct CorsDecl {
    /// `origins=`.
    pub origins: List,
    /// `methods=`.
    pub methods: Option<List>,
    /// `headers=`.
    pub headers: Option<List>,
    /// `expose=`.
    pub expose: Option<List>,
    /// `max-age=`.
    pub max_age: Option<Millis>,
    /// `credentials=`.
    pub credentials: Option<Spanned<bool>>,
    /// Where.
    pub span: Span,
}

impl RetryDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            attempts: item.spanned("attempts")?,
            per_try: item.spanned("per-try"),
            on: item.spanned("on"),
            backoff: item.spanned("backoff"),
            ignore_previous_hosts: item.spanned("ignore-previous-hosts"),
            remote_localities: item.spanned("remote-localities"),
            span: item.span,
        })
    }
}

impl FaultDecl {
    pub(super) fn read(item: &Item) -> Self {
        let delay = |item: &Item| {
            Some(DelayDecl {
                time: item.spanned("time")?,
                share: item.spanned("share")?,
            })
        };
        let abort = |item: &Item| {
            Some(AbortDecl {
                status: item.spanned("status"),
                grpc: item.spanned("grpc"),
                share: item.spanned("share")?,
                damaged: item.damaged,
                span: item.span,
            })
        };
        Self {
            delay: item.child("delay").and_then(delay),
            abort: item.child("abort").and_then(abort),
            damaged: item.incomplete(&["delay", "abort"]),
            span: item.span,
        }
    }
}

impl CorsDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            origins: item.spanned("origins")?,
            methods: item.spanned("methods"),
            headers: item.spanned("headers"),
            expose: item.spanned("expose"),
            max_age: item.get("max-age"),
            credentials: item.spanned("credentials"),
            span: item.span,
        })
    }
}
