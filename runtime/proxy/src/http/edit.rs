//! Changes to headers, some of which are made of what is known of a request.

use mesh_http2::{Fields, Response};

use super::exchange::Exchange;
use super::finish::Finish;
use super::reply::Reply;
use crate::state::routes::{Asks, Edits, Forward, Route, Share};
use crate::telemetry::{self, Entry};

impl Exchange<'_> {
    /// Has what values of headers are made of kept, where there are any such.
    pub(super) fn note_for(&self, route: &Route, share: Option<&Share>, finish: &mut Finish) {
        let of_share = share.map(|share| [&share.request, &share.response]);
        let all = of_share.into_iter().flatten();
        let mut all = all.chain([&route.request, &route.response]);
        if finish.request.is_none() && all.any(|edits| edits.asks.is_some()) {
            finish.request = Some(Box::new(super::exchange::logged(&self.parts, &self.target, &[])));
        }
    }

    /// Makes of the request what the route and its share want it to be.
    pub(super) fn rewrite(
        &mut self,
        forward: &Forward,
        share: &Share,
        route: Option<&Route>,
        finish: &mut Finish,
    ) {
        let of_route = route.map(|route| &route.request);
        let mut changes = forward.path_rewrite.is_some();
        // The share's first, as Envoy has it: the route's count over them.
        for edits in std::iter::once(&share.request).chain(of_route) {
            changes |= !edits.is_empty();
            let headers = &mut self.parts.headers;
            edits.apply(headers, |headers, asks| known(finish, headers, None, asks));
            if let Some(authority) = &edits.authority {
                self.rename(authority, finish);
            }
        }
        if let Some(rewrite) = &forward.path_rewrite {
            self.keep_original_path();
            let path = rewrite.apply(self.target.path());
            self.target.set_path(path);
        }
        if let Some(host) = &forward.host_rewrite {
            self.rename(host, finish);
        }
        if changes {
            self.tell_again(finish);
        }
    }

    /// The log tells of requests as they are sent.
    fn tell_again(&self, finish: &mut Finish) {
        let Some(request) = &mut finish.request else {
            return;
        };
        let of_log = self
            .state
            .log
            .as_ref()
            .map(|log| &log.request[..])
            .unwrap_or_default();
        request.headers(&self.parts.headers, of_log);
        if let Some(edits) = &finish.edits {
            let more = telemetry::named(&self.parts.headers, &edits.request);
            request.headers.extend(more);
        }
        let path = self.target.path_and_query();
        let path = path.as_ref().map(|path| path.as_str());
        request.sent = path.filter(|path| *path != request.path).map(str::to_owned);
    }

    /// Makes of an answer what the route or its share want it to be.
    pub(super) fn change(&self, edits: &Edits, response: &mut Response<Reply>) {
        let finish = response.body.finish();
        edits.apply(&mut response.head.headers, |headers, asks| {
            known(finish, &self.parts.headers, Some(headers), asks)
        });
    }
}

fn known(finish: &Finish, request: &Fields, response: Option<&Fields>, asks: &Asks) -> Entry {
    let mut told = finish
        .request
        .as_deref()
        .cloned()
        .unwrap_or_else(telemetry::Request::unknown);
    told.headers(request, &asks.request);
    let mut entry = finish.so_far(told);
    // What the proxy says without having asked anybody, Envoy gives a code when the edits are done.
    if finish.endpoint.is_none() {
        entry.code = 0;
    }
    entry.response_headers = response
        .map(|headers| telemetry::named(headers, &asks.response))
        .unwrap_or_default();
    entry
}
