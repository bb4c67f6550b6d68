//! Answers requests, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use lsp_server::{ErrorCode, Message, Request, Response, ResponseError};
use lsp_types::request::{HoverRequest, Request as Method};
use lsp_types::{Hover, HoverContents, HoverParams, MarkupContent, MarkupKind, TextDocumentPositionParams};
use serde_json::Value;

use super::session::{Session, State};
use super::{convert, uri};
use crate::features;
use crate::project::File;

/// A request, and the state of the desk that it is about.
pub(super) struct Question {
    pub(super) request: Request,
    pub(super) state: State,
}

/// Until no more questions come.
pub(super) fn all(session: &Session, questions: &Receiver<Question>, out: &Sender<Message>) {
    for Question { request, state } in questions {
        let id = request.id.clone();
        let answer = catch_unwind(AssertUnwindSafe(|| {
            Answerer {
                session,
                state: &state,
            }
            .answer(request)
        }));
        let ours = || ResponseError {
            code: ErrorCode::InternalError as i32,
            message: "meshc has a mistake of its own here".to_owned(),
            data: None,
        };
        let response = Response {
            id,
            response_result: answer.unwrap_or_else(|_| Err(ours())),
        };
        if out.send(Message::Response(response)).is_err() {
            return;
        }
    }
}

struct Answerer<'a> {
    session: &'a Session,
    state: &'a State,
}

impl Answerer<'_> {
    fn answer(&self, request: Request) -> Result<Value, ResponseError> {
        match request.method.as_str() {
            HoverRequest::METHOD => ask::<HoverRequest>(request, |params| self.hover(&params)),
            other => Err(ResponseError {
                code: ErrorCode::MethodNotFound as i32,
                message: format!("`{other}` is not known here"),
                data: None,
            }),
        }
    }

    /// The file of a place, and the byte that is meant.
    fn place(&self, params: &TextDocumentPositionParams) -> Option<(Arc<File>, usize)> {
        let file = self
            .session
            .shelf
            .file(&uri::path(&params.text_document.uri), &self.state.desk)?;
        let position = convert::position_of(params.position);
        let at = file.lines.offset(&file.text, position, self.session.encoding);
        Some((file, at))
    }

    fn hover(&self, params: &HoverParams) -> Option<Hover> {
        let (file, at) = self.place(&params.text_document_position_params)?;
        let hover = features::hover(&file, at)?;
        Some(Hover {
            contents: HoverContents::Markup(MarkupContent {
                kind: MarkupKind::Markdown,
                value: hover.text,
            }),
            range: Some(convert::within(&file, hover.word, self.session.encoding)),
        })
    }
}

/// Reads what is asked and writes what is answered.
fn ask<R: Method>(
    request: Request,
    answer: impl FnOnce(R::Params) -> R::Result,
) -> Result<Value, ResponseError> {
    let wrong = |error: serde_json::Error| ResponseError {
        code: ErrorCode::InvalidParams as i32,
        message: format!("`{}` cannot be understood: {error}", R::METHOD),
        data: None,
    };
    let params = serde_json::from_value(request.params).map_err(wrong)?;
    serde_json::to_value(answer(params)).map_err(wrong)
}
