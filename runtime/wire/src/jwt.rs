//! Tokens that requests may carry (Istio's RequestAuthentication, which compiles to Envoy `jwt_authn.v3`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Millis;
use crate::matcher::is_false;

/// Tokens of one issuer. A request that carries none of any issuer passes; one whose token holds for no issuer is
/// refused with 401.
///
/// What a token says is to be found by [`MetadataMatch`](crate::policy::MetadataMatch) under the filter
/// `envoy.filters.http.jwt_authn` and the key `payload`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Jwt {
    /// What the claim `iss` must be.
    pub issuer: String,
    /// One of these must be in the claim `aud`; empty is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The keys, as the text of a JSON Web Key Set (RFC 7517).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// Where the keys are. A token whose keys are not at hand cannot hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Headers that carry the token. Without any place it is `authorization`, behind `Bearer `, or the parameter
    /// `access_token`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<JwtHeader>,
    /// Parameters of the query that carry the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<String>,
    /// Cookies that carry the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cookies: Vec<String>,
    /// The application gets the token too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forward: bool,
    /// A header that the application gets the claims in, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_header: Option<String>,
    /// Header -> claim that the application gets in it; a dot leads into a claim.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claim_headers: BTreeMap<String, String>,
    /// Claims whose texts are lists by space.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub space_delimited: Vec<String>,
    /// How long fetching the keys may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Millis>,
}

/// A header that carries a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JwtHeader {
    /// Its name, lower case.
    pub name: String,
    /// What stands before the token.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}
