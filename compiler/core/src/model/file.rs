use std::collections::BTreeMap;

/// Files of the user's own, filled in.
#[derive(Clone, Debug, Default)]
pub struct UserFiles {
    /// What lies below `out/files`, by path.
    pub beside: BTreeMap<String, Vec<u8>>,
    /// What lies on machines, by namespace and name of their group.
    pub machines: BTreeMap<(String, String), Vec<MachineFile>>,
}

/// A file of the user's own on the machines of a group.
#[derive(Clone, Debug)]
pub struct MachineFile {
    /// Absolute path on the machine.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Owning user, a name or number.
    pub owner: String,
    /// Owning group, a name or number.
    pub group: String,
    /// What is in it.
    pub content: Content,
}

/// What is in a file on machines.
#[derive(Clone, Debug)]
pub enum Content {
    /// The same on all machines.
    Same(Vec<u8>),
    /// By name of the VM.
    Each(BTreeMap<String, Vec<u8>>),
}
