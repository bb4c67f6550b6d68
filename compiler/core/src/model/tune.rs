use std::collections::{BTreeMap, BTreeSet};

/// How machines are set up for the mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tune {
    /// Settings of the kernel, by name with `/` between the parts.
    pub sysctls: BTreeMap<String, String>,
    /// Files that the proxy may have open.
    pub nofile: Option<u32>,
    /// Memory that it may have, in bytes.
    pub memory: Option<u64>,
    /// Time of processors, in hundredths of one.
    pub cpu: Option<u32>,
    /// Threads.
    pub tasks: Option<u32>,
    /// Units that start before it.
    pub after: BTreeSet<String>,
    /// Units that start behind it.
    pub before: BTreeSet<String>,
}
