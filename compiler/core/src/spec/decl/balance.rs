use mesh_wire::Millis;

use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `balance`.
#[derive(Clone, Debug)]
pub struct BalanceDecl {
    /// How.
    pub how: Spanned<String>,
    /// `table=`.
    pub table: Option<Spanned<String>>,
    /// `size=`.
    pub size: Option<Spanned<u64>>,
    /// What is hashed, as it is written.
    pub keys: Vec<Spanned<HashKeyDecl>>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// What is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashKeyDecl {
    /// `header`, lower case.
    Header(String),
    /// `cookie`.
    Cookie {
        /// Its name.
        name: String,
        /// `ttl=`.
        ttl: Option<Millis>,
        /// `path=`.
        path: Option<String>,
    },
    /// `query`.
    Query(String),
    /// `source-ip`.
    SourceIp,
}

/// `warm-up`.
#[derive(Clone, Debug)]
pub struct WarmUpDecl {
    /// How long.
    pub duration: Millis,
    /// `aggression=`.
    pub aggression: Option<f64>,
    /// `min=`.
    pub min: Option<u8>,
    /// Where.
    pub span: Span,
}

/// `locality`.
#[derive(Clone, Debug)]
pub struct LocalityDecl {
    /// `prefer-near=`.
    pub prefer_near: Option<Spanned<bool>>,
    /// `failover FROM to=TO`.
    pub failover: Vec<(Spanned<String>, Spanned<String>)>,
    /// `priority`.
    pub priority: Vec<Spanned<String>>,
    /// `distribute`.
    pub distribute: Vec<DistributeDecl>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `distribute FROM { to PLACE SHARE }`.
#[derive(Clone, Debug)]
pub struct DistributeDecl {
    /// Place of the callers.
    pub from: Spanned<String>,
    /// Places and their shares in percent.
    pub to: Vec<(Spanned<String>, Spanned<u8>)>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

impl BalanceDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let key = |child: &Item| {
            let value = match child.spec.name {
                "header" => HashKeyDecl::Header(child.get::<String>("name")?.to_lowercase()),
                "cookie" => HashKeyDecl::Cookie {
                    name: child.get("name")?,
                    ttl: child.get("ttl"),
                    path: child.get("path"),
                },
                "query" => HashKeyDecl::Query(child.get("name")?),
                _ => HashKeyDecl::SourceIp,
            };
            let span = child.span;
            Some(Spanned { value, span })
        };
        Some(Self {
            how: item.spanned("how")?,
            table: item.spanned("table"),
            size: item.spanned("size"),
            keys: item.children.iter().filter_map(key).collect(),
            damaged: item.damaged || item.incomplete(&["header", "cookie", "query"]),
            span: item.span,
        })
    }
}

impl WarmUpDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            duration: item.get("duration")?,
            aggression: item.get("aggression"),
            min: item.get("min"),
            span: item.span,
        })
    }
}

impl LocalityDecl {
    pub(super) fn read(item: &Item) -> Self {
        let failover = |child: &Item| Some((child.spanned("from")?, child.spanned("to")?));
        Self {
            prefer_near: item.spanned("prefer-near"),
            failover: item.children("failover").filter_map(failover).collect(),
            priority: item
                .child("priority")
                .map(|child| child.all("label"))
                .unwrap_or_default(),
            distribute: item
                .children("distribute")
                .filter_map(DistributeDecl::read)
                .collect(),
            damaged: item.damaged || item.incomplete(&["failover", "priority", "distribute"]),
            span: item.span,
        }
    }
}

impl DistributeDecl {
    fn read(item: &Item) -> Option<Self> {
        let share = |child: &Item| Some((child.spanned("place")?, child.spanned("share")?));
        Some(Self {
            from: item.spanned("from")?,
            to: item.children("to").filter_map(share).collect(),
            damaged: item.incomplete(&["to"]),
            span: item.span,
        })
    }
}
