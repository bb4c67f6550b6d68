use mesh_wire::route::{Forward, HashPolicy, HeaderEdits, Mirror, PathRewrite, Retry, WeightedCluster};

use crate::reference::facts::{field, fields, list};

/// What a route that forwards does.
pub(super) fn forward(forward: &Forward) -> String {
    fields(&[
        format!("to={}", super::shares(&forward.clusters)),
        share_edits(&forward.clusters),
        format!("timeout={}", forward.timeout.0),
        forward.retry.as_ref().map(retry).unwrap_or_default(),
        field("rewrite", forward.path_rewrite.as_ref().map(path)),
        field("host", forward.host_rewrite.as_ref()),
        list(forward.mirrors.iter().map(mirror)),
        list(forward.hash.iter().map(hash)),
    ])
}

/// A new path.
pub(super) fn path(rewrite: &PathRewrite) -> String {
    match rewrite {
        PathRewrite::Prefix(path) => format!("prefix:{path}"),
        PathRewrite::Full(path) => format!("full:{path}"),
        PathRewrite::Regex {
            pattern,
            substitution,
        } => format!("regex:{pattern}->{substitution}"),
    }
}

pub(super) fn edits(side: &str, edits: &HeaderEdits) -> String {
    let set = edits.set.iter();
    let set = set.map(|(name, value)| format!("{side}-set={name}:{value}"));
    let add = edits.add.iter();
    let add = add.map(|(name, value)| format!("{side}-add={name}:{value}"));
    let remove = edits.remove.iter().map(|name| format!("{side}-remove={name}"));
    list(set.chain(add).chain(remove))
}

/// What changes on the way to single clusters of several.
fn share_edits(clusters: &[WeightedCluster]) -> String {
    let each = clusters.iter().map(|share| {
        let all = fields(&[
            edits("request", &share.request_headers),
            edits("response", &share.response_headers),
        ]);
        if all.is_empty() {
            all
        } else {
            format!("[{}: {all}]", share.cluster)
        }
    });
    fields(&each.collect::<Vec<_>>())
}

fn mirror(mirror: &Mirror) -> String {
    format!("mirror={}:{}", mirror.cluster, mirror.share.0)
}

pub(super) fn hash(hash: &HashPolicy) -> String {
    let kind = match hash {
        HashPolicy::Header(name) => format!("header:{name}"),
        HashPolicy::Query(name) => format!("query:{name}"),
        HashPolicy::SourceIp => "source-ip".to_owned(),
        HashPolicy::Cookie { name, path, ttl } => {
            let ttl = field("ttl", ttl.map(|ttl| ttl.0));
            format!("cookie:{name}:{}:{ttl}", path.clone().unwrap_or_default())
        }
    };
    format!("hash={kind}")
}

fn retry(retry: &Retry) -> String {
    let codes: Vec<_> = retry.status_codes.iter().map(ToString::to_string).collect();
    let elsewhere = retry.other_endpoint.then_some(retry.host_selection_attempts);
    let back_off = Some(retry.back_off.0).filter(|span| *span > 0);
    let all = fields(&[
        retry.on.join(","),
        format!("{}x{}ms", retry.attempts, retry.per_try_timeout.0),
        field("elsewhere", elsewhere),
        field("codes", (!codes.is_empty()).then(|| codes.join(","))),
        field(
            "priorities",
            retry.other_locality.then_some("previous_priorities"),
        ),
        field("back-off", back_off),
    ]);
    format!("retry={}", all.replace(' ', ";"))
}
