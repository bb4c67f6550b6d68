//! How a talk with an editor begins and ends, by the protocol's chapter on its lifecycle.

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::InitializeParams;
use lsp_types::notification::{Exit, Notification as _};
use lsp_types::request::{Initialize, Request as _, Shutdown};

use super::answer::error;

/// How a talk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The editor said that it would, and then did.
    Announced,
    /// The editor went without a word: the program ends with 1.
    Unannounced,
}

/// Waits for the editor's first word; `None` if it goes without one.
pub(super) fn greeting(connection: &Connection) -> Option<(RequestId, InitializeParams)> {
    for message in &connection.receiver {
        match message {
            Message::Request(request) if request.method == Initialize::METHOD => {
                match serde_json::from_value(request.params) {
                    Ok(params) => return Some((request.id, params)),
                    Err(cause) => {
                        let why = cause.to_string();
                        refuse(connection, request.id, ErrorCode::InvalidParams, &why);
                    }
                }
            }
            Message::Request(request) => {
                let why = "`initialize` comes first";
                refuse(connection, request.id, ErrorCode::ServerNotInitialized, why);
            }
            Message::Notification(notification) if notification.method == Exit::METHOD => return None,
            Message::Notification(_) | Message::Response(_) => {}
        }
    }
    None
}

/// What an editor says between its first word and its last.
pub(super) enum Word {
    /// It asks something.
    Asks(Request),
    /// It tells something.
    Tells(Notification),
    /// It goes.
    Goes(Ended),
}

/// The talk behind the first word.
pub(super) struct Talk<'a> {
    connection: &'a Connection,
    /// The editor asked to stop: nothing but its last word counts.
    stops: bool,
}

impl<'a> Talk<'a> {
    pub(super) const fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            stops: false,
        }
    }

    /// What the editor says next that is not of the talk itself.
    pub(super) fn next(&mut self) -> Word {
        for message in &self.connection.receiver {
            match message {
                Message::Request(request) => {
                    if let Some(request) = self.request(request) {
                        return Word::Asks(request);
                    }
                }
                Message::Notification(notification) if notification.method == Exit::METHOD => {
                    return Word::Goes(if self.stops {
                        Ended::Announced
                    } else {
                        Ended::Unannounced
                    });
                }
                Message::Notification(notification) if !self.stops => return Word::Tells(notification),
                Message::Notification(_) | Message::Response(_) => {}
            }
        }
        Word::Goes(Ended::Unannounced)
    }

    fn request(&mut self, request: Request) -> Option<Request> {
        let invalid = |id, why| refuse(self.connection, id, ErrorCode::InvalidRequest, why);
        if self.stops {
            invalid(request.id, "`shutdown` was asked for");
        } else if request.method == Initialize::METHOD {
            invalid(request.id, "`initialize` was said before");
        } else if request.method == Shutdown::METHOD {
            self.stops = true;
            let done = Response::new_ok(request.id, ());
            self.connection.sender.send(Message::Response(done)).ok();
        } else {
            return Some(request);
        }
        None
    }
}

/// It fails only when the editor is gone.
fn refuse(connection: &Connection, id: RequestId, code: ErrorCode, why: &str) {
    let response = Response {
        id,
        response_result: Err(error(code, why.to_owned())),
    };
    connection.sender.send(Message::Response(response)).ok();
}
