use super::lookup::Lookup;
use crate::diag::Sink;
use crate::model::Raw;
use crate::spec::decl::Spec;

pub(super) fn files(spec: &Spec, lookup: &Lookup<'_>, sink: &mut Sink) -> Vec<Raw> {
    let mut files: Vec<_> = spec
        .raw
        .iter()
        .map(|decl| Raw {
            name: decl.name.clone(),
            cluster: decl.cluster.as_ref().map(|cluster| {
                let found = lookup.cluster(Some(cluster), decl.span, "`raw`", sink);
                found.unwrap_or_else(|| cluster.value.clone())
            }),
            objects: decl.objects.clone(),
            span: decl.span,
        })
        .collect();
    files.sort_by(|a, b| (&a.name, &a.cluster).cmp(&(&b.name, &b.cluster)));
    files
}
