use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `to` and `mirror`.
#[derive(Clone, Debug)]
pub struct TargetDecl {
    /// The subset.
    pub subset: Option<Spanned<String>>,
    /// `service=`.
    pub service: Option<Spanned<String>>,
    /// `port=`.
    pub port: Option<Spanned<u16>>,
    /// `weight=` of `to`.
    pub weight: Option<Spanned<u32>>,
    /// `share=` of `mirror`, in millionths.
    pub share: Option<Spanned<u32>>,
    /// `request`.
    pub request: Option<EditsDecl>,
    /// `response`.
    pub response: Option<EditsDecl>,
    /// A value was wrong and is left out.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `redirect`.
#[derive(Clone, Debug)]
pub struct RedirectDecl {
    /// `path=`.
    pub path: Option<Spanned<String>>,
    /// `prefix=`.
    pub prefix: Option<Spanned<String>>,
    /// `host=`.
    pub host: Option<Spanned<String>>,
    /// `scheme=`.
    pub scheme: Option<Spanned<String>>,
    /// `port=`.
    pub port: Option<Spanned<u16>>,
    /// `code=`.
    pub code: Option<Spanned<u16>>,
    /// A value was wrong and is left out.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `respond`.
#[derive(Clone, Debug)]
pub struct RespondDecl {
    /// `status=`.
    pub status: Option<Spanned<u16>>,
    /// `body=`.
    pub body: Option<Spanned<String>>,
    /// Where.
    pub span: Span,
}

/// `rewrite`.
#[derive(Clone, Debug)]
pub struct RewriteDecl {
    /// `path=`.
    pub path: Option<Spanned<String>>,
    /// `host=`.
    pub host: Option<Spanned<String>>,
    /// `regex=`.
    pub regex: Option<Spanned<String>>,
    /// `with=`.
    pub with: Option<Spanned<String>>,
    /// A value was wrong and is left out.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `request` and `response`.
#[derive(Clone, Debug)]
pub struct EditsDecl {
    /// `set`.
    pub set: Vec<(Spanned<String>, Spanned<String>)>,
    /// `add`.
    pub add: Vec<(Spanned<String>, Spanned<String>)>,
    /// `remove`.
    pub remove: Vec<Spanned<String>>,
    /// Where.
    pub span: Span,
}

impl TargetDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            subset: item.spanned("subset"),
            service: item.spanned("service"),
            port: item.spanned("port"),
            weight: item.spanned("weight"),
            share: item.spanned("share"),
            request: item.child("request").map(EditsDecl::read),
            response: item.child("response").map(EditsDecl::read),
            damaged: item.damaged,
            span: item.span,
        }
    }
}

impl RedirectDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            path: item.spanned("path"),
            prefix: item.spanned("prefix"),
            host: item.spanned("host"),
            scheme: item.spanned("scheme"),
            port: item.spanned("port"),
            code: item.spanned("code"),
            damaged: item.damaged,
            span: item.span,
        }
    }
}

impl RespondDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            status: item.spanned("status"),
            body: item.spanned("body"),
            span: item.span,
        }
    }
}

impl RewriteDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            path: item.spanned("path"),
            host: item.spanned("host"),
            regex: item.spanned("regex"),
            with: item.spanned("with"),
            damaged: item.damaged,
            span: item.span,
        }
    }
}

impl EditsDecl {
    pub(super) fn read(item: &Item) -> Self {
        let pairs = |name| {
            let pair = |item: &Item| Some((item.spanned("name")?, item.spanned("value")?));
            item.children(name).filter_map(pair).collect()
        };
        Self {
            set: pairs("set"),
            add: pairs("add"),
            remove: item
                .children("remove")
                .flat_map(|remove| remove.all("name"))
                .collect(),
            span: item.span,
        }
    }

    /// Every name that is changed.
    pub fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        let pairs = self.set.iter().chain(&self.add);
        pairs.map(|(name, _)| name).chain(&self.remove)
    }
}
