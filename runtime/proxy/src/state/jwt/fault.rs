//! Why a token does not hold, in Envoy's words: clients, logs and alerts know them.

/// Why a token does not hold (Envoy `jwt_authn`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections")]
    Form,
    #[error("Jwt header is an invalid Base64url encoded")]
    HeaderBase64,
    #[error("Jwt header is an invalid JSON")]
    HeaderJson,
    #[error("Jwt header [alg] field is required and must be a string")]
    NoAlgorithm,
    #[error("Jwt header [alg] is not supported")]
    Algorithm,
    #[error("Jwt header [kid] field is not a string")]
    KeyId,
    #[error("Jwt payload is an invalid Base64url encoded")]
    PayloadBase64,
    #[error("Jwt payload is an invalid JSON")]
    PayloadJson,
    #[error("Jwt payload [{0}] field is not a string")]
    NotText(&'static str),
    #[error("Jwt payload [{0}] field is not an integer")]
    NotInteger(&'static str),
    #[error("Jwt payload [{0}] field is not a positive 64 bit integer")]
    NotPositive(&'static str),
    #[error("Jwt payload [aud] field is not a string or string list")]
    AudienceForm,
    #[error("Jwt signature is an invalid Base64url encoded")]
    SignatureBase64,
    #[error("Jwt issuer is not configured")]
    Issuer,
    #[error("Jwt not yet valid")]
    TooEarly,
    #[error("Jwt is expired")]
    Expired,
    #[error("Audiences in Jwt are not allowed")]
    Audience,
    #[error("Jwks doesn't have any valid public key")]
    NoKeys,
    #[error("Jwks remote fetch is failed")]
    NotFetched,
    #[error("Jwks doesn't have key to match kid or alg from Jwt")]
    NoKey,
    #[error("Jwt ED25519 signature is wrong length")]
    SignatureLength,
    #[error("Jwt verification fails")]
    Signature,
}

impl Fault {
    /// 403 where the token holds but is for somebody else, 401 for all the rest.
    pub(crate) fn status(self) -> http::StatusCode {
        match self {
            Self::Audience => http::StatusCode::FORBIDDEN,
            _ => http::StatusCode::UNAUTHORIZED,
        }
    }
}
