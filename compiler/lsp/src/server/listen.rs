use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, unbounded};
use lsp_server::{Connection, Message, Notification, Request, Response};
use lsp_types::notification::{
    Cancel, DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Initialized, Notification as Method,
};
use lsp_types::request::{RegisterCapability, Request as _};
use lsp_types::{DidChangeTextDocumentParams, InitializeResult, ServerInfo};
use serde::de::DeserializeOwned;

use super::session::{Session, Setup, State};
use super::talk::{Ended, Talk, Word};
use super::{answer, capabilities, convert, publish, talk, uri};
use crate::project::Desk;
use crate::text::{Document, Edit};

/// Why a server stopped before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The first answer cannot be written.
    #[error("the editor cannot be greeted: {0}")]
    Greeting(#[from] serde_json::Error),
    /// The streams broke.
    #[error("the editor cannot be reached: {0}")]
    Streams(#[from] std::io::Error),
}

/// Serves the editor at standard input and output until it goes.
///
/// # Errors
/// Why it stopped before that.
pub fn run(setup: &Setup) -> Result<Ended, Stopped> {
    let (connection, threads) = Connection::stdio();
    let ended = serve(connection, setup)?;
    threads.join()?;
    Ok(ended)
}

/// Serves the editor at the other end of `connection` until it goes.
///
/// # Errors
/// Why it stopped before that.
pub fn serve(connection: Connection, setup: &Setup) -> Result<Ended, Stopped> {
    let Some((id, params)) = talk::greeting(&connection) else {
        return Ok(Ended::Unannounced);
    };
    let session = Arc::new(Session::new(params, setup));
    let result = InitializeResult {
        capabilities: capabilities::of(session.encoding),
        server_info: Some(ServerInfo {
            name: "meshc".to_owned(),
            version: Some(setup.version.to_owned()),
        }),
    };
    let greeted = Response::new_ok(id, serde_json::to_value(result)?);
    // It fails only when the editor is gone.
    connection.sender.send(Message::Response(greeted)).ok();
    let (questions, asked) = unbounded();
    let (states, changed) = unbounded();
    let answerer = {
        let (session, out) = (Arc::clone(&session), connection.sender.clone());
        thread::spawn(move || answer::all(&session, &asked, &out))
    };
    let publisher = {
        let (session, out) = (Arc::clone(&session), connection.sender.clone());
        thread::spawn(move || publish::all(&session, &changed, &out))
    };
    let listener = Listener {
        state: State {
            number: 0,
            desk: Desk::new(Arc::clone(&setup.disk)),
        },
        out: connection.sender.clone(),
        session,
        questions,
        states,
    };
    let ended = listener.listen(Talk::new(&connection));
    // Their channels are closed: they come to an end.
    for worker in [answerer, publisher] {
        worker.join().ok();
    }
    Ok(ended)
}

struct Listener {
    session: Arc<Session>,
    out: Sender<Message>,
    state: State,
    questions: Sender<answer::Question>,
    states: Sender<State>,
}

impl Listener {
    fn listen(mut self, mut talk: Talk<'_>) -> Ended {
        loop {
            match talk.next() {
                Word::Asks(request) => self.ask(request),
                Word::Tells(notification) => self.take(notification),
                Word::Goes(ended) => return ended,
            }
        }
    }

    /// What may be asked of the editor once it is ready.
    fn watch(&self) {
        if self.session.watches {
            let (id, method) = ("watch".to_owned().into(), RegisterCapability::METHOD.to_owned());
            let request = Request::new(id, method, capabilities::watching());
            // It fails only when the editor is gone.
            self.out.send(Message::Request(request)).ok();
        }
    }

    fn ask(&self, request: Request) {
        self.session.unanswered.asked(&request.id);
        let question = answer::Question {
            request,
            state: self.state.clone(),
        };
        // It fails only when the thread behind is gone.
        self.questions.send(question).ok();
    }

    fn take(&mut self, notification: Notification) {
        let changed = match notification.method.as_str() {
            DidOpenTextDocument::METHOD => read::<DidOpenTextDocument>(notification).map(|params| {
                let document = params.text_document;
                let opened = Document::new(document.version, &document.text);
                self.state.desk.put(&uri::path(&document.uri), opened);
            }),
            DidChangeTextDocument::METHOD => {
                read::<DidChangeTextDocument>(notification).map(|params| self.edit(params))
            }
            DidCloseTextDocument::METHOD => read::<DidCloseTextDocument>(notification)
                .map(|params| self.state.desk.close(&uri::path(&params.text_document.uri))),
            DidSaveTextDocument::METHOD | DidChangeWatchedFiles::METHOD => Some(()),
            Initialized::METHOD => {
                self.watch();
                None
            }
            Cancel::METHOD => {
                if let Some(params) = read::<Cancel>(notification) {
                    self.session.unanswered.cancel(params.id);
                }
                None
            }
            _ => None,
        };
        if changed.is_some() {
            self.state.number = self.session.next();
            self.states.send(self.state.clone()).ok();
        }
    }

    fn edit(&mut self, params: DidChangeTextDocumentParams) {
        let path = uri::path(&params.text_document.uri);
        let edits: Vec<_> = params
            .content_changes
            .into_iter()
            .map(|change| Edit {
                range: change.range.map(convert::range_of),
                text: change.text,
            })
            .collect();
        if let Some(document) = self.state.desk.document(&path) {
            let after = document.edited(params.text_document.version, &edits, self.session.encoding);
            self.state.desk.put(&path, after);
        }
    }
}

/// What a notification says; one that does not keep to the protocol says nothing.
fn read<N: Method>(notification: Notification) -> Option<N::Params>
where
    N::Params: DeserializeOwned,
{
    serde_json::from_value(notification.params).ok()
}
