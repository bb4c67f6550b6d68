use mesh_proxy::tls::Identity;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

/// A CA made for one test.
pub struct Ca {
    pub root: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::OrganizationName, "cluster.local");
        let root = params.self_signed(&key).unwrap().pem();
        Self {
            root,
            issuer: Issuer::new(params, key),
        }
    }

    /// Certificate chain and key of a workload, PEM.
    pub fn issue(&self, spiffe: &str) -> (String, String) {
        self.certify(SanType::URI(Ia5String::try_from(spiffe).unwrap()))
    }

    /// Certificate chain and key of a server outside of the mesh, PEM.
    pub fn issue_host(&self, host: &str) -> (String, String) {
        self.certify(SanType::DnsName(Ia5String::try_from(host).unwrap()))
    }

    fn certify(&self, name: SanType) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.subject_alt_names = vec![name];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        let chain = params.signed_by(&key, &self.issuer).unwrap().pem();
        (chain, key.serialize_pem())
    }

    pub fn identity(&self, spiffe: &str) -> Identity {
        let (chain, key) = self.issue(spiffe);
        Identity::load(chain.as_bytes(), key.as_bytes(), self.root.as_bytes()).unwrap()
    }
}
