use std::sync::Mutex;

use http::StatusCode;
use http::header::SET_COOKIE;
use mesh_http2::{Fields, Response};

use super::exchange::Exchange;
use super::finish::Finish;
use super::forward::{Sending, Tried};
use super::hash::Ends;
use super::reply::{Deadline, Reply, local};
use super::{answers, cors, hash, scope};
use crate::cluster::Transport;
use crate::incoming::Incoming;
use crate::peer;
use crate::state::routes::{Action, Forward, Route, Routes, Share};
use crate::telemetry::{Flag, Reporter};

impl Exchange<'_> {
    pub(super) async fn route(
        &mut self,
        routes: &Routes,
        body: Incoming,
        mut finish: Box<Finish>,
    ) -> Response<Reply> {
        let Some(route) = routes.find(&self.target.asked(&self.parts)) else {
            return self.unrouted(finish);
        };
        let share = route.action.share();
        finish.directed(|| route.name.clone(), share.map(|share| &*share.cluster));
        self.note_for(route, share, &mut finish);
        let origin = route.cors.as_ref().map(|cors| cors::judge(cors, &self.parts));
        match origin {
            Some(cors::Origin::Preflight(headers)) => {
                finish.details = Some("cors_response".into());
                return with(headers, local(StatusCode::OK, "", finish));
            }
            Some(cors::Origin::Same | cors::Origin::Allowed(_)) | None => {}
        }
        if let Some(fault) = &route.fault
            && let Some(abort) = Box::pin(answers::fault(fault, &mut finish)).await
        {
            self.count(&mut finish, None, None);
            return answers::abort(abort, finish);
        }
        let mut response = match &route.action {
            Action::Redirect(redirect) => {
                finish.details = Some("direct_response".into());
                self.count(&mut finish, None, None);
                answers::redirect(redirect, &self.target, &self.parts, finish)
            }
            Action::Respond(respond) => {
                finish.details = Some("direct_response".into());
                self.count(&mut finish, None, None);
                local(respond.status, respond.body.clone(), finish)
            }
            Action::Forward(forward) => self.forward(forward, share, Some(route), body, finish).await,
        };
        self.change(&route.response, &mut response);
        match origin {
            Some(cors::Origin::Allowed(headers)) => with(headers, response),
            _ => response,
        }
    }

    pub(super) async fn forward(
        &mut self,
        forward: &Forward,
        share: Option<&Share>,
        route: Option<&Route>,
        body: Incoming,
        mut finish: Box<Finish>,
    ) -> Response<Reply> {
        let Some(share) = share else {
            return self.unrouted(finish);
        };
        let ends = Ends {
            remote: self.connection.down.remote,
            local: self.connection.down.destination,
        };
        let hash = hash::of(&forward.hash, &self.target.asked(&self.parts), ends);
        self.rewrite(forward, share, route, &mut finish);
        let outbound = self.connection.side.reporter() == Reporter::Source;
        self.introduce(outbound, matches!(*share.cluster.transport, Transport::Mesh(_)));
        let timeout = self.timeout(forward, finish.is_grpc);
        let retries = forward.retry.is_some() && self.wanted.is_none();
        let replay = self.replay(body, retries);
        let mirrored = self.mirrored(forward, &replay, hash.value, timeout);
        if let Some(messages) = &finish.messages {
            replay.count(messages);
        }
        finish.received = Some(replay.clone());
        if finish.is_told() {
            finish.cluster = Some(share.cluster.name.clone());
        }
        let trying = Mutex::default();
        let sending = Sending {
            shared: &self.connection.shared,
            down: &self.connection.down,
            cluster: &share.cluster,
            retry: forward.retry.as_ref().filter(|_| retries),
            hash: hash.value,
            target: &self.target,
            parts: &mut self.parts,
            replay: &replay,
            upgrade: self.wanted.as_ref(),
            count_attempts: outbound,
            trying: &trying,
            teller: &self.teller,
            mirrored,
        };
        let mut deadline: Option<Deadline> = timeout.map(|timeout| {
            let replay = replay.clone();
            Box::pin(async move {
                replay.whole().await;
                tokio::time::sleep(timeout).await;
            }) as Deadline
        });
        let tried = sending.within(deadline.as_mut(), finish.since).await;
        let Tried {
            outcome,
            endpoint,
            took,
            attempts,
            exhausted,
            overflows,
        } = tried;
        finish.flag.exhausted = exhausted;
        if overflows {
            finish.flag.why = Flag::Overflow;
        }
        if finish.is_told() {
            finish.endpoint.clone_from(&endpoint);
        }
        let upstream = outcome
            .as_ref()
            .ok()
            .and_then(|answer| answer.lease.upstream.peer.as_deref());
        let metadata = match (&outcome, outbound) {
            (Ok(answer), true) => answer.response.head.headers.get(&peer::METADATA),
            (Err(_), true) => None,
            (_, false) => self.metadata.as_ref(),
        };
        finish.scope = scope::http(
            self.connection,
            self.state,
            Some(&share.cluster),
            endpoint.as_deref(),
            upstream,
            metadata,
        );
        finish.count_messages();
        let mut response = match outcome {
            Ok(answer) => {
                finish.upstream_time = Some(took);
                let mut response = self.pass(answer, finish, deadline);
                if let Some(cookie) = hash.cookie {
                    response.head.headers.append(SET_COOKIE, cookie);
                }
                response
            }
            Err(failure) => answers::failed(&failure, attempts, finish),
        };
        self.change(&share.response, &mut response);
        response
    }
}

fn with(more: Fields, mut response: Response<Reply>) -> Response<Reply> {
    for (name, value) in more {
        response.head.headers.insert(name, value);
    }
    response
}
