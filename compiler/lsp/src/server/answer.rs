//! Answers requests, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use lsp_server::{ErrorCode, Message, Request, Response, ResponseError};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentHighlightRequest, DocumentSymbolRequest, FoldingRangeRequest,
    Formatting, GotoDefinition, HoverRequest, PrepareRenameRequest, References, Rename, Request as Method,
    WorkspaceSymbolRequest,
};
use lsp_types::{TextDocumentPositionParams, Uri};
use serde_json::Value;

use super::session::{Session, State};
use super::{convert, uri};
use crate::project::{Checked, File, Home, Project, home};
use crate::tree::Range;

/// A request, and the state of the desk that it is about.
pub(super) struct Question {
    pub(super) request: Request,
    pub(super) state: State,
}

/// Until no more questions come.
pub(super) fn all(session: &Session, questions: &Receiver<Question>, out: &Sender<Message>) {
    for Question { request, state } in questions {
        let id = request.id.clone();
        let answer = || {
            Answerer {
                session,
                state: &state,
            }
            .answer(request)
        };
        let response_result = if session.unanswered.answered(&id) {
            let ours = |_| {
                let message = "meshc has a mistake of its own here";
                Err(error(ErrorCode::InternalError, message.to_owned()))
            };
            catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(ours)
        } else {
            let message = "it was cancelled";
            Err(error(ErrorCode::RequestCanceled, message.to_owned()))
        };
        let response = Response { id, response_result };
        if out.send(Message::Response(response)).is_err() {
            return;
        }
    }
}

/// Who answers one request.
pub(super) struct Answerer<'a> {
    pub(super) session: &'a Session,
    pub(super) state: &'a State,
}

/// An answer, or why there is none.
pub(super) type Answer<T> = Result<T, ResponseError>;

impl Answerer<'_> {
    fn answer(&self, request: Request) -> Answer<Value> {
        match request.method.as_str() {
            HoverRequest::METHOD => ask::<HoverRequest>(request, |params| Ok(self.hover(&params))),
            Completion::METHOD => ask::<Completion>(request, |params| Ok(self.complete(&params))),
            GotoDefinition::METHOD => ask::<GotoDefinition>(request, |params| Ok(self.definition(&params))),
            References::METHOD => ask::<References>(request, |params| Ok(self.references(&params))),
            DocumentHighlightRequest::METHOD => {
                ask::<DocumentHighlightRequest>(request, |params| Ok(self.highlights(&params)))
            }
            PrepareRenameRequest::METHOD => {
                ask::<PrepareRenameRequest>(request, |params| self.renamable(&params))
            }
            Rename::METHOD => ask::<Rename>(request, |params| self.rename(&params)),
            DocumentSymbolRequest::METHOD => {
                ask::<DocumentSymbolRequest>(request, |params| Ok(self.outline(&params)))
            }
            WorkspaceSymbolRequest::METHOD => {
                ask::<WorkspaceSymbolRequest>(request, |params| Ok(self.search(&params)))
            }
            FoldingRangeRequest::METHOD => {
                ask::<FoldingRangeRequest>(request, |params| Ok(self.folding(&params)))
            }
            Formatting::METHOD => ask::<Formatting>(request, |params| Ok(self.format(&params))),
            CodeActionRequest::METHOD => ask::<CodeActionRequest>(request, |params| Ok(self.fixes(&params))),
            other => Err(error(
                ErrorCode::MethodNotFound,
                format!("`{other}` is not known here"),
            )),
        }
    }

    /// The file that is open under `uri`, or lies there, if it is a part of a spec.
    pub(super) fn file(&self, uri: &Uri) -> Option<Arc<File>> {
        let path = uri::path(uri);
        match home(&path, &self.state.desk, &self.session.shelf) {
            Home::Listed(_) | Home::Objects(_) | Home::Foreign => None,
            Home::Spec(_) | Home::Tests(_) | Home::Alone => self.session.shelf.file(&path, &self.state.desk),
        }
    }

    /// The byte of `file` that an editor means.
    pub(super) fn offset(&self, file: &File, position: lsp_types::Position) -> usize {
        let position = convert::position_of(position);
        file.lines.offset(&file.text, position, self.session.encoding)
    }

    /// The spec around a place, and the byte that is meant.
    pub(super) fn place(&self, params: &TextDocumentPositionParams) -> Option<(Project, usize)> {
        let path = uri::path(&params.text_document.uri);
        let project = Project::around(&path, &self.state.desk, &self.session.shelf)?;
        let at = self.offset(project.file(), params.position);
        Some((project, at))
    }

    /// The file of objects around a place, and the byte that is meant.
    pub(super) fn manifest(&self, params: &TextDocumentPositionParams) -> Option<(Arc<File>, usize)> {
        let path = uri::path(&params.text_document.uri);
        let (desk, shelf) = (&self.state.desk, &self.session.shelf);
        let of_objects = matches!(home(&path, desk, shelf), Home::Objects(_));
        let file = shelf.file(&path, desk).filter(|_| of_objects)?;
        let at = self.offset(&file, params.position);
        Some((file, at))
    }

    /// What the compiler says of what the file at `path` belongs to; nothing where a newer state is wanted already.
    pub(super) fn checked(&self, path: &str) -> Option<Arc<Checked>> {
        let desk = &self.state.desk;
        let home = home(path, desk, &self.session.shelf);
        self.session.analyst.check(&home, path, desk, self.state.number)
    }

    /// Bytes of `file`, as the editor counts.
    pub(super) fn range(&self, file: &File, bytes: Range) -> lsp_types::Range {
        convert::within(file, bytes, self.session.encoding)
    }
}

/// What an editor's user did wrong, or asked in vain.
pub(super) fn refused(message: String) -> ResponseError {
    error(ErrorCode::RequestFailed, message)
}

pub(super) const fn error(code: ErrorCode, message: String) -> ResponseError {
    ResponseError {
        code: code as i32,
        message,
        data: None,
    }
}

/// Reads what is asked and writes what is answered.
fn ask<R: Method>(request: Request, answer: impl FnOnce(R::Params) -> Answer<R::Result>) -> Answer<Value> {
    let wrong = |cause: serde_json::Error| {
        let message = format!("`{}` cannot be understood: {cause}", R::METHOD);
        error(ErrorCode::InvalidParams, message)
    };
    let params = serde_json::from_value(request.params).map_err(wrong)?;
    serde_json::to_value(answer(params)?).map_err(wrong)
}
