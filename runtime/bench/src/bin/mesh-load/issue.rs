use std::path::Path;

use anyhow::Result;
use mesh_bench::{CLIENT, SERVER};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};

/// Writes `ca.pem`, and `client` and `server` with `.pem` and `.key`.
pub(crate) fn issue(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    // rcgen's default: ECDSA with P-256.
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
        .distinguished_name
        .push(DnType::OrganizationName, "cluster.local");
    std::fs::write(folder.join("ca.pem"), params.self_signed(&key)?.pem())?;
    let issuer = Issuer::new(params, key);
    for (name, spiffe) in [("client", CLIENT), ("server", SERVER)] {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(spiffe)?)];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let chain = params.signed_by(&key, &issuer)?.pem();
        let (pem, secret) = (folder.join(format!("{name}.pem")), key.serialize_pem());
        std::fs::write(folder.join(format!("{name}.key")), &secret)?;
        std::fs::write(pem, &chain)?;
        // HAProxy reads both out of one file.
        std::fs::write(folder.join(format!("{name}.both.pem")), chain + &secret)?;
    }
    Ok(())
}
