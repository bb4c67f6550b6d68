/// Machines that an autoscaler starts and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elastic {
    /// Who tells a machine what it is.
    pub metadata: Metadata,
    /// Where Istio's sidecar package is.
    pub package: String,
    /// Its digest.
    pub sha256: String,
    /// What yields a token for joining.
    pub token: Token,
    /// File with the mesh's root certificate.
    pub root_cert: String,
    /// Seconds for connections to end.
    pub drain: u32,
}

/// A cloud's service that tells a machine what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// EC2, version 2 of its service alone.
    Aws,
    /// Compute Engine.
    Gcp,
    /// Azure's.
    Azure,
}

/// What yields a token on the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A file.
    File(String),
    /// A shell command that prints it.
    Command(String),
}

impl Metadata {
    /// As the spec calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
        }
    }
}
