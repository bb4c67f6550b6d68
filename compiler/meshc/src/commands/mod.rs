//! One file a command: its arguments and what it does.

pub(crate) mod apply;
pub(crate) mod build;
pub(crate) mod ca;
pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod convert;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fmt;
mod given;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod lab;
pub(crate) mod lsp;
pub(crate) mod man;
pub(crate) mod remove;
pub(crate) mod schema;
pub(crate) mod settings;
pub(crate) mod test;
pub(crate) mod trace;
