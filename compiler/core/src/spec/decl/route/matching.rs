use ipnet::IpNet;

use super::List;
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `match`.
#[derive(Clone, Debug)]
pub struct MatchDecl {
    /// `path=`.
    pub path: Option<Spanned<String>>,
    /// `path-prefix=`.
    pub path_prefix: Option<Spanned<String>>,
    /// `path-regex=`.
    pub path_regex: Option<Spanned<String>>,
    /// `ignore-case=`.
    pub ignore_case: Option<Spanned<bool>>,
    /// `method=`.
    pub method: Option<List>,
    /// `authority=`, `authority-prefix=` and `authority-regex=`.
    pub authority: TextDecl,
    /// `scheme=`.
    pub scheme: Option<Spanned<String>>,
    /// `header`.
    pub headers: Vec<PairDecl>,
    /// `query`.
    pub query: Vec<PairDecl>,
    /// `from=`.
    pub from: Option<List>,
    /// `sni=`.
    pub sni: Option<List>,
    /// `to=`.
    pub to: Option<Spanned<Vec<IpNet>>>,
    /// A condition may be missing.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// What a text has to be; one of them.
#[derive(Clone, Debug)]
pub struct TextDecl {
    /// The whole.
    pub exact: Option<Spanned<String>>,
    /// Its beginning.
    pub prefix: Option<Spanned<String>>,
    /// An expression for the whole.
    pub regex: Option<Spanned<String>>,
}

/// `header` and `query`.
#[derive(Clone, Debug)]
pub struct PairDecl {
    /// Name.
    pub name: Spanned<String>,
    /// The value, `prefix=` and `regex=`.
    pub value: TextDecl,
    /// `not=`.
    pub not: Option<Spanned<String>>,
    /// `absent=`.
    pub absent: Option<Spanned<bool>>,
    /// Where.
    pub span: Span,
}

impl MatchDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            path: item.spanned("path"),
            path_prefix: item.spanned("path-prefix"),
            path_regex: item.spanned("path-regex"),
            ignore_case: item.spanned("ignore-case"),
            method: item.spanned("method"),
            authority: TextDecl {
                exact: item.spanned("authority"),
                prefix: item.spanned("authority-prefix"),
                regex: item.spanned("authority-regex"),
            },
            scheme: item.spanned("scheme"),
            headers: item.children("header").filter_map(PairDecl::read).collect(),
            query: item.children("query").filter_map(PairDecl::read).collect(),
            from: item.spanned("from"),
            sni: item.spanned("sni"),
            to: item.spanned("to"),
            damaged: item.damaged || item.incomplete(&["header", "query"]),
            span: item.span,
        }
    }

    /// The first of its conditions that only requests can meet.
    pub fn of_requests(&self) -> Option<(&'static str, Span)> {
        let texts = [
            ("path=", &self.path),
            ("path-prefix=", &self.path_prefix),
            ("path-regex=", &self.path_regex),
            ("authority=", &self.authority.exact),
            ("authority-prefix=", &self.authority.prefix),
            ("authority-regex=", &self.authority.regex),
            ("scheme=", &self.scheme),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name, text.as_ref()?.span)));
        let method = self.method.iter().map(|list| ("method=", list.span));
        let headers = self.headers.iter().map(|header| ("header", header.span));
        let query = self.query.iter().map(|query| ("query", query.span));
        texts.chain(method).chain(headers).chain(query).next()
    }
}

impl MatchDecl {
    /// Every request meets it, whoever sends it.
    pub fn takes_every_request(&self) -> bool {
        let is =
            |text: &Option<Spanned<String>>, all: &str| text.as_ref().is_none_or(|text| text.value == all);
        let authority = [
            &self.authority.exact,
            &self.authority.prefix,
            &self.authority.regex,
        ];
        self.path.is_none()
            && is(&self.path_prefix, "/")
            && is(&self.path_regex, ".*")
            && self.method.is_none()
            && authority.iter().all(|text| text.is_none())
            && self.scheme.is_none()
            && self.headers.is_empty()
            && self.query.is_empty()
    }
}

impl PairDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            value: TextDecl {
                exact: item.spanned("value"),
                prefix: item.spanned("prefix"),
                regex: item.spanned("regex"),
            },
            not: item.spanned("not"),
            absent: item.spanned("absent"),
            span: item.span,
        })
    }

    /// It must not be there.
    pub fn is_absent(&self) -> bool {
        self.absent.as_ref().is_some_and(|absent| absent.value)
    }
}
