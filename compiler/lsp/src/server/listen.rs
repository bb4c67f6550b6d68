use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, unbounded};
use lsp_server::{Connection, Message, Notification, ProtocolError, Request};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Notification as Method,
};
use lsp_types::request::{RegisterCapability, Request as _};
use lsp_types::{DidChangeTextDocumentParams, InitializeParams, InitializeResult, ServerInfo};
use serde::de::DeserializeOwned;

use super::session::{Session, Setup, State};
use super::{answer, capabilities, convert, publish, uri};
use crate::project::Desk;
use crate::text::{Document, Edit};

/// Why a server stopped before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The other side does not keep to the protocol, or went away.
    #[error("the editor's messages cannot be understood: {0}")]
    Protocol(#[from] ProtocolError),
    /// What the editor said of itself is none of the protocol's.
    #[error("the editor's first message cannot be understood: {0}")]
    Greeting(#[from] serde_json::Error),
    /// The streams broke.
    #[error("the editor cannot be reached: {0}")]
    Streams(#[from] std::io::Error),
}

/// Serves the editor at standard input and output until it asks to stop.
///
/// # Errors
/// Why it stopped before that.
pub fn run(setup: &Setup) -> Result<(), Stopped> {
    let (connection, threads) = Connection::stdio();
    serve(connection, setup)?;
    threads.join()?;
    Ok(())
}

/// Serves the editor at the other end of `connection` until it asks to stop.
///
/// # Errors
/// Why it stopped before that.
pub fn serve(connection: Connection, setup: &Setup) -> Result<(), Stopped> {
    let (id, params) = connection.initialize_start()?;
    let params: InitializeParams = serde_json::from_value(params)?;
    let session = Arc::new(Session::new(params, setup));
    let result = InitializeResult {
        capabilities: capabilities::of(session.encoding),
        server_info: Some(ServerInfo {
            name: "meshc".to_owned(),
            version: Some(setup.version.to_owned()),
        }),
    };
    connection.initialize_finish(id, serde_json::to_value(result)?)?;
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
        session,
        questions,
        states,
    };
    let ended = listener.listen(&connection);
    // Their channels are closed: they come to an end.
    for worker in [answerer, publisher] {
        worker.join().ok();
    }
    ended
}

struct Listener {
    session: Arc<Session>,
    state: State,
    questions: Sender<answer::Question>,
    states: Sender<State>,
}

impl Listener {
    fn listen(mut self, connection: &Connection) -> Result<(), Stopped> {
        if self.session.watches {
            let (id, method) = ("watch".to_owned().into(), RegisterCapability::METHOD.to_owned());
            let request = Request::new(id, method, capabilities::watching());
            // It fails only when the editor is gone.
            connection.sender.send(Message::Request(request)).ok();
        }
        for message in &connection.receiver {
            match message {
                Message::Request(request) => {
                    if connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    self.ask(request);
                }
                Message::Notification(notification) => self.take(notification),
                Message::Response(_) => {}
            }
        }
        Ok(())
    }

    fn ask(&self, request: Request) {
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
