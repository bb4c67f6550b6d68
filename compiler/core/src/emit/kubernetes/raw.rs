use std::collections::BTreeMap;

use crate::model::{Cluster, Mesh};

/// The files of objects that are written by hand, as they are written; behind all others, since they may name what
/// those make.
pub(super) fn files(mesh: &Mesh, cluster: &Cluster) -> Vec<(String, String)> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for raw in mesh.raw.iter().filter(|raw| raw.is_for(&cluster.name)) {
        let text = files.entry(format!("90-{}.yaml", raw.name)).or_default();
        for object in &raw.objects {
            if !text.is_empty() {
                text.push_str("---\n");
            }
            text.push_str(object.text.trim_start_matches('\n'));
            text.push('\n');
        }
    }
    files.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}
