//! What stands in the certificates.
//!
//! Root and intermediates are as Istio's own tools make them (tools/certs), leaves as istiod signs them
//! (security/pkg/pki/util/generate_cert.go): no subject, and a critical SPIFFE URI (SPIFFE X.509-SVID, section 2).

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

const ROOT_DAYS: i64 = 3650;
const INTERMEDIATE_DAYS: i64 = 1825;

/// Clocks differ by a little, so certificates begin before they are made, as Istio's do.
const BACKDATE: Duration = Duration::minutes(2);

pub(super) fn root() -> Result<CertificateParams, Error> {
    let mut params = base(Duration::days(ROOT_DAYS), None)?;
    params.distinguished_name = name("Root CA", None);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = signer_usages();
    Ok(params)
}

pub(super) fn intermediate(of: &str, end: OffsetDateTime) -> Result<CertificateParams, Error> {
    let mut params = base(Duration::days(INTERMEDIATE_DAYS), Some(end))?;
    params.distinguished_name = name("Intermediate CA", Some(of));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = signer_usages();
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

pub(super) fn leaf(spiffe: &str, days: u32, end: OffsetDateTime) -> Result<CertificateParams, Error> {
    let mut params = base(Duration::days(i64::from(days)), Some(end))?;
    // rcgen marks the name critical where the subject is empty (RFC 5280, section 4.2.1.6).
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::URI(spiffe.try_into()?)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// `end` is the signer's own: nothing outlives who vouches for it.
fn base(life: Duration, end: Option<OffsetDateTime>) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    let now = OffsetDateTime::now_utc();
    params.not_before = now - BACKDATE;
    params.not_after = end.map_or(now + life, |end| end.min(now + life));
    params.serial_number = Some(serial()?);
    Ok(params)
}

/// 127 random bits, which is positive and not zero (RFC 5280, section 4.1.2.2).
fn serial() -> Result<SerialNumber, Error> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::RingUnspecified)?;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}

fn name(common: &str, locality: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Istio");
    name.push(DnType::CommonName, common);
    if let Some(locality) = locality {
        name.push(DnType::LocalityName, locality);
    }
    name
}

fn signer_usages() -> Vec<KeyUsagePurpose> {
    vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ]
}
