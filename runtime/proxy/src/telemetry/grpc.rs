//! Statuses of gRPC.

/// What gRPC's statuses are called where nothing else is said: Envoy's own spelling of [`mesh_wire::grpc::STATUSES`].
pub(super) const CAMEL: &[&str] = &[
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// What an answer of HTTP means that says nothing else (Envoy `Grpc::Utility::httpToGrpcStatus`, which is gRPC's own table).
pub(crate) fn grpc_status(code: u16) -> u32 {
    match code {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    }
}
